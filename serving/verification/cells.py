"""Counting an account: every escalation of a month by whether its grid was on the list of that very day, and on that of a simple rule.

A list of a day uses only what was known before its midnight, so an escalation of that day was not known to it. The rule names as many
grids as the list: those with most cases reported within 90 days. Counts are of the whole district and of at least seven days.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum, auto
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from pydantic_core import from_json
from sqlalchemy import Engine

from features.days import day_number, midnight, to_date
from features.facts.facts import Facts
from features.facts.places import positions
from serving.rankings.entries import Entry
from serving.rankings.ledger import entries, read_body
from serving.situation_report.period import Period

RULE_DAYS = 90
STRETCH_DAYS = 7
NAMED = ("priority", "elevated")
"""Levels of the grids that a list names."""

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class Group(StrEnum):
    """Standing of a grid on a day."""

    BOTH = auto()
    LIST_ONLY = auto()
    RULE_ONLY = auto()
    NEITHER = auto()
    UNRATED = auto()
    NO_LIST = auto()


@dataclass(frozen=True)
class Cell:
    """Grids and escalations of one group within a stretch of days, both ends included."""

    first: date
    last: date
    group: Group
    grid_days: int
    escalations: float


@dataclass(frozen=True)
class Counted:
    """The cells of a period, and the lists that they rest on."""

    cells: tuple[Cell, ...]
    lists: tuple[Entry, ...]


def count_cells(facts: Facts, engine: Engine, tz: ZoneInfo, period: Period, target: str) -> Counted:
    """Count the escalations of whole months by group and stretch of days."""
    lists = {day_number(entry.origin.as_of): entry for entry in standing_lists(engine, tz, period, target)}
    grid_days: Counter[tuple[int, Group]] = Counter()
    escalations: dict[tuple[int, Group], float] = defaultdict(float)
    for day in range(period.start, period.end):
        stretch = _stretch(day, period)
        for group, chosen in _groups(facts, engine, day, lists.get(day)):
            grid_days[stretch, group] += int(chosen.sum())
            escalations[stretch, group] += float(_escalations(facts, day)[chosen].sum())
    cells = tuple(
        Cell(*_days(stretch, period), group, count, round(escalations[stretch, group], 6))
        for (stretch, group), count in sorted(grid_days.items())
        if count
    )
    return Counted(cells, tuple(lists.values()))


def standing_lists(engine: Engine, tz: ZoneInfo, period: Period, target: str) -> list[Entry]:
    """Return the list of each day that was out before the day ended, the newest revision; later ones could not be acted on."""
    standing: dict[date, Entry] = {}
    for entry in entries(engine):
        origin = entry.origin
        ended = midnight(day_number(origin.as_of) + 1, tz)
        if origin.target == target and period.start <= day_number(origin.as_of) < period.end and entry.published_at < ended:
            standing[origin.as_of] = entry
    return [standing[day] for day in sorted(standing)]


def _groups(facts: Facts, engine: Engine, day: int, entry: Entry | None) -> Iterator[tuple[Group, Flags]]:
    """Yield each group with (G,) True for its grids on a day."""
    if entry is None:
        yield Group.NO_LIST, np.ones(facts.places.size, np.bool_)
        return
    rated, named = _read_list(facts, engine, entry)
    by_rule = _named_by_rule(facts, day, rated, int(named.sum()))
    yield Group.BOTH, named & by_rule
    yield Group.LIST_ONLY, named & ~by_rule
    yield Group.RULE_ONLY, rated & ~named & by_rule
    yield Group.NEITHER, rated & ~named & ~by_rule
    yield Group.UNRATED, ~rated


def _read_list(facts: Facts, engine: Engine, entry: Entry) -> tuple[Flags, Flags]:
    """Return (G,) True where a list rated a grid, and where it named it."""
    rows = [from_json(row.body) for row in read_body(engine, entry)["grid"]]
    place = positions(facts.places.grid_ids, np.array([row["grid_id"] for row in rows], np.str_))
    rated, named = np.zeros((2, facts.places.size), np.bool_)
    for row, position in zip(rows, place.tolist(), strict=True):
        if position >= 0 and row["score"]:
            rated[position] = True
            named[position] = row["score"]["attention_level"] in NAMED
    return rated, named


def _named_by_rule(facts: Facts, day: int, rated: Flags, count: int) -> Flags:
    """Return (G,) True for the rated grids with most cases of the 90 days before a day; ties by the order of their codes."""
    cases = facts.cases
    recent = cases.reported & (cases.grid >= 0) & (cases.known_day >= day - RULE_DAYS) & (cases.known_day < day)
    cases_of = np.bincount(cases.grid[recent], cases.weight[recent], minlength=facts.places.size)
    order = np.argsort(np.where(rated, -cases_of, np.inf), kind="stable")
    chosen = np.zeros(facts.places.size, np.bool_)
    chosen[order[:count]] = True
    return chosen & rated


def _escalations(facts: Facts, day: int) -> Floats:
    """Return (G,) the escalations that occurred on a day."""
    marks = facts.target
    then = (marks.occurred_day == day) & (marks.grid >= 0)
    return np.bincount(marks.grid[then], facts.cases.weight[marks.case[then]], minlength=facts.places.size).astype(np.float64)


def _stretch(day: int, period: Period) -> int:
    """Return the number of the stretch that a day lies in; days that fill no stretch belong to the last."""
    return min((day - period.start) // STRETCH_DAYS, period.days // STRETCH_DAYS - 1)


def _days(stretch: int, period: Period) -> tuple[date, date]:
    first = to_date(period.start + stretch * STRETCH_DAYS)
    is_last = stretch == period.days // STRETCH_DAYS - 1
    return first, to_date(period.end - 1) if is_last else first + timedelta(days=STRETCH_DAYS - 1)


def total(cells: Sequence[Cell], *groups: Group) -> tuple[int, float]:
    """Return the grid-days and escalations of some groups."""
    chosen = [cell for cell in cells if cell.group in groups]
    return sum(cell.grid_days for cell in chosen), sum(cell.escalations for cell in chosen)
