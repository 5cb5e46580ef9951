"""Explaining grids whose reasons a long list leaves out: the day is scored once and kept, then each grid takes milliseconds."""

from threading import Lock

import numpy as np
from sqlalchemy import Engine

from features.errors import NotReadyError
from features.home import Home
from serving.lists.entry import Entry
from serving.lists.rows import Explanation, GridRow, published
from serving.lists.scoring import ScoredDay, score_day
from serving.settings import Settings


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
        return explanation

    def _day(self, entry: Entry) -> ScoredDay:
        with self._lock:
            if self._scored is None or self._scored[0] != entry.ranking_id:
                origin = entry.origin
                self._scored = entry.ranking_id, score_day(self._home, self._engine, self._settings, origin.as_of, origin.target)
            return self._scored[1]
