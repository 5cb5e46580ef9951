import csv
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.intake.readers import csv_reader
from features.intake.readers.batches import CELL_BYTES, RowBatch
from features.intake.readers.csv_head import CsvHead
from features.intake.readers.csv_reader import csv_input
from features.intake.readers.layout import Layout


def read(path: Path, content: str | bytes) -> tuple[list[tuple[int, tuple[str, ...]]], list[tuple[int, str, str]]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    rows: list[tuple[int, tuple[str, ...]]] = []
    broken: list[tuple[int, str, str]] = []
    for batch in csv_input(path, Layout("utf-8")).batches():
        rows += zip(batch.numbers, batch.cells.rows(), strict=True)
        broken += [(row.number, row.field, row.code.value) for row in batch.broken]
    return rows, broken


def test_csv_input_counts_rows_of_the_wrong_width(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "a,b\n1,2\n3\n4,5,6\n\n7,8") == (
        [(1, ("1", "2")), (4, ("7", "8"))],
        [(2, "", "ROW_TOO_SHORT"), (3, "", "ROW_TOO_LONG")],
    )


def test_csv_input_open_quote_costs_its_own_line_only(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", 'a,b\n1,"x\n2,3\n4,"5\n5"\n') == (
        [(2, ("2", "3")), (3, ("4", "5\n5"))],
        [(1, "", "ROW_QUOTE")],
    )


def test_csv_input_open_quotes_in_every_line_are_each_counted(tmp_path: Path) -> None:
    rows, broken = read(tmp_path / "a.csv", "a,b\n" + '1,"x\n' * 301)

    assert (rows, len(broken)) == ([], 301)


def test_csv_input_record_across_the_end_of_a_block_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_reader, "BATCH_ROWS", 2)

    rows, broken = read(tmp_path / "a.csv", 'a,b\n1,2\n3,"4\n\n4"\n5,"6\n7,8\n9,10\n')

    assert [row for _, row in rows] == [("1", "2"), ("3", "4\n\n4"), ("7", "8"), ("9", "10")]
    assert broken == [(3, "", "ROW_QUOTE")]


def test_csv_input_any_line_end_is_one(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", b"a,b\r\n1,2\r3,4\n5,6\r\n")[0] == [(1, ("1", "2")), (2, ("3", "4")), (3, ("5", "6"))]


def test_csv_input_byte_order_mark_is_no_part_of_a_name(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", "\ufeffa,b\n1,2\n")[0] == [(1, ("1", "2"))]


def test_csv_input_damaged_and_endless_cells_are_named(tmp_path: Path) -> None:
    endless = "9" * (1 << 20)
    content = b"a,b\n1,\xff\n2,\x00\n3," + endless.encode() + b"\n4," + b",x" * 100_000 + b"\n5,6\n"

    rows, broken = read(tmp_path / "a.csv", content)

    assert rows == [(5, ("5", "6"))]
    assert broken == [(1, "b", "CELL_ENCODING"), (2, "b", "CELL_NUL"), (3, "b", "CELL_TOO_LONG"), (4, "", "ROW_TOO_LONG")]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.text("ab ,\"\n'é中", max_size=4), min_size=3, max_size=3), min_size=1, max_size=8))
def test_csv_input_reads_what_the_csv_module_writes(tmp_path_factory: pytest.TempPathFactory, cells: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["x", "y", "z"], *cells])

    rows, broken = read(tmp_path_factory.mktemp("csv") / "a.csv", text.getvalue())

    assert ([list(row) for _, row in rows], broken) == (cells, [])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text('ab,"\n\r', max_size=12), max_size=8))
def test_csv_input_numbers_the_rows_of_anything_without_a_gap(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    rows, broken = read(path, "x,y\n" + "\n".join(lines))

    numbers = sorted([number for number, _ in rows] + [number for number, _, _ in broken])
    assert numbers == list(range(1, len(numbers) + 1))


def test_csv_input_fast_and_careful_way_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ("short", "1,x,,,", "1,x,y,z", "1,x y,", "1,x,y")
    content = "a,b,c\n" + "".join(f"{lines[number % 5]}\n" for number in range(100))
    fast = read(tmp_path / "a.csv", content)

    def careful(block: list[str], head: CsvHead, first: int) -> RowBatch:
        return csv_reader._split_quoted(
            block, csv_reader._Lines(io.StringIO(), CELL_BYTES), csv_reader._CsvFile(tmp_path, head, CELL_BYTES), first
        )

    monkeypatch.setattr(csv_reader, "_split_plain", careful)

    assert read(tmp_path / "a.csv", content) == fast
