"""Bursts and doubles: reports of one cause become one case, which several people reported; one event that several sources send counts once.

A report joins an earlier one of the same grid, event type and category that happened the same day, the day before or the day after, where
independent reports would hardly have met: as many as the rest of the grid's year makes likely within those days stand for themselves, and
only what goes beyond them joins. Where a report a day is usual, place and category tell no causes apart, and nothing joins.

Records of different sources with the same grid, category, day and term are taken for one event. Of several alike in one source the first
goes with the first of the other, the second with the second: two events that are alike stay two. They are counted once where a source file
says which sources send the same events, and told where none does.

Both are decided by what was known before, so later records never change what was known of a case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import polars as pl
from numba import njit
from scipy.special import gammaincinv

from features.days import NEVER, Days
from features.facts.arrays import sort_order
from features.facts.facts import Facts, Marks, Outcome, Spells
from features.facts.places import Indices

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.int16]
Rows = TypeVar("Rows", Spells, Marks)

NEAR_DAYS = 1
"""Reports that happened at most this many days apart may be of one cause."""
CHANCE = 0.05
"""Probability below which so many independent reports are not believed to have met."""
MEMORY_DAYS, LEAST_DAYS = 365, 28
"""Days over which a rate is taken at most, and at least in a young log."""
MOST_USUAL = 3.0
"""Independent reports within the days in question from which causes cannot be told apart."""

Numbers = npt.NDArray[np.integer]


def join_bursts(facts: Facts, joins: Flags, doubles: Indices) -> tuple[Facts, Indices]:
    """Count the reports of one cause once, and so doubles: the first known is the case, the others are its further reports.

    The case is open while any of its reports is, and escalates when the first of them does. Returns: the facts, and the row that each
    report has now, -1 for further reports.

    Args:
        facts: before cases are corrected and grids are split by a crosswalk.
        joins: (cases,) reports that may join others; those of sources whose records are matters of their own may not.
        doubles: (cases,) the row of the first report of the same event, as `features.facts.bursts` finds it.
    """
    cases = facts.cases
    first = np.arange(len(cases.grid), dtype=np.int32)
    rows = np.flatnonzero(joins & (doubles == first)).astype(np.int32)
    first[rows] = rows[find_first_reports(cases.grid[rows], cases.kind[rows], cases.occurred_day[rows], cases.known_day[rows])]
    first = first[doubles]
    is_case = first == np.arange(len(first))
    if is_case.all():
        return facts, first
    number = (np.cumsum(is_case) - 1).astype(np.int32)
    further = np.flatnonzero(~is_case)
    further = further[np.argsort(first[further], kind="stable")]
    joined = replace(
        facts,
        cases=replace(cases, **{column.name: getattr(cases, column.name)[is_case] for column in fields(cases)}),
        spells=_renumber(_merge_spells(facts.spells, first), number),
        target=_renumber(_first_marks(facts.target, first), number),
        hazards=_renumber(_first_marks(facts.hazards, first), number),
        reopened=_renumber(_take(facts.reopened, np.flatnonzero(is_case[facts.reopened.case])), number),
        further=Marks(
            number[first[further]],
            cases.grid[further],
            cases.occurred_day[further],
            cases.known_day[further],
            np.full(len(further), Outcome.REPORTED, np.int16),
        ),
    )
    return joined, np.where(is_case, number, np.int32(-1))


def find_first_reports(grid: Indices, kind: Codes, occurred: Days, known: Days) -> Indices:
    """Return for each report the row of the first report of its cause, its own row where it is the first.

    Args:
        grid: position of each report's grid; rows are ordered by grid and then by when they became known.
        kind: pair of event type and category.
        occurred: day on which it happened.
        known: day on which it became known.
    """
    if not len(grid):
        return np.zeros(0, np.int32)
    counts = np.arange(1, 64)
    bounds = gammaincinv(counts + 1, CHANCE)
    order = np.lexsort((kind, grid))
    return np.asarray(_join(order, grid, kind, occurred, known, bounds), np.int32)


@njit(nogil=True, cache=True)
def _join(order: npt.NDArray[np.int64], grid: Indices, kind: Codes, occurred: Days, known: Days, bounds: Floats) -> npt.NDArray[np.int64]:
    """Join reports; `bounds` are the mean counts up to which at most 1, 2, 3, ... independent reports are believed to meet."""
    first = np.arange(len(order))
    log_began = known.min()
    oldest = 0
    for place in range(len(order)):
        row = order[place]
        if place == 0 or grid[row] != grid[order[place - 1]] or kind[row] != kind[order[place - 1]]:
            oldest = place
        while known[order[oldest]] < known[row] - MEMORY_DAYS:
            oldest += 1
        near, near_cases, newest = 0, 0, -1
        for before in range(place - 1, oldest - 1, -1):
            other = order[before]
            if known[other] < occurred[row] - NEAR_DAYS:
                break
            if abs(occurred[other] - occurred[row]) <= NEAR_DAYS:
                near += 1
                if first[other] == other:
                    near_cases += 1
                    newest = max(newest, other)
        days = min(MEMORY_DAYS, max(LEAST_DAYS, known[row] - log_began))
        usual = (place - oldest - near) * (2 * NEAR_DAYS + 1) / days
        if usual < MOST_USUAL and near_cases > np.searchsorted(bounds, usual):
            first[row] = newest
    return first


def _take(rows: Rows, chosen: npt.NDArray[np.integer]) -> Rows:
    return replace(rows, **{column.name: getattr(rows, column.name)[chosen] for column in fields(rows)})


def _renumber(rows: Rows, number: Indices) -> Rows:
    return replace(rows, case=number[rows.case])


def _merge_spells(spells: Spells, first: Indices) -> Spells:
    """Give spells of further reports to their case: open from the first start to the last end, wherever they overlap."""
    own = first[spells.case] == spells.case
    rows = _take(spells, np.flatnonzero(own | (spells.start_day < spells.end_day)))
    case = first[rows.case]
    order = sort_order(case, rows.start_day)
    start, end, case = rows.start_day[order], rows.end_day[order], case[order]
    begins = _merge_overlaps(case, start, end)
    chosen = order[begins]
    return replace(_take(rows, chosen), case=case[begins], end_day=end[begins])


@njit(nogil=True, cache=True)
def _merge_overlaps(case: Indices, start: Days, end: Days) -> Flags:
    """Extend each spell over those of its case that begin before it ends, in place; return which spells are left."""
    begins = np.ones(len(case), np.bool_)
    last = 0
    for row in range(1, len(case)):
        if case[row] == case[last] and start[row] < end[last]:
            begins[row] = False
            end[last] = max(end[last], end[row])
        else:
            last = row
    return begins


def _first_marks(marks: Marks, first: Indices) -> Marks:
    """Keep of each case the mark that was known first, and what the first report did again after a mark of its own."""
    case, own = first[marks.case], first[marks.case] == marks.case
    order = sort_order(case, marks.known_day)
    case, own = case[order], own[order]
    begins = np.append(True, case[1:] != case[:-1]) if len(case) else np.zeros(0, np.bool_)
    own_before = np.cumsum(own) - own
    again = own & (own_before > np.maximum.accumulate(np.where(begins, own_before, 0))) if len(case) else own
    kept = begins | again
    return replace(_take(marks, order[kept]), case=case[kept])


@dataclass(frozen=True)
class Reports:
    """Reports ordered by grid and then by when they became known; arrays of equal length."""

    grid: Indices
    category: Numbers
    """Code of the category, whatever the event type: sources call the same event a dispute or a request."""
    occurred: Days
    deadline: Days
    """NEVER where there is none; such reports have no double, for the term is what tells events apart."""
    feed: Numbers


def group_feeds(shared_with: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """Return feed -> number of its group; feeds are of one group where one names the other.

    >>> group_feeds({"a": ("b",), "b": (), "c": ()})
    {'a': 0, 'b': 0, 'c': 2}
    """
    group = {name: number for number, name in enumerate(shared_with)}
    for name, others in shared_with.items():
        for other in (own for own in others if own in group):
            kept, gone = sorted((group[name], group[other]))
            group = {each: kept if number == gone else number for each, number in group.items()}
    return group


def find_doubles(reports: Reports, group: Numbers) -> Indices:
    """Return for each report the row of the first report of its event, its own row where it is the first.

    Args:
        reports: of all feeds.
        group: (N,) of each report's feed; only reports of one group are joined.
    """
    first = np.arange(len(group), dtype=np.int32)
    if np.count_nonzero(np.bincount(reports.feed)) == np.count_nonzero(np.bincount(group)):
        return first  # every group is one feed, and two reports of one feed are two events
    rows, same = np.flatnonzero(reports.deadline < NEVER), ("grid", "category", "occurred", "deadline")
    columns = {name: getattr(reports, name)[rows] for name in (*same, "feed")} | {"group": group[rows], "row": first[rows]}
    nth = pl.DataFrame(columns).with_columns(number=pl.int_range(pl.len()).over(*same, "feed"))
    first[rows] = nth.select(pl.col("row").min().over(*same, "group", "number")).to_series().to_numpy()
    return first


def count_doubles(reports: Reports, names: tuple[str, ...], group: Numbers) -> dict[str, int]:
    """Return how many events two feeds of different groups both sent, by their names; none is counted once."""
    rows = find_doubles(reports, np.zeros(len(group), np.int32))
    apart = np.flatnonzero(group[rows] != group)
    pairs = [" + ".join(sorted((names[reports.feed[row]], names[reports.feed[rows[row]]]))) for row in apart.tolist()]
    return {pair: pairs.count(pair) for pair in sorted(set(pairs))}
