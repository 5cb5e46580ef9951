"""One grid's score in words and numbers: as published, or computed where nothing was."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from sqlalchemy import Engine

from features.errors import NotFoundError
from features.home import Home
from serving.access.actor import EVERYTHING
from serving.daily import grid_names
from serving.ledger import newest, read_row
from serving.lists.listing import list_grids
from serving.lists.rows import GridRow
from serving.lists.scoring import score_day
from serving.settings import Settings


@dataclass(frozen=True)
class Explained:
    """A grid's row, and the list it was published on."""

    row: GridRow
    ranking_id: str | None
    """None where the row was computed for this answer."""


def explain(home: Home, engine: Engine, settings: Settings, grid_id: str, as_of: date, target: str | None = None) -> Explained:
    """Return a grid's row of one day with its explanation, from the ledger where it was published.

    Raises:
        NotFoundError: there is no such grid.
        NotReadyError: nothing was published, and there is no champion to compute with.
    """
    entry = newest(engine, as_of, target)
    body = read_row(engine, EVERYTHING, entry, "grid", grid_id) if entry else None
    row = GridRow.model_validate_json(body) if body else None
    if entry and row and (row.explanation or row.withheld):
        return Explained(row, entry.ranking_id)
    return Explained(_compute(home, engine, settings, grid_id, as_of, target), ranking_id=None)


def _compute(home: Home, engine: Engine, settings: Settings, grid_id: str, as_of: date, target: str | None) -> GridRow:
    day = score_day(home, engine, settings, as_of, target)
    unexplained = settings.ranking.model_copy(update={"explain_top_n": 0})
    row = next((row for row in list_grids(day, grid_names(engine), unexplained) if row.grid_id == grid_id), None)
    if row is None:
        raise NotFoundError(f"grid_id must be one of the {day.facts.places.size} grids of this target, got {grid_id!r}.")
    if row.score is None:
        return row
    (explanation,) = day.explain(np.flatnonzero(day.panel.grid_ids == grid_id))
    return row.model_copy(update={"explanation": explanation})
