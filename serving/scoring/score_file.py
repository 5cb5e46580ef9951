"""Scoring a case file that is not stored: it goes the whole way of an ingest, into a home that is thrown away."""

import csv
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from sqlalchemy import Engine

from features.database.engine import open_database
from features.days import day_number, midnight
from features.errors import NotReadyError
from features.eventlog.grids import copy_grids
from features.eventlog.read import read_log
from features.eventlog.snapshot import LogSnapshot
from features.intake.ingest import IngestRequest, ingest
from features.intake.report import IngestReport
from features.schema import Col
from features.storage.home import Home
from serving.accounts.permissions import Scope
from serving.rankings.schemas import RefusedRow, RowsRefusedError, ScoredFile, ScoredGrid, published
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

    def score(self, path: Path, as_of: date, scope: Scope, now: datetime) -> ScoredFile:
        """Score the grids of a scope by a flat case file alone, from what it says was known before `as_of`.

        Raises:
            InputRefusedError: the file, or a row of it, would not be taken in either.
            NotReadyError: the day has not begun, or there is no champion.
        """
        if midnight(day_number(as_of), self._settings.tz) > now:
            raise NotReadyError(f"as_of must not lie after today, got {as_of}. Choose a day that has begun.")
        with self._lock:
            report, snapshot = self._take_in(path, now)
            champion = current(self._home, self._engine)
            day = next(score_snapshot(champion, snapshot, self._settings, [as_of]))
        return ScoredFile(
            as_of=as_of,
            target=day.model.target,
            horizon_days=day.model.horizon_days,
            model_version=day.model_version,
            model_hash=day.model_hash,
            cases=report.accepted,
            duplicate=report.duplicate,
            notices=NOTICES,
            grids=tuple(_scores(day, _inside(snapshot, scope))),
        )

    def _take_in(self, path: Path, now: datetime) -> tuple[IngestReport, LogSnapshot]:
        """Return what the log of this file alone holds; its database is gone afterwards."""
        settings = self._settings.model_copy(update={"database_url": None})
        with TemporaryDirectory(prefix="yujing-what-if-") as folder:
            home = Home(Path(folder) / "home")
            engine = open_database(home.database_url)
            try:
                copy_grids(self._engine, engine)
                report = ingest(home, settings, IngestRequest(path), now)
                if report.refused:
                    raise RowsRefusedError(list(_refused(report.refused)), report.read)
                return report, read_log(home, engine)
            finally:
                engine.dispose()


def _refused(path: Path) -> Iterator[RefusedRow]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for row in csv.DictReader(file):
            yield RefusedRow(int(row["row_number"]), row["field"], row["code"], row["sentence"])


def _inside(snapshot: LogSnapshot, scope: Scope) -> set[str]:
    places = snapshot.grids.select(Col.GRID_ID, Col.PARENT_PATH).iter_rows()
    return {grid_id for grid_id, above in places if scope.covers(f"{above}/{grid_id}" if above else grid_id)}


def _scores(day: ScoredDay, inside: set[str]) -> Iterator[ScoredGrid]:
    figures = zip(day.panel.grid_ids.tolist(), day.expected, day.usual_level, day.risk, day.coverage.withheld, strict=True)
    for grid_id, expected, usual_level, risk, withheld in figures:
        if grid_id in inside:
            said = [None if withheld else published(float(figure)) for figure in (expected, usual_level, risk)]
            yield ScoredGrid(grid_id=grid_id, expected_escalations=said[0], usual_level=said[1], risk=said[2], withheld=withheld)
