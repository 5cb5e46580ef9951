"""A prefecture made up for the map alone: as many grids as are asked for, uneven but without gaps, and a list that was never computed."""

from pathlib import Path

import numpy as np
import shapely
from sqlalchemy import insert

from features.database.engine import writing
from features.database.tables import grid
from serving.accounts.permissions import Role
from serving.maps.drawing import pack_all
from serving.maps.polygons import prepare
from serving.rankings.entries import Origin, to_body
from serving.rankings.ledger import publish
from serving.rankings.schemas import GridRow, Score
from serving.scoring.rollups import roll_up
from tests.support.published_world import AS_OF, PUBLISHED_AT, World, open_world
from tests.support.visitors import sign_up

BLOCK, TOWN, CITY = 5, 10, 50
"""Grids along the side of a community, township and district."""
ORIGIN = Origin(
    as_of=AS_OF, target="escalation", horizon_days=14, model_hash="a" * 64, model_version="1", sequence=100,
    data_through=PUBLISHED_AT, code_version="0.1.0", seed=0,
)  # fmt: skip


def make_province(root: Path, size: int) -> World:
    """Return a home with `size` grids, their maps prepared, a list, and people who see all of it (centre) and one township (town)."""
    world = open_world(root / "home")
    side = int(np.ceil(np.sqrt(size)))
    paths = [_path(*divmod(number, side)) for number in range(size)]
    shapes = shapely.to_wkt(_lattice(side, np.random.default_rng(5))[:size], rounding_precision=6)
    with writing(world.engine) as connection:
        rows = [
            {"grid_id": path.rsplit("/", 1)[1], "parent_path": path.rsplit("/", 1)[0], "name": f"第{number}网格", "geometry": shape}
            for number, (path, shape) in enumerate(zip(paths, shapes, strict=True))
        ]
        connection.execute(insert(grid), rows)
    pack_all(world.home, prepare(world.home, world.engine))
    listed = [_row(path, rank, size) for rank, path in enumerate(paths, 1)]
    areas = {level: {area.path: area for area in rows} for level, rows in roll_up(listed, {}).items()}
    publish(world.engine, ORIGIN, to_body({"grid": {row.grid_id: row for row in listed}, **areas}), PUBLISHED_AT)
    sign_up(world.engine, PUBLISHED_AT, Role.COMMAND, "", "centre")
    sign_up(world.engine, PUBLISHED_AT, Role.TOWNSHIP, paths[0].rsplit("/", 2)[0], "town")
    return world


def _path(row: int, column: int) -> str:
    codes = [f"{side:02}{row // side:03}{column // side:03}" for side in (CITY, TOWN, BLOCK)]
    return "/".join([*codes, f"01{row:04}{column:04}"])


def _lattice(side: int, rng: np.random.Generator) -> list[shapely.Polygon]:
    """Return polygons of 16 corners, row by row; those beside each other share theirs."""
    at = np.arange(side + 1) / 100
    corners = np.stack(np.meshgrid(118 + at, 28 + at), -1) + rng.normal(0, 0.0015, (side + 1, side + 1, 2))
    across, down = _bent(corners[:, :-1], corners[:, 1:], rng), _bent(corners[:-1], corners[1:], rng)
    rings = [across[:-1], down[:, 1:], np.flip(across[1:], 2), np.flip(down[:, :-1], 2)]
    ends = [corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]]
    sides = [np.concatenate([end[:, :, None], ring], 2) for end, ring in zip(ends, rings, strict=True)]
    return list(shapely.make_valid(shapely.polygons(np.concatenate(sides, 2).reshape(side * side, -1, 2))))


def _bent(start: np.ndarray, end: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return three points between each start and end, beside the straight line."""
    part = np.array([0.25, 0.5, 0.75])[:, None]
    return start[:, :, None] * (1 - part) + end[:, :, None] * part + rng.normal(0, 0.0004, (*start.shape[:2], 3, 2))


def _row(path: str, rank: int, size: int) -> GridRow:
    district, township, community, grid_id = path.split("/")
    share = rank * 7919 % size / size
    level = "priority" if share < 0.02 else "elevated" if share < 0.05 else "watch" if share < 0.15 else "routine"
    score = Score(
        rank=rank, rank_low=rank, rank_high=rank, expected_escalations=0.1, usual_level=0.1, factor=1.0, risk=0.1,
        attention_level=level, chronic=rank < 20, rising=False,
    )  # fmt: skip
    return GridRow(
        grid_id=grid_id, name=grid_id, community=f"{district}/{township}/{community}", township=f"{district}/{township}", district=district,
        score=score, withheld=None, withheld_words=None, confidence="high", weekly_cases=(3,) * 8, explanation=None,
    )  # fmt: skip
