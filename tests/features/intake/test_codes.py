"""One form of a code on every road, and what becomes of a code that went through a number."""

from collections.abc import Callable
from pathlib import Path

import openpyxl
import polars as pl
import pytest

from features.errors import InputRefusedError
from features.intake.codes import canonical, empty_where, spelt_differently
from features.intake.ingest import IngestReport
from features.intake.personal_data.screening import regular_codes
from features.intake.source_file import SourceFile

Case = Callable[..., str]
TakeIn = Callable[..., IngestReport]
WriteCases = Callable[..., Path]

FLAT = {name: name for name in ("event_id", "grid_id", "event_type", "category", "occurred_at", "reported_at")}


def frame(grids: list[object]) -> pl.DataFrame:
    size = len(grids)
    columns = {"event_type": "dispute", "category": "neighbor", "occurred_at": "2026-03-01", "reported_at": "2026-03-02"}
    return pl.DataFrame({"event_id": [f"A{number}" for number in range(size)], "grid_id": pl.Series(grids)}).with_columns(
        pl.lit(value).alias(name) for name, value in columns.items()
    )


def put_workbook(path: Path, grids: list[object]) -> Path:
    book = openpyxl.Workbook()
    rows = frame([None] * len(grids))
    book.active.append(rows.columns)
    for grid, row in zip(grids, rows.iter_rows(), strict=True):
        book.active.append([row[0], grid, *row[2:]])
    book.save(path)
    return path


def test_ingest_code_is_one_on_every_road(take_in: TakeIn, tmp_path: Path) -> None:
    rows = frame([330102001.0, 503.0])
    rows.write_parquet(tmp_path / "a.parquet")
    frame(["330102001.0", "503"]).write_csv(tmp_path / "a.csv")
    paths = (tmp_path / "a.parquet", tmp_path / "a.csv", put_workbook(tmp_path / "a.xlsx", [330102001, 503.0]))

    assert [(2, 0), (0, 2), (0, 2)] == [(report.accepted, report.duplicate) for report in map(take_in, paths)]


def test_ingest_code_of_more_than_15_digits_as_a_number_is_refused(take_in: TakeIn, tmp_path: Path) -> None:
    long = [330402001001001000 + number for number in range(3)]
    frame(long).with_columns(pl.col("grid_id").cast(pl.Float64)).write_parquet(tmp_path / "a.parquet")

    for path in (put_workbook(tmp_path / "a.xlsx", list(long)), tmp_path / "a.parquet"):
        with pytest.raises(
            InputRefusedError, match=r"grid_id holds numbers such as 2.02601E\+17 in 3 of 3 rows.*Format the column as text"
        ):
            take_in(path)


def test_ingest_whole_numbers_of_a_database_keep_all_digits(take_in: TakeIn, tmp_path: Path) -> None:
    frame([330402001001001001, 330402001001001002]).write_parquet(tmp_path / "a.parquet")
    frame(["330402001001001001", "330402001001001002"]).write_csv(tmp_path / "a.csv")

    assert (2, 2) == (take_in(tmp_path / "a.parquet").accepted, take_in(tmp_path / "a.csv").duplicate)


@pytest.mark.parametrize("word", ["NULL", "nan", "None", "无", "—", "0", "#N/A"])
def test_ingest_word_for_nothing_is_no_grid(word: str, take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    assert {"GRID_UNKNOWN": 1} == take_in(write_cases([case(1, grid_id=word), case(2)])).by_code


def test_ingest_word_for_nothing_in_optional_columns_counts_as_empty(take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    cells = {"source": "无", "level": "-", "people": "NULL", "resolved_at": "9999-12-31 00:00:00"}

    report = take_in(write_cases([case(1, **cells), case(2, resolved_at="1900-01-01"), case(3, resolved_at="0000-00-00 00:00:00")]))

    assert (3, {}) == (report.accepted, report.emptied)


def test_ingest_column_may_declare_its_own_words_for_nothing(take_in: TakeIn, tmp_path: Path) -> None:
    source = SourceFile.model_validate({"name": "cases", "columns": {**FLAT, "grid_id": {"from": "grid_id", "nothing": ["none yet"]}}})
    frame(["None yet", "0"]).write_csv(tmp_path / "a.csv")

    assert (1, {"GRID_UNKNOWN": 1}) == ((report := take_in(tmp_path / "a.csv", source)).accepted, report.by_code)


def test_ingest_word_that_a_column_gives_a_meaning_keeps_it(take_in: TakeIn, tmp_path: Path) -> None:
    category = {"from": "category", "values": {"other": ["无"], "neighbor": ["neighbor"]}}
    source = SourceFile.model_validate({"name": "cases", "columns": {**FLAT, "category": category}})
    frame(["g1"]).with_columns(category=pl.lit("无")).write_csv(tmp_path / "a.csv")

    assert 1 == take_in(tmp_path / "a.csv", source).accepted


def test_ingest_tells_of_codes_that_differ_by_spelling_only(take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    report = take_in(write_cases([case(1, grid_id="G-01"), case(2, grid_id="g1"), case(3, grid_id="g2")]))

    assert any("G-01 and g1" in remark for remark in report.remarks)


@pytest.mark.parametrize("cell", ["TRUE", "True", "T", "Y", "是", "√", "1.0", "yes"])
def test_ingest_reads_yes_in_the_usual_words(cell: str, take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    report = take_in(write_cases([case(1, self_found=cell), case(2, self_found="否")]))

    assert (2, {}) == (report.accepted, report.emptied)


def test_canonical_leaves_versions_and_names_alone() -> None:
    assert ["503", "1.10", "v2.0", "a1"] == canonical(pl.Series(["503.00", "1.10", "v2.0", "a\u202e1"])).to_list()


def test_spelt_differently_sees_case_noughts_and_separators() -> None:
    assert [("0503", "503")] == spelt_differently(pl.Series(["503", "0503", "504"]))


def test_empty_where_ignores_letter_case() -> None:
    assert [None, "x", None] == empty_where(pl.Series(["Null", "x", None]), ("null",)).to_list()


def test_regular_codes_are_those_that_pass_as_often_as_chance_lets_them() -> None:
    codes = pl.Series([f"35012200100{number:03}00" for number in range(60)])
    cards = pl.Series([f"62220212345{number:03}00" for number in range(60)])

    assert 6 == len(regular_codes(codes, codes[:6]))
    assert frozenset() == regular_codes(cards, cards)
    assert frozenset() == regular_codes(codes.append(pl.Series(["6222021234567890"])), pl.Series(["6222021234567890"]))
