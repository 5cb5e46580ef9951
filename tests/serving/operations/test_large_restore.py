"""A backup of a million records is restored in minutes, columnar copy and all, in bounded memory."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from features.database.copying import count_rows
from features.eventlog.append import Batch, append_batch
from features.eventlog.cases import CASE_SCHEMA
from features.eventlog.read import read_log
from features.schema import Col
from serving.operations.backup import back_up
from serving.rankings import ledger
from tests.serving.conftest import MakeWorld
from tests.support.databases import Databases
from tests.support.published_world import PUBLISHED_AT, World, new_world

pytestmark = pytest.mark.full

RECORDS, BATCH_RECORDS = 1_000_000, 100_000
FIRST = datetime(2025, 1, 1, tzinfo=UTC)
MOST_MIB = 1024
RESTORE = """
import json, sys, time
from pathlib import Path
from features.database.copying import count_rows
from features.database.engine import open_database
from features.eventlog.read import read_log
from features.storage.home import Home
from serving.operations.backup import restore
from serving.rankings import ledger
folder, root, url = sys.argv[1:]
began = time.monotonic()
home = Home(Path(root))
restore(Path(folder), home, None if url == home.database_url else url)
restored = time.monotonic() - began
engine = open_database(url)
records = read_log(home, engine).records
seconds = time.monotonic() - began
peak = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) >> 10
list_ = ledger.newest(engine)
rows = sum(len(level) for level in ledger.read_body(engine, list_).values())
counts = count_rows(engine) | {"segment": 0}
print(json.dumps([len(records), int(records.hash_rows().sum()), counts, list_.hash, rows, round(restored), round(seconds), peak]))
"""


def append_million(world: World, grid_ids: list[str]) -> None:
    """Append so many reports, spread over a year and the grids of the world."""
    for first in range(0, RECORDS, BATCH_RECORDS):
        number = pl.int_range(first, first + BATCH_RECORDS, eager=True)
        at = pl.lit(FIRST).cast(pl.Datetime("us", "UTC")) + pl.duration(seconds=pl.col("number") * 31)
        cases = number.to_frame("number").select(
            pl.format("million-{}", "number").alias(Col.EVENT_ID),
            pl.lit(pl.Series(grid_ids)).gather(pl.col("number") % len(grid_ids)).alias(Col.GRID_ID),
            pl.lit("dispute").alias(Col.EVENT_TYPE),
            pl.lit("neighbor").alias(Col.CATEGORY),
            at.alias(Col.OCCURRED_AT),
            at.alias(Col.REPORTED_AT),
            pl.col("number").alias(Col.ROW_NUMBER),
            pl.lit("h").alias(Col.ROW_HASH),
        )
        missing = [pl.lit(None, kind).alias(name) for name, kind in CASE_SCHEMA.items() if name not in cases.columns]
        batch = cases.with_columns(missing).select(CASE_SCHEMA.names()).cast(dict(CASE_SCHEMA))
        append_batch(world.engine, Batch(f"million-{first}", "sample", batch, [], len(batch)))


@pytest.fixture(scope="module")
def large(databases: Databases, make_trained: MakeWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A home with a list and a million records."""
    with new_world(databases, "sqlite", tmp_path_factory.mktemp("large") / "home", make_trained("sqlite")) as world:
        entry = world.rank()
        append_million(world, [row.place for row in ledger.read_body(world.engine, entry)["grid"]])
        yield world


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from /proc")
def test_restore_a_million_records_with_their_copy_in_bounded_memory(
    large: World, databases: Databases, dialect: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    back_up(large.home, large.engine, tmp_path / "backup", PUBLISHED_AT + timedelta(hours=1))

    with databases.new(dialect, tmp_path / "restored") as url:
        command = [sys.executable, "-c", RESTORE, str(tmp_path / "backup"), str(tmp_path / "restored"), url]
        path = {"PYTHONPATH": str(Path(__file__).parents[3])}
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, env=os.environ | path)
    records, content, counts, newest, rows, restored, seconds, peak = json.loads(done.stdout.splitlines()[-1])

    figures = f"{records}, {restored}, {seconds}, {peak}"
    record_property(f"records restored into {dialect}, seconds to restore, to read all of them by their copy, peak in MiB", figures)
    whole = read_log(large.home, large.engine).records
    assert (len(whole), int(whole.hash_rows().sum()), count_rows(large.engine) | {"segment": 0}) == (records, content, counts)
    assert (True, ledger.verify(large.engine).hash) == (records > RECORDS, newest)
    assert rows > 0
    assert peak < MOST_MIB
