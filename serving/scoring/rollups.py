"""From grid rows to the areas that they lie in: sums, and escalations per week that neither tell one or two nor give them away."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from serving.disclosure import hide_small, hide_small_parts, mask_sum
from serving.rankings.schemas import AREA_LEVELS, MICRO, AreaRow, GridRow, Level, micro
from serving.text import SMALLEST_SHOWN_COUNT

Floats = npt.NDArray[np.float64]

WEEKLY_LEVELS: tuple[Level, ...] = ("township", "district")
"""Levels whose weeks are shown; a community has too few escalations."""

Weekly = Mapping[str, Floats]
"""Escalations per week (W,), by grid_id."""
Weeks = tuple[int | None, ...]
"""The same of an area, as they are shown."""
Members = Mapping[Level, Mapping[str, list[GridRow]]]
"""Grids by level and path of the area that they lie in."""


def roll_up(rows: Iterable[GridRow], weekly: Weekly, variation: float = 0.0) -> dict[Level, list[AreaRow]]:
    """Sum grid rows and their weeks per community, township and district, in the order of their codes; areas are never ranked.

    Sums are taken over whole millionths, so they are exact at every level. A level that no grid knows is left out.
    """
    members: dict[Level, dict[str, list[GridRow]]] = {level: defaultdict(list) for level in AREA_LEVELS}
    for row in rows:
        for level, path in zip(AREA_LEVELS, (row.community, row.township, row.district), strict=True):
            if path is not None:
                members[level][path].append(row)
    weeks = _weeks(members, weekly)
    return {
        level: [_area(path, areas[path], weeks.get(path, ()), variation) for path in sorted(areas)]
        for level, areas in members.items()
        if areas
    }


def _area(path: str, grids: list[GridRow], weeks: Weeks, variation: float) -> AreaRow:
    scores = [row.score for row in grids if row.score is not None]
    levels = [score.attention_level for score in scores]
    return AreaRow(
        path=path,
        grids=len(grids),
        not_rated=len(grids) - len(scores),
        expected_escalations=sum(micro(score.expected_escalations) for score in scores) / MICRO,
        variation=variation,
        usual_level=sum(micro(score.usual_level) for score in scores) / MICRO,
        priority=levels.count("priority"),
        elevated=levels.count("elevated"),
        watch=levels.count("watch"),
        weekly_escalations=weeks,
    )


def _weeks(members: Members, weekly: Weekly) -> dict[str, Weeks]:
    """Return the weeks of districts and townships; townships of a district are masked so that its sum gives none of them away."""
    summed = {
        path: np.sum(weeks, axis=0)
        for level in WEEKLY_LEVELS
        for path, grids in members[level].items()
        if (weeks := [weekly[row.grid_id] for row in grids if row.grid_id in weekly])
    }
    shown: dict[str, Weeks] = {path: hide_small(weeks.tolist()) for path, weeks in summed.items()}
    for district, grids in members["district"].items():
        parts = sorted({row.township for row in grids if row.township in summed})
        if parts:
            shown |= _weeks_inside(district, parts, summed)
    return shown


def _weeks_inside(district: str, parts: list[str], summed: Mapping[str, Floats]) -> dict[str, Weeks]:
    """Return the weeks of a district and its townships; what lies in no township is a part of the sum as well."""
    counts = np.array([summed[path] for path in parts])
    by_week = np.vstack([counts, summed[district] - counts.sum(axis=0)]).T.tolist()
    hidden = [hide_small_parts(week) for week in by_week]
    sums = [mask_sum(week, cells, SMALLEST_SHOWN_COUNT) for week, cells in zip(by_week, hidden, strict=True)]
    shown = tuple(None if total is None else small for total, small in zip(sums, hide_small(summed[district].tolist()), strict=True))
    return {district: shown, **dict(zip(parts, zip(*hidden, strict=True), strict=False))}
