"""Counts of a report: new cases, escalations, closed, open and overdue cases, by area or by category."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from features.days import Days
from features.facts.facts import Facts
from serving.disclosure import mask, mask_sum
from serving.situation_report.period import TAIL, Change, Period, change

Floats = npt.NDArray[np.float64]
Groups = npt.NDArray[np.int64]
AreaLevel = Literal["township", "community"]


@dataclass(frozen=True)
class Counted:
    """Counts per group, petitions left out everywhere."""

    total: Floats
    """(N,)"""
    days: npt.NDArray[np.int64]
    """(N,) days on which at least one came in."""


@dataclass(frozen=True)
class Grouping:
    """Group of each case; groups stand in the order of their codes."""

    names: tuple[str, ...]
    of_case: Groups
    """-1 for cases that are not counted."""
    beside: "Grouping | None" = None
    """Another grouping of the same cases that is printed too: no sum that one of the two hides may be told by the other."""


def by_area(facts: Facts, area: str = "") -> Grouping:
    """Group cases without petitions by the areas one level below an area: townships of the whole, communities of a township.

    Where the source knows no such level, the level above is one group.
    """
    names, of_grid = _areas_below(facts, area)
    return Grouping(names, np.where(_counted(facts, area), of_grid[np.maximum(facts.cases.grid, 0)], -1))


def grids_by_area(facts: Facts, area: str = "") -> list[int]:
    """Count the grids of the areas one level below an area."""
    names, of_grid = _areas_below(facts, area)
    grids: list[int] = np.bincount(of_grid[of_grid >= 0], minlength=len(names)).tolist()
    return grids


def _areas_below(facts: Facts, area: str) -> tuple[tuple[str, ...], Groups]:
    """Return the paths of the areas one level below an area, and (G,) which of them each grid lies in, -1 for none."""
    levels = facts.places.levels
    level = levels.get(level_below(facts, area)) or levels.get("township") or levels["district"]
    inside = [place for place, code in enumerate(level.codes) if _lies_in(code, area)]
    place = np.full(len(level.codes), -1, np.int64)
    place[inside] = np.arange(len(inside))
    return tuple(level.codes[each] for each in inside), place[level.member]


def level_below(facts: Facts, area: str) -> AreaLevel:
    """Return what an area is divided into: a township into communities, what lies above into townships."""
    townships = facts.places.levels.get("township")
    return "community" if townships and area in townships.codes else "township"


def by_kind(facts: Facts, area: str = "") -> Grouping:
    """Group the cases of an area without petitions by event type and category, `type/category`."""
    counted = _counted(facts, area)
    used = np.unique(facts.cases.kind[counted])
    names = tuple("/".join(facts.kinds[kind]) for kind in used)
    place = np.full(len(facts.kinds), -1, np.int64)
    place[used] = np.arange(len(used))
    return Grouping(names, np.where(counted, place[facts.cases.kind], -1))


def _counted(facts: Facts, area: str) -> npt.NDArray[np.bool_]:
    """Return (N,) True where a case is no petition and its grid lies in an area."""
    level = facts.places.levels.get("community") or facts.places.levels.get("township") or facts.places.levels["district"]
    inside = np.array([_lies_in(code, area) for code in level.codes], np.bool_)[level.member]
    grid = facts.cases.grid
    return (grid >= 0) & ~facts.is_petition & inside[np.maximum(grid, 0)]


def _lies_in(path: str, area: str) -> bool:
    return not area or path == area or path.startswith(f"{area}/")


def new_cases(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count the cases that became known in a period."""
    reported = np.flatnonzero(facts.cases.reported)
    return _count(facts, groups, reported, facts.cases.known_day[reported], period)


def escalations(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count the escalations that occurred in a period."""
    return _count(facts, groups, facts.target.case, facts.target.occurred_day, period)


def closed(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count the cases that were closed in a period."""
    closings = ~facts.spells.moved_on
    return _count(facts, groups, facts.spells.case[closings], facts.spells.end_day[closings], period)


def open_at_end(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count the cases that were open when a period ended."""
    spells = facts.spells
    waiting = (spells.start_day < period.end) & (spells.end_day >= period.end)
    return _sum(facts, groups, spells.case[waiting], spells.start_day[waiting])


def overdue_at_end(facts: Facts, groups: Grouping, period: Period) -> Counted:
    """Count those of them whose deadline had passed."""
    spells = facts.spells
    waiting = (spells.start_day < period.end) & (spells.end_day >= period.end)
    waiting &= facts.cases.deadline_day[spells.case] < period.end
    return _sum(facts, groups, spells.case[waiting], spells.start_day[waiting])


def _count(facts: Facts, groups: Grouping, case: npt.NDArray[np.integer], day: Days, period: Period) -> Counted:
    within = (day >= period.start) & (day < period.end)
    return _sum(facts, groups, case[within], day[within])


def _sum(facts: Facts, groups: Grouping, case: npt.NDArray[np.integer], day: Days) -> Counted:
    group = groups.of_case[case]
    counted = group >= 0
    size = len(groups.names)
    total = np.bincount(group[counted], facts.cases.weight[case[counted]], minlength=size)
    pairs = np.unique(np.column_stack([group[counted], day[counted]]), axis=0)
    return Counted(np.asarray(total, np.float64), np.bincount(pairs[:, 0].astype(np.int64), minlength=size))


YEAR_MONTHS = 12

Count = Callable[[Facts, Grouping, Period], Counted]


@dataclass(frozen=True)
class Column:
    """One masked count per group, and their sum; None is what is not shown."""

    cells: list[int | None]
    total: int | None


@dataclass(frozen=True)
class Compared:
    """One count by group, beside the period before (环比) and the same months a year before (同比)."""

    groups: Grouping
    period: Period
    now: Column
    previous: Column | None
    """None where the log does not go back that far."""
    year_before: Column | None

    def change(self, column: Column | None, before: Period, place: int | None = None) -> Change | None:
        """Compare a group, or the sum, with an earlier column; None where one of the two is not shown or zero."""
        if column is None:
            return None
        now, then = (each.total if place is None else each.cells[place] for each in (self.now, column))
        return None if now is None or then is None else change(now, self.period.days, then, before.days)

    def of_previous(self, place: int | None = None) -> Change | None:
        """Compare with the period before."""
        return self.change(self.previous, self.period.before(self.period.months), place)

    def of_year_before(self, place: int | None = None) -> Change | None:
        """Compare with the same months a year before."""
        return self.change(self.year_before, self.period.before(YEAR_MONTHS), place)


def standing(count: Count, facts: Facts, groups: Grouping, period: Period) -> Column:
    """Count what stands at the end of a period."""
    return _beside(groups, lambda each: masked(count(facts, each, period)))


def happened(count: Count, facts: Facts, groups: Grouping, period: Period) -> Column:
    """Count what happened within a period."""
    return _beside(groups, lambda each: _happened(count, facts, each, period))


def _beside(groups: Grouping, column: Callable[[Grouping], Column]) -> Column:
    """Return the column of a grouping: where the one beside it has no sum, without its own, and with a hidden cell so that none adds up."""
    own = column(groups)
    if own.total is not None and (groups.beside is None or column(groups.beside).total is not None):
        return own
    cells = list(own.cells)
    if None not in cells and any(cells):
        cells[min((place for place, cell in enumerate(cells) if cell), key=lambda place: cells[place] or 0)] = None
    return Column(cells, None)


def masked(counted: Counted) -> Column:
    """Mask a column of counts."""
    cells = mask(counted.total.tolist(), counted.days.tolist())
    return Column(cells, mask_sum(counted.total.tolist(), cells))


def _happened(count: Count, facts: Facts, groups: Grouping, period: Period) -> Column:
    """Mask a column; a cell or sum that one of its months hides is hidden, or the other months would tell it."""
    counted = count(facts, groups, period)
    parts = [masked(count(facts, groups, part)) for part in (period.parts() if period.months > 1 else [])]
    hidden = np.any([[cell is None for cell in part.cells] for part in parts], axis=0)
    column = masked(Counted(counted.total, np.where(hidden, 0, counted.days)))
    return Column(column.cells, None) if any(part.total is None for part in parts) else column


def compare(count: Count, facts: Facts, groups: Grouping, period: Period) -> Compared:
    """Count what happened by group in a period and in the two that it is compared with."""
    earlier = [period.before(months) for months in (period.months, YEAR_MONTHS)]
    previous, year_before = (happened(count, facts, groups, each) if each.start >= facts.first_day else None for each in earlier)
    return Compared(groups, period, happened(count, facts, groups, period), previous, year_before)


def emerging(facts: Facts, compared: Compared) -> list[int]:
    """Return the groups with clearly more new cases a day than over the year before the period.

    The intervals together hold at 95 %, however many groups there are.
    """
    period = compared.period
    year = replace(period, months=YEAR_MONTHS).before(YEAR_MONTHS)
    if year.start < facts.first_day:
        return []
    before = new_cases(facts, compared.groups, year).total
    tail = TAIL / max(1, len(before))
    pairs = enumerate(zip(compared.now.cells, before, strict=True))
    grown = ((place, change(count, period.days, earlier, year.days, tail)) for place, (count, earlier) in pairs if count)
    return [place for place, found in grown if found and found.low > 1]
