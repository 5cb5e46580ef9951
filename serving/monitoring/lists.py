"""Published lists as arrays: what was said of each grid, on the day it was said."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, Engine, select

from features.database.engine import reading
from features.database.tables import ranking, ranking_row
from features.days import Days, day_number, midnight, to_date
from features.places import positions
from serving.alerts.reviews import shown

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Lists:
    """Lists that were out on their own day, one per as_of."""

    as_ofs: Days
    expected: Floats
    """(T, G) expected escalations; NaN where a grid was not rated."""
    risk: Floats
    late: int
    """Dates whose lists came after their day: nobody could act on them, and their model may have seen what followed."""

    def between(self, first: int, last: int) -> "Lists":
        """Return the lists of the days from first to last, both included."""
        chosen = (self.as_ofs >= first) & (self.as_ofs <= last)
        return Lists(self.as_ofs[chosen], self.expected[chosen], self.risk[chosen], self.late)


@dataclass(frozen=True)
class Wanted:
    """Which lists to read; both days are included."""

    target: str
    horizon_days: int
    first: int
    last: int


def read_lists(engine: Engine, wanted: Wanted, grid_ids: npt.NDArray[np.str_], zone: ZoneInfo) -> Lists:
    """Read per date the newest revision that was out before the day ended; `grid_ids` (sorted) gives the order of the grids."""
    query = (
        select(ranking.c.id, ranking.c.as_of, ranking.c.published_at)
        .where(ranking.c.target == wanted.target, ranking.c.horizon_days == wanted.horizon_days, shown(ranking.c.id))
        .where(ranking.c.as_of.between(to_date(wanted.first), to_date(wanted.last)))
        .order_by(ranking.c.as_of, ranking.c.id)
    )
    with reading(engine) as connection:
        rows = connection.execute(query).all()
        standing: dict[date, int] = {}
        for row in rows:
            if row.published_at < midnight(day_number(row.as_of) + 1, zone):
                standing[row.as_of] = row.id
        said = np.array([_said(connection, number, grid_ids) for number in standing.values()], np.float64)
    said = said.reshape(len(standing), 2, len(grid_ids))
    as_ofs = np.array([day_number(as_of) for as_of in standing], np.int32)
    return Lists(as_ofs, said[:, 0], said[:, 1], late=len({row.as_of for row in rows} - set(standing)))


def _said(connection: Connection, ranking_id: int, grid_ids: npt.NDArray[np.str_]) -> Floats:
    """Return expected escalations and risk of each grid, (2, G)."""
    rows: Sequence[str] = (
        connection.execute(select(ranking_row.c.body).where(ranking_row.c.ranking_id == ranking_id, ranking_row.c.level == "grid"))
        .scalars()
        .all()
    )
    rated = [row for row in map(json.loads, rows) if row["score"]]
    place = positions(grid_ids, np.array([row["grid_id"] for row in rated], np.str_))
    figures = np.array([[row["score"]["expected_escalations"], row["score"]["risk"]] for row in rated], np.float64).reshape(-1, 2)
    said = np.full((2, len(grid_ids)), np.nan)
    said[:, place[place >= 0]] = figures[place >= 0].T
    return said
