"""Scoring a case file that is not stored: read as an ingest would, under the rules of a source that is known."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from threading import Lock

from sqlalchemy import Engine

from features.days import day_number, midnight
from features.errors import NotReadyError
from features.eventlog.snapshot import LogSnapshot
from features.intake.quarantine import Refusal
from features.intake.unstored import feed_spec, read_unstored
from features.schema import Col
from features.storage.home import Home
from serving.accounts.permissions import Scope
from serving.rankings.schemas import RefusedRow, RowsRefusedError, ScoredFile, ScoredGrid, ScoreRequest, published
from serving.scoring.scoring import ScoredDay, score_snapshot
from serving.settings import Settings
from serving.text import NOTICES
from training.registry.published import current


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
            said = [None if withheld else published(float(figure)) for figure in (expected, usual_level, risk)]
            yield ScoredGrid(grid_id=grid_id, expected_escalations=said[0], usual_level=said[1], risk=said[2], withheld=withheld)
