"""Sums over the areas above the grids: counts add up, so every level tells the same story."""

from collections import defaultdict
from collections.abc import Iterable

from serving.rows import MICRO, AreaRow, GridRow, Level, micro

AREA_LEVELS: tuple[Level, ...] = ("community", "township", "district")


def roll_up(rows: Iterable[GridRow]) -> dict[Level, list[AreaRow]]:
    """Sum grid rows per community, township and district, in the order of their codes; areas are never ranked.

    Sums are taken over whole millionths, so they are exact at every level. A level that no grid knows is left out.
    """
    members: dict[Level, dict[str, list[GridRow]]] = {level: defaultdict(list) for level in AREA_LEVELS}
    for row in rows:
        for level, path in zip(AREA_LEVELS, (row.community, row.township, row.district), strict=True):
            if path is not None:
                members[level][path].append(row)
    return {level: [_area(path, areas[path]) for path in sorted(areas)] for level, areas in members.items() if areas}


def _area(path: str, grids: list[GridRow]) -> AreaRow:
    scores = [row.score for row in grids if row.score is not None]
    levels = [score.attention_level for score in scores]
    return AreaRow(
        path=path,
        grids=len(grids),
        not_rated=len(grids) - len(scores),
        expected_escalations=sum(micro(score.expected_escalations) for score in scores) / MICRO,
        usual_level=sum(micro(score.usual_level) for score in scores) / MICRO,
        priority=levels.count("priority"),
        elevated=levels.count("elevated"),
        watch=levels.count("watch"),
    )
