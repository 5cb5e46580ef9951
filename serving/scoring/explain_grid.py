"""One grid's score in words and numbers: as published, or computed where nothing was."""

from dataclasses import dataclass
from datetime import date
from threading import Lock

import numpy as np
from sqlalchemy import Engine

from features.errors import NotFoundError, NotReadyError
from features.storage.home import Home
from serving.accounts.permissions import EVERYTHING
from serving.rankings.entries import Entry
from serving.rankings.ledger import newest, read_row
from serving.rankings.line_words import mask
from serving.rankings.schemas import Explanation, GridRow, published
from serving.scoring.daily_run import grid_names
from serving.scoring.list_builder import list_grids
from serving.scoring.scoring import ScoredDay, score_day
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
    return row.model_copy(update={"explanation": mask(explanation)})


class OnDemand:
    """Explains rows of one list at a time; it checks the model's signature when it scores the day."""

    def __init__(self, home: Home, engine: Engine, settings: Settings) -> None:
        self._home = home
        self._engine = engine
        self._settings = settings
        self._lock = Lock()
        self._scored: tuple[str, ScoredDay] | None = None

    def explain(self, entry: Entry, row: GridRow) -> Explanation:
        """Explain the score of one rated row of a list.

        Raises:
            NotReadyError: the model or the records are no longer those of the list.
        """
        day = self._day(entry)
        grids = np.flatnonzero(day.panel.grid_ids == row.grid_id)
        same = len(grids) and row.score and published(float(day.expected[grids[0]])) == row.score.expected_escalations
        if day.model_hash != entry.origin.model_hash or not same:
            raise NotReadyError("a score can be explained while its list is the newest of its model and records. Ask after the next list.")
        (explanation,) = day.explain(grids)
        return mask(explanation)

    def _day(self, entry: Entry) -> ScoredDay:
        with self._lock:
            if self._scored is None or self._scored[0] != entry.ranking_id:
                origin = entry.origin
                self._scored = entry.ranking_id, score_day(self._home, self._engine, self._settings, origin.as_of, origin.target)
            return self._scored[1]
