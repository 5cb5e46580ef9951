"""Sums over the areas above the grids: counts add up, so every level tells the same story."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from serving.lists.rows import AREA_LEVELS, MICRO, AreaRow, GridRow, Level, micro
from serving.lists.weeks import mask

WEEKLY_LEVELS: tuple[Level, ...] = ("township", "district")
"""Levels whose weeks are shown; a community has too few escalations."""

Weekly = Mapping[str, Sequence[float]]
"""Escalations per week, by grid_id."""


def roll_up(rows: Iterable[GridRow], weekly: Weekly) -> dict[Level, list[AreaRow]]:
    """Sum grid rows and their weeks per community, township and district, in the order of their codes; areas are never ranked.

    Sums are taken over whole millionths, so they are exact at every level. A level that no grid knows is left out.
    """
    members: dict[Level, dict[str, list[GridRow]]] = {level: defaultdict(list) for level in AREA_LEVELS}
    for row in rows:
        for level, path in zip(AREA_LEVELS, (row.community, row.township, row.district), strict=True):
            if path is not None:
                members[level][path].append(row)
    summed = {
        level: [_area(path, areas[path], weekly if level in WEEKLY_LEVELS else {}) for path in sorted(areas)]
        for level, areas in members.items()
        if areas
    }
    if "township" in summed:
        summed["township"] = _hide_differences(summed["township"])
    return summed


def _area(path: str, grids: list[GridRow], weekly: Weekly) -> AreaRow:
    scores = [row.score for row in grids if row.score is not None]
    levels = [score.attention_level for score in scores]
    weeks = zip(*(weekly[row.grid_id] for row in grids if row.grid_id in weekly), strict=True)
    return AreaRow(
        path=path,
        grids=len(grids),
        not_rated=len(grids) - len(scores),
        expected_escalations=sum(micro(score.expected_escalations) for score in scores) / MICRO,
        usual_level=sum(micro(score.usual_level) for score in scores) / MICRO,
        priority=levels.count("priority"),
        elevated=levels.count("elevated"),
        watch=levels.count("watch"),
        weekly_escalations=mask([sum(week) for week in weeks]),
    )


def _hide_differences(townships: list[AreaRow]) -> list[AreaRow]:
    """Mask a second township wherever one alone is masked, or the district's sum would give its count away."""
    weeks = [list(area.weekly_escalations) for area in townships]
    for week, counts in enumerate(zip(*weeks, strict=True)):
        shown = [place for place, count in enumerate(counts) if count]
        if counts.count(None) == 1 and shown:
            weeks[min(shown, key=lambda place: counts[place] or 0)][week] = None
    return [area.model_copy(update={"weekly_escalations": tuple(row)}) for area, row in zip(townships, weeks, strict=True)]
