"""Parquet files are read a batch at a time, however large they are; every value of them and of a query becomes text."""

import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import InputRefusedError, UsageError
from features.intake.readers import table_reader
from features.intake.readers.layout import Layout
from features.intake.readers.table_reader import parquet_input, rows_to_batches, sql_input
from features.intake.source_file import Query

GROUPS, ROWS = 40, 2_000


def read(path: Path, layout: Layout | None = None) -> pl.DataFrame:
    return pl.concat([batch.cells for batch in parquet_input(path, layout or Layout()).batches()])


def written(path: Path, **columns: object) -> Path:
    pl.DataFrame(columns).write_parquet(path)
    return path


def test_parquet_input_holds_a_small_part_of_a_file_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_reader, "BATCH_ROWS", ROWS)
    numbers = np.random.default_rng(1).integers(0, 10**18, GROUPS * ROWS)
    path = tmp_path / "cases.parquet"
    pl.DataFrame({"id": numbers}).cast(pl.String).write_parquet(path, row_group_size=ROWS, use_pyarrow=True)
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in parquet_input(path, Layout()).batches()]

    assert (GROUPS, True) == (len(held), max(held) < path.stat().st_size / 4)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (503, "503"),
        (503.0, "503"),
        (0.25, "0.25"),
        (-0.0, "0"),
        (330402001001001.0, "330402001001001"),
        (3.30402001001001e17, "3.30402001001001E+17"),
        (True, "true"),
        (" 邻里 ", " 邻里 "),
        (date(2028, 2, 29), "2028-02-29"),
        (datetime.fromisoformat("2026-01-31T23:59"), "2026-01-31T23:59:00.000000"),
        (datetime(2026, 1, 31, 23, 59, tzinfo=UTC), "2026-01-31T23:59:00.000000+00:00"),
        (Decimal("12.50"), "12.50"),
        (None, None),
    ],
)
def test_parquet_input_writes_a_value_as_a_csv_file_would_hold_it(tmp_path: Path, value: object, text: str | None) -> None:
    path = written(tmp_path / "cases.parquet", value=[value, None], other=["a", "b"])

    assert [text, None] == read(path)["value"].to_list()


def test_parquet_input_numbers_rows_through_all_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_reader, "BATCH_ROWS", 2)
    batches = list(parquet_input(written(tmp_path / "cases.parquet", id=list("abcde")), Layout()).batches())

    assert [[1, 2], [3, 4], [5]] == [batch.numbers.to_list() for batch in batches]


def test_parquet_input_may_be_read_again(tmp_path: Path) -> None:
    rows = parquet_input(written(tmp_path / "cases.parquet", id=list("abc")), Layout())

    assert [3, 3] == [sum(batch.read for batch in rows.batches()) for _ in range(2)]


def test_parquet_input_of_another_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "cases.parquet"
    path.write_text("id\n1\n", encoding="utf-8")

    with pytest.raises(InputRefusedError, match="must be a Parquet file, found something else") as refused:
        parquet_input(path, Layout())
    assert "FILE_FORMAT" == refused.value.code


@pytest.mark.parametrize("column", [[["a"], ["b"]], [{"x": 1}, {"x": 2}]])
def test_parquet_input_of_nested_columns_is_refused_by_name(tmp_path: Path, column: list[object]) -> None:
    path = written(tmp_path / "cases.parquet", id=["1", "2"], shape=column)

    with pytest.raises(InputRefusedError, match="found 'shape' nested or binary"):
        parquet_input(path, Layout())


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.binary(1), pa.binary_view()])
def test_parquet_input_of_bytes_is_refused_however_a_program_stored_them(tmp_path: Path, kind: pa.DataType) -> None:
    path = tmp_path / "cases.parquet"
    pq.write_table(pa.table({"id": ["1"], "shape": pa.array([b"a"], kind)}), path)

    with pytest.raises(InputRefusedError, match="found 'shape' nested or binary"):
        parquet_input(path, Layout())


def test_parquet_input_of_borders_may_be_binary(tmp_path: Path) -> None:
    path = written(tmp_path / "grids.parquet", id=["1"], shape=[b"\x01\xff"])

    assert ["01ff"] == read(path, Layout(geometry=True))["shape"].to_list()


def test_parquet_input_of_one_value_for_very_many_rows_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a few bytes may unpack to more rows than anybody has."""
    monkeypatch.setattr(table_reader, "FREE_ROWS", 10)
    path = tmp_path / "cases.parquet"
    pl.DataFrame({"id": ["1"] * 100_000}).write_parquet(path)

    with pytest.raises(InputRefusedError, match="found 100,000 rows") as refused:
        parquet_input(path, Layout())
    assert "FILE_TOO_LARGE" == refused.value.code


def test_rows_to_batches_are_numbered_and_as_wide_as_their_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_reader, "BATCH_ROWS", 2)
    batches = list(rows_to_batches(iter([("1", "a"), ("2", None), ("3", "c")]), ("id", "note")))

    assert [[1, 2], [3]] == [batch.numbers.to_list() for batch in batches]
    assert [("1", "a"), ("2", None), ("3", "c")] == [row for batch in batches for row in batch.cells.rows()]
    assert [] == list(rows_to_batches(iter(()), ("id",)))


@pytest.fixture
def ledger(tmp_path: Path) -> str:
    """The address of a database with two cases."""
    with sqlite3.connect(tmp_path / "ledger.db") as database:
        database.execute("CREATE TABLE cases (id INTEGER, share REAL, note TEXT)")
        database.executemany("INSERT INTO cases VALUES (?, ?, ?)", [(1, 503.0, "邻里"), (2, None, None)])
    database.close()
    return f"sqlite:///{tmp_path / 'ledger.db'}"


def test_sql_input_reads_names_and_rows_of_the_answer_as_text(ledger: str) -> None:
    rows = sql_input(Query(url=ledger, query="SELECT id, share, note AS 备注 FROM cases ORDER BY id"))

    assert ("id", "share", "备注") == rows.header
    assert [("1", "503", "邻里"), ("2", None, None)] == [row for batch in rows.batches() for row in batch.cells.rows()]


def test_sql_input_takes_its_address_from_the_environment(ledger: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_URL", ledger)

    assert ("id",) == sql_input(Query(url="$LEDGER_URL", query="SELECT id FROM cases")).header


@pytest.mark.parametrize(
    ("url", "query", "found"),
    [
        (None, "SELECT id FROM matters", "no such table: matters"),
        (None, "SELEKT", "syntax error"),
        ("sqlite:////nowhere/ledger.db", "SELECT 1", "unable to open database file"),
        ("no address", "SELECT 1", "Could not parse"),
        ("mysql+nodriver://h/d", "SELECT 1", "Can't load plugin"),
    ],
)
def test_sql_input_that_cannot_be_answered_says_why_in_one_line(ledger: str, url: str | None, query: str, found: str) -> None:
    with pytest.raises(UsageError, match="must name a database and a query that it answers") as refused:
        sql_input(Query(url=url or ledger, query=query))

    assert found in str(refused.value)
    assert "\n" not in str(refused.value)
