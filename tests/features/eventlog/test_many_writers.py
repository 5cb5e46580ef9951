"""Eight processes write while others copy, and some of either are killed: nothing is lost, doubled or left out."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import batch, event, quarantine
from features.eventlog.parquet_copy import read_copy
from features.eventlog.read import log_state
from features.storage.home import Home
from tests.features.eventlog.many_writers import SEGMENT_RECORDS

pytestmark = pytest.mark.full

SCRIPT = Path(__file__).with_name("many_writers.py")
WRITERS, COPIERS, BATCHES, KILLS = 8, 4, 50, 30
SHARED = BATCHES
CASES = WRITERS * BATCHES * 2 + SHARED

Ask = Callable[[list[Any] | None], Any]


@contextmanager
def program() -> Iterator[Ask]:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[3])}
    with subprocess.Popen(
        [sys.executable, str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:

        def ask(job: list[Any] | None) -> Any:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        assert process.stdin
        process.stdin.close()


def write_under_kills(ask: Ask, jobs: list[list[Any]], acknowledged: Path) -> list[int]:
    """Do jobs at once; kill one that is not done again and again and start it anew; return the wait statuses of all processes."""
    rng = random.Random(KILLS)  # noqa: S311 - when to kill needs a seed, not secrecy
    running = [ask(job) for job in jobs]
    for at in sorted(rng.sample(range(WRITERS * BATCHES * 9 // 10), KILLS)):
        while (done := Counter(path.name.partition("-")[0] for path in acknowledged.iterdir())).total() < at:
            time.sleep(0.001)
        number = rng.choice([place for place in range(len(jobs)) if done[str(place)] < BATCHES])
        os.kill(running[number], signal.SIGKILL)
        running[number] = ask(jobs[number])
    return list(ask(None).values())


def test_append_batch_from_eight_killed_processes_beside_killed_copiers_loses_and_doubles_nothing(
    engine: Engine, tmp_path: Path, dialect: str, record_property: Callable[[str, object], None]
) -> None:
    root = tmp_path / "home"
    (root / "acknowledged").mkdir(parents=True)
    url = engine.url.render_as_string(hide_password=False)
    jobs = [
        *(["write", url, str(root), writer, BATCHES] for writer in range(WRITERS)),
        *[["copy", url, str(root), WRITERS * BATCHES]] * COPIERS,
    ]
    engine.dispose()

    with program() as ask:
        ended = write_under_kills(ask, jobs, root / "acknowledged")

    with reading(engine) as connection:
        keys, ids, numbers = (
            sorted(connection.execute(select(column)).scalars()) for column in (batch.c.key, event.c.event_id, event.c.seq)
        )
        refused = len(connection.execute(select(quarantine.c.row_number)).all())
    record_property(f"kills of processes that write and copy on {dialect}, and records", f"{ended.count(signal.SIGKILL)}, {len(ids)}")
    assert {0, signal.SIGKILL} == set(ended)
    assert sorted(path.name for path in (root / "acknowledged").iterdir()) == keys
    assert (WRITERS * BATCHES, CASES, WRITERS * BATCHES) == (len(keys), len(set(ids)), refused)
    assert list(range(1, CASES + 1)) == numbers
    assert log_state(engine).sequence == CASES
    assert copied(Home(root).segments, engine) == copied(tmp_path / "anew", engine)


def copied(folder: Path, engine: Engine) -> list[tuple[object, ...]]:
    return read_copy(folder, engine, CASES, SEGMENT_RECORDS).records.rows()
