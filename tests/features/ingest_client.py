"""A client for the tests that kill it. Acknowledgements are folders: making one is none of the calls that are traced."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import polars as pl
from sqlalchemy import Engine

from features.database.engine import SQLITE_PRAGMAS, open_database
from features.errors import StoreError
from features.eventlog import first_load
from features.eventlog.append import Batch, append_batch
from features.eventlog.cases import CASE_SCHEMA
from features.eventlog.parquet_copy import read_copy
from features.eventlog.read import log_state
from features.storage.home import Home
from tests.support.traced import Job, do_jobs

BATCHES = 2
SEGMENT_RECORDS = 4
ATTEMPTS = 3
FILE_BATCH_ROWS = 20
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def prepare_load(home: Home, path: Path) -> Callable[[], None]:
    """Return what loads a file of many small batches as the first of its log, then brings the copy up to date.

    What reads files is imported here: it starts threads of Polars, which a child of a process that has them would wait for in vain.
    """
    from features.intake.ingest import IngestRequest, ingest
    from features.intake.readers import csv_reader
    from features.settings import LogSettings

    csv_reader.BATCH_ROWS, first_load.FEWEST_ROWS = FILE_BATCH_ROWS, 1

    def load() -> None:
        ingest(home, LogSettings(), IngestRequest(path), NOW)
        engine = open_database(home.database_url)
        read_copy(home.segments, engine, log_state(engine).sequence, SEGMENT_RECORDS)

    return load


def send_batches(home: Home, *, keyed: bool = True, batches: int = BATCHES) -> None:
    """Send every batch of so many that is not acknowledged, then bring the copy up to date; try again after a failure.

    The right client sends a batch again under its own key; the broken one makes a new key for each attempt.
    """
    for attempt in range(ATTEMPTS):
        try:
            engine = open_database(home.database_url)
            _send(engine, home, keyed=keyed, batches=batches)
            read_copy(home.segments, engine, log_state(engine).sequence, SEGMENT_RECORDS)
        except StoreError:
            if attempt == ATTEMPTS - 1:
                raise
        else:
            return


def _send(engine: Engine, home: Home, *, keyed: bool, batches: int) -> None:
    for number in range(batches):
        acknowledged = home.root / "acknowledged" / str(number)
        if not acknowledged.exists():
            append_batch(engine, make_batch(number, key=f"batch-{number}" if keyed else uuid4().hex))
            acknowledged.mkdir()


def make_batch(number: int, key: str) -> Batch:
    """Two new cases, news of a case of the batch before, and a refused row."""
    occurred = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)
    first = {"grid_id": "g1", "event_type": "dispute", "category": "neighbor", "occurred_at": occurred, "reported_at": occurred}
    rows = [{**first, "event_id": f"{number}-{row}", "row_number": row, "row_hash": "h"} for row in range(2)]
    if number:
        before = occurred - timedelta(days=1)
        rows.append({**rows[0], "event_id": f"{number - 1}-0", "occurred_at": before, "reported_at": before, "resolved_at": occurred})
    return Batch(key, "hotline", pl.DataFrame(rows, schema=CASE_SCHEMA), [(9, "grid_id", "GRID_UNKNOWN", "h")], len(rows) + 1)


def prepare(job: Job) -> Callable[[], None]:
    """Return the work of a job."""
    home = Home(Path(job["home"]))
    SQLITE_PRAGMAS.update(job.get("pragmas", {}))
    if job.get("file"):
        return prepare_load(home, Path(job["file"]))
    return partial(send_batches, home, keyed=job.get("keyed", True), batches=job.get("batches", BATCHES))


if __name__ == "__main__":
    do_jobs(prepare)
