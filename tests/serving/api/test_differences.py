"""Pairs of questions about areas that differ by one grid, asked over HTTP, and what follows from both together."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.optimize import linprog
from sqlalchemy import insert

from features.database.engine import writing
from features.database.tables import grid
from serving.app import create_app
from serving.disclosure import hide_small, hide_small_parts, mask_sum
from serving.rankings.entries import Origin, to_body
from serving.rankings.ledger import publish
from serving.rankings.schemas import GridRow, Score
from serving.scoring import rollups
from serving.text import SMALLEST_SHOWN_COUNT
from tests.support.databases import Databases
from tests.support.published_world import World, new_world
from tests.support.townships import NOW
from tests.support.visitors import Clock, open_client, sign_up

pytestmark = pytest.mark.dialect("sqlite")

DISTRICTS, TOWNSHIPS, WEEKS = 6, 4, 52
"""Each township has one grid, so that a district with it and without it differ by one."""
PATHS = [f"d{district}/d{district}t{number}" for district in range(DISTRICTS) for number in range(TOWNSHIPS)]

Counts = npt.NDArray[np.int64]
Answers = Mapping[str, list[int | None]]


@pytest.fixture
def world(databases: Databases, tmp_path: Path) -> Iterator[World]:
    with new_world(databases, "sqlite", tmp_path / "home") as world:
        yield world


def ask(world: World, counts: Counts) -> Answers:
    """Publish a list with these escalations per township and week, and return what each area answers about its weeks."""
    rows = [_row(path, rank) for rank, path in enumerate(PATHS, start=1)]
    with writing(world.engine) as connection:
        connection.execute(insert(grid), [{"grid_id": row.grid_id, "name": "", "parent_path": row.township} for row in rows])
    weekly = {row.grid_id: each.astype(np.float64) for row, each in zip(rows, counts, strict=True)}
    areas = {level: {area.path: area for area in found} for level, found in rollups.roll_up(rows, weekly).items()}
    origin = Origin(date(2026, 1, 9), "escalation", 14, "a" * 64, "1", 100, NOW, "0.1.0", 0)
    publish(world.engine, origin, to_body({"grid": {row.grid_id: row for row in rows}, **areas}), NOW)
    _, token = sign_up(world.engine, NOW)
    with open_client(create_app(world.settings, world.home, Clock(NOW)), token) as client:
        answers = {path: client.get(f"/v1/areas/{path.rpartition('/')[2]}").json() for path in [*PATHS, *{path[:2] for path in PATHS}]}
        lists = [client.get("/v1/rankings", params={"level": level}).json()["rows"] for level in ("township", "district")]
    listed = {row["path"]: row["weekly_escalations"] for rows in lists for row in rows}

    assert listed == {path: answer["row"]["weekly_escalations"] for path, answer in answers.items()}
    return listed


def _row(path: str, rank: int) -> GridRow:
    score = Score(
        rank=rank, rank_low=1, rank_high=24, expected_escalations=0.1, usual_level=0.1, factor=1, risk=0.1, attention_level="watch",
        chronic=False, rising=False,
    )  # fmt: skip
    return GridRow(
        grid_id=f"{path[3:]}g", name="", community=None, township=path, district=path[:2], score=score, withheld=None, withheld_words=None,
        confidence="high", weekly_cases=(), explanation=None,
    )  # fmt: skip


def draw(seed: int) -> Counts:
    """Draw counts (townships, weeks), most of them small."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.choice([0.2, 1.0, 3.0], (len(PATHS), WEEKS)))


def given_away(counts: Counts, answers: Answers) -> tuple[list[tuple[str, int]], int]:
    """Return the counts of one or two that cannot be both, going by all answers together, and how many there are."""
    found, tried = [], 0
    for place, path in enumerate(PATHS):
        beside = [other for other in PATHS if other[:2] == path[:2]]
        for week in np.flatnonzero((counts[place] == 1) | (counts[place] == 2)).tolist():
            cells, total = [answers[other][week] for other in beside], answers[path[:2]][week]
            low, high = feasible(cells, total, beside.index(path))
            tried += 1
            if low > 1 or high < 2:
                found.append((path, week))
    return found, tried


def feasible(cells: list[int | None], total: int | None, place: int) -> tuple[float, float]:
    """Return between what a cell of a district can lie; a hidden one is at least one."""
    bounds = [(1, None) if cell is None else (cell, cell) for cell in cells]
    target = np.eye(len(cells))[place]
    sums = {} if total is None else {"A_eq": np.ones((1, len(cells))), "b_eq": [total]}
    ends = [linprog(sign * target, bounds=bounds, **sums) for sign in (1, -1)]
    return ends[0].fun, -ends[1].fun if ends[1].status == 0 else np.inf


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.full), pytest.param(3, marks=pytest.mark.full)])
def test_pairs_that_differ_by_one_grid_give_no_count_of_one_or_two_away(world: World, seed: int, record_property) -> None:
    counts = draw(seed)
    answers = ask(world, counts)

    found, tried = given_away(counts, answers)

    record_property("small counts attacked by pairs of questions that differ by one grid, and found", f"{tried}, {len(found)}")
    assert tried > 400
    assert [] == found
    assert sum(cell is not None for path in PATHS for cell in answers[path]) > len(PATHS) * WEEKS // 3


@pytest.mark.parametrize(
    ("parts", "by"),
    [
        ([1, 1, 5, 0], "both are one, or their sum would be more"),
        ([2, 0, 7, 40], "it is the sum less the others"),
        ([1, 1, 1, 0], "all are one, and nothing is left to hide but the sum"),
    ],
)
def test_pairs_would_give_away_what_is_only_hidden_by_itself(parts: list[int], by: str) -> None:
    low, high = feasible(list(hide_small(parts)), sum(parts), 0)
    cells = hide_small_parts(parts)
    lowest, highest = feasible(cells, mask_sum(parts, cells, SMALLEST_SHOWN_COUNT), 0)

    assert low > 1 or high < 2, by
    assert lowest <= 1
    assert highest >= 2


@pytest.mark.full
def test_pairs_of_lists_that_hide_small_counts_alone_are_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups, "hide_small_parts", lambda counts: list(hide_small(counts)))
    monkeypatch.setattr(rollups, "mask_sum", lambda counts, *_: sum(map(round, counts)))
    counts = draw(1)

    found, _ = given_away(counts, ask(world, counts))

    assert len(found) > 20
