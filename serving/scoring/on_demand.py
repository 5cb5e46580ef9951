"""Answers of the model on demand: the explanation of one grid, and the scores of a case file that is not stored.

A grid is explained as published, or computed where nothing was. A file is read as an ingest would, under the rules of a known source.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from threading import Lock

import numpy as np
from sqlalchemy import Engine

from features.days import day_number, midnight
from features.errors import NotFoundError, NotReadyError
from features.eventlog.snapshot import LogSnapshot
from features.intake.quarantine import Refusal
from features.intake.unstored import feed_spec, read_unstored
from features.schema import Col
from features.storage.home import Home
from serving.accounts.permissions import EVERYTHING, Scope
from serving.rankings.entries import Entry
from serving.rankings.ledger import newest, read_row
from serving.rankings.line_words import mask
from serving.rankings.schemas import Explanation, GridRow, RefusedRow, RowsRefusedError, ScoredFile, ScoredGrid, ScoreRequest, published
from serving.scoring.daily_run import grid_names
from serving.scoring.list_builder import list_grids
from serving.scoring.scoring import ScoredDay, score_day, score_snapshot
from serving.settings import Settings
from serving.text import NOTICES
from training.registry.published import current


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


class FileScorer:
    """Scores one file at a time with the champion of the home, among the grids of the home."""

    def __init__(self, home: Home, engine: Engine, settings: Settings) -> None:
        self._home = home
        self._engine = engine
        self._settings = settings
        self._lock = Lock()

    def score(self, path: Path, request: ScoreRequest, now: datetime) -> ScoredFile:
        """Score the grids of a scope by a flat case file alone, from what it says was known before `as_of`.

        Raises:
            InputRefusedError: the file, or a row of it, would not be taken in either.
            NotFoundError: there is no such source.
            NotReadyError: the day has not begun, or there is no champion.
        """
        self.check(request, now)
        with self._lock:
            champion = current(self._home, self._engine)
            unstored = read_unstored(path, feed_spec(self._engine, request.source), self._engine, self._settings, now)
            if unstored.refusals:
                raise RowsRefusedError([_refused(each) for each in unstored.refusals], unstored.read)
            day = next(score_snapshot(champion, unstored.snapshot, self._settings, [request.as_of]))
        return ScoredFile(
            as_of=request.as_of,
            target=day.model.target,
            horizon_days=day.model.horizon_days,
            model_version=day.model_version,
            model_hash=day.model_hash,
            cases=unstored.accepted,
            duplicate=unstored.duplicate,
            notices=NOTICES,
            grids=tuple(_scores(day, _inside(unstored.snapshot, request.scope))),
        )

    def check(self, request: ScoreRequest, now: datetime) -> None:
        """Return quietly when a request can be answered, whatever its file holds.

        Raises:
            NotFoundError: there is no such source.
            NotReadyError: the day has not begun.
        """
        if midnight(day_number(request.as_of), self._settings.tz) > now:
            raise NotReadyError(f"as_of must not lie after today, got {request.as_of}. Choose a day that has begun.")
        feed_spec(self._engine, request.source)


def _refused(refusal: Refusal) -> RefusedRow:
    return RefusedRow(refusal.row_number, refusal.field, refusal.code.value, refusal.code.en, refusal.code.zh)


def _inside(snapshot: LogSnapshot, scope: Scope) -> set[str]:
    places = snapshot.grids.select(Col.GRID_ID, Col.PARENT_PATH).iter_rows()
    return {grid_id for grid_id, above in places if scope.covers(f"{above}/{grid_id}" if above else grid_id)}


def _scores(day: ScoredDay, inside: set[str]) -> Iterator[ScoredGrid]:
    figures = zip(day.panel.grid_ids.tolist(), day.expected, day.usual_level, day.risk, day.coverage.withheld, strict=True)
    for grid_id, expected, usual_level, risk, withheld in figures:
        if grid_id in inside:
            shown = [None if withheld else published(float(figure)) for figure in (expected, usual_level, risk)]
            yield ScoredGrid(grid_id=grid_id, expected_escalations=shown[0], usual_level=shown[1], risk=shown[2], withheld=withheld)
