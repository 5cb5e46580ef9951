"""From a scored day to the rows that are published: rated grids by rank, then those that cannot be rated by grid_id."""

from collections.abc import Mapping, Sequence

import numpy as np

from features.days import day_number
from features.places import UPPER_LEVELS, Places
from serving.lists.backlog import open_cases
from serving.lists.entry import Body, to_body
from serving.lists.ranking import rank_grids, tie_breakers
from serving.lists.reasons import DECIMALS
from serving.lists.rollups import roll_up
from serving.lists.rows import GridRow, Score, published
from serving.lists.scoring import ScoredDay
from serving.lists.weeks import weekly_cases, weekly_escalations
from serving.settings import RankingSettings
from serving.words import WITHHELD


def list_grids(day: ScoredDay, names: Mapping[str, str], settings: RankingSettings) -> list[GridRow]:
    """Return one row per grid in the published order; the top `settings.explain_top_n` of them with reasons.

    `names` gives the name of each grid_id; a grid without one is called by its code.
    """
    scores = _scores(day, settings)
    by_rank = np.array(sorted(scores, key=lambda grid: scores[grid].rank), dtype=np.int64)
    top = by_rank[: settings.explain_top_n]
    explanations = dict(zip(top.tolist(), day.explain(top), strict=True)) if len(top) else {}
    weeks = weekly_cases(day.facts, day_number(day.as_of))
    waiting = open_cases(day.facts, day_number(day.as_of))
    areas = _areas(day.facts.places)
    grid_ids = day.panel.grid_ids.tolist()
    return [
        GridRow(
            grid_id=grid_ids[grid],
            name=names.get(grid_ids[grid], grid_ids[grid]),
            **{level: areas[level][grid] for level in UPPER_LEVELS},
            score=scores.get(grid),
            withheld=(reason := day.coverage.withheld[grid]),
            withheld_words=WITHHELD[reason] if reason else None,
            confidence=day.coverage.confidence[grid],
            weekly_cases=weeks[grid],
            open_cases=waiting[grid],
            explanation=explanations.get(grid),
        )
        for grid in [*by_rank.tolist(), *np.flatnonzero(~day.coverage.rated).tolist()]
    ]


def sum_up(day: ScoredDay, grids: Sequence[GridRow]) -> Body:
    """Return what is published of a day: the rows of its grids, and those of the areas that they lie in."""
    areas = roll_up(grids, weekly_escalations(day.facts, day_number(day.as_of)))
    rows = {level: {area.path: area for area in found} for level, found in areas.items()}
    return to_body({"grid": {row.grid_id: row for row in grids}, **rows})


def _scores(day: ScoredDay, settings: RankingSettings) -> dict[int, Score]:
    """Return what is published of each rated grid, by position."""
    rated = day.rated
    expected, usual_level, risk = day.expected[rated], day.usual_level[rated], day.risk[rated]
    ties = tie_breakers(day.panel.grid_ids[rated].tolist(), day.as_of, settings.seed)
    standing = rank_grids(expected, usual_level, day.refits[:, rated], ties, settings)
    factor = expected / usual_level
    return {
        grid: Score(
            rank=int(standing.rank[place]),
            rank_low=int(standing.rank_low[place]),
            rank_high=int(standing.rank_high[place]),
            expected_escalations=published(float(expected[place])),
            usual_level=published(float(usual_level[place])),
            factor=round(float(factor[place]), DECIMALS),
            risk=published(float(risk[place])),
            attention_level=standing.level[place],
            chronic=bool(standing.chronic[place]),
            rising=bool(standing.rising[place]),
        )
        for place, grid in enumerate(rated.tolist())
    }


def _areas(places: Places) -> dict[str, list[str | None]]:
    """Return per level the path of the area each grid lies in; None where a grid lies in none."""
    paths: dict[str, list[str | None]] = {name: [None] * places.size for name in UPPER_LEVELS}
    for name, level in places.levels.items():
        paths[name] = [level.codes[area] if level.codes[area] or name == "district" else None for area in level.member.tolist()]
    return paths
