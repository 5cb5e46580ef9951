"""Columns of a case, read from cells as senders write them."""

from datetime import UTC, date, datetime

import polars as pl
import pytest

from features.intake.columns import (
    MOST_PEOPLE,
    Cells,
    grid_ids,
    parent_paths,
    read_cells,
    read_codes,
    read_grids,
    read_ids,
    read_people,
    read_times,
    refuse_closed_grids,
    refuse_disorder,
    refuse_formulas,
)
from features.intake.quarantine import Code, RowErrors
from features.intake.readers.batches import RowBatch
from features.intake.rules import set_terms
from features.intake.source_file import CASE_COLUMNS, SourceFile
from features.schema import Col
from features.settings import LogSettings

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RIGHT = {
    "event_id": "c1",
    "grid_id": "g1",
    "event_type": "dispute",
    "category": "neighbor",
    "occurred_at": "2026-05-01 09:00",
    "reported_at": "2026-05-01 10:00",
}
KEY = bytes(32)


def read(*rows: dict[str, str | None], columns: dict | None = None, grids: pl.DataFrame | None = None, **source) -> Cells:
    """Read rows that are right unless a cell says otherwise; every column of a case among them carries its own name."""
    full = [RIGHT | row for row in rows]
    named = {name: name for name in full[0] if name in CASE_COLUMNS}
    terms = set_terms(SourceFile(name="ledger", columns=named | (columns or {}), **source), LogSettings(), grids, NOW)
    frame = pl.DataFrame(full, schema=dict.fromkeys(full[0], pl.String))
    return read_cells(RowBatch(pl.int_range(1, len(full) + 1, eager=True), frame), terms)


def faults_of(cells: Cells) -> RowErrors:
    return RowErrors(cells.frame.height)


def registered(**closed: date | None) -> pl.DataFrame:
    return pl.DataFrame({"grid_id": list(closed), "at": list(closed.values())}, schema={"grid_id": pl.String, "at": pl.Date})


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (" g1 ", "g1"),
        ("Ｇ１", "G1"),
        ("503.0", "503"),
        ("5.10", "5.10"),
        ("g\u200b1", "g1"),
        ('="0012"', "0012"),
        ("'0012", "0012"),
        ("无", None),
        ("NULL", None),
        ("0", None),
        ("", None),
    ],
    ids=["blanks", "full width", "float", "decimal", "zero width", "formula text", "apostrophe", "nothing", "null", "nought", "empty"],
)
def test_grid_code_is_written_in_one_form(written: str, expected: str | None) -> None:
    assert [expected] == read({"grid_id": written}).grid_code.to_list()


def test_event_id_nought_is_an_id() -> None:
    assert ["0"] == read({"event_id": "0"}).code(Col.EVENT_ID).to_list()


def test_read_cells_full_width_cells_are_counted_in_mapped_columns_only() -> None:
    cells = read({"grid_id": "ｇ１", "note": "（备注）"}, {"grid_id": "g2", "note": "２"}, {"grid_id": "g3", "note": "３"})

    assert 1 == cells.normalised
    assert ["（备注）", "２", "３"] == cells.frame["note"].to_list()


def test_code_of_two_columns_is_joined_and_missing_where_a_part_is_missing() -> None:
    cells = read({"street": "T1", "number": "7.0"}, {"street": "T1", "number": "-"}, columns={"grid_id": {"from": ["street", "number"]}})

    assert ["T1-7", None] == cells.grid_code.to_list()


def test_code_with_digits_keeps_the_first_whole_number_padded() -> None:
    cells = read({"grid_id": "第7网格"}, {"grid_id": "12345号"}, {"grid_id": "东"}, columns={"grid_id": {"from": "grid_id", "digits": 4}})

    assert ["0007", "12345", None] == cells.grid_code.to_list()


def test_text_own_words_for_nothing_replace_the_usual_ones() -> None:
    cells = read({"source": "无"}, {"source": "Blank"}, columns={"source": {"from": "source", "nothing": ["blank"]}})

    assert ["无", None] == cells.text(Col.SOURCE).to_list()


def test_text_word_for_nothing_that_the_column_gives_a_meaning_keeps_it() -> None:
    cells = read({"source": "无"}, {"source": "未知"}, columns={"source": {"from": "source", "values": {"other": ["无"]}}})

    assert ["无", None] == cells.text(Col.SOURCE).to_list()


def test_text_one_value_for_all_rows_fills_every_row() -> None:
    assert ["dispute", "dispute"] == read({}, {}, columns={"event_type": {"value": "dispute"}}).text(Col.EVENT_TYPE).to_list()


@pytest.mark.parametrize("formula", ["=1+1", "=HYPERLINK(1)", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3(4)"])
def test_refuse_formulas_in_a_mapped_column_refuses_the_row(formula: str) -> None:
    cells = read({"category": formula})
    faults = faults_of(cells)
    refuse_formulas(cells, faults)

    assert [("category", Code.CELL_FORMULA)] == faults.reasons


@pytest.mark.parametrize("harmless", ["-", "+86", "a=1", "@town", "-5"])
def test_refuse_formulas_text_that_only_begins_like_one_is_kept(harmless: str) -> None:
    cells = read({"category": harmless})
    faults = faults_of(cells)
    refuse_formulas(cells, faults)

    assert [] == faults.reasons


def test_refuse_formulas_in_a_column_that_is_not_read_is_kept() -> None:
    cells = read({"note": "=1+1"})
    faults = faults_of(cells)
    refuse_formulas(cells, faults)

    assert [] == faults.reasons


def test_read_ids_missing_and_too_long_are_refused() -> None:
    cells = read({"event_id": None}, {"event_id": "n" * 65}, {"event_id": "n" * 64})
    faults = faults_of(cells)
    read_ids(cells, faults, KEY)

    assert [("event_id", Code.ID_MISSING), ("event_id", Code.ID_FORMAT)] == faults.reasons
    assert [True, True, False] == faults.rows.to_list()


def test_read_ids_same_id_in_another_source_is_another_case() -> None:
    one, shared, alike = (read({}, **source) for source in ({}, {"id_space": "hotline"}, {"id_space": "hotline"}))
    ids = [read_ids(cells, faults_of(cells), KEY).item() for cells in (one, shared, alike)]

    assert ids[1] == ids[2]
    assert ids[0] != ids[1]


def test_read_ids_hold_nothing_of_the_id() -> None:
    cells = read({"event_id": "CASE-20260501-7"})

    assert "20260501" not in read_ids(cells, faults_of(cells), KEY).item()


def test_read_grids_outside_the_grid_table_are_refused() -> None:
    cells = read({"grid_id": "g1"}, {"grid_id": "g9"}, {"grid_id": None}, grids=registered(g1=None, g2=None))
    faults = faults_of(cells)

    assert ["g1", None, None] == read_grids(cells, faults).to_list()
    assert [("grid_id", Code.GRID_UNKNOWN)] * 2 == faults.reasons


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("330483-A_1.2:b", "330483-A_1.2:b"),
        ("x" * 32, "x" * 32),
        ("x" * 33, None),
        ("南湖街道", None),
        ("a b", None),
        ("-a", None),
        ("a/b", None),
    ],
    ids=["all characters", "32 characters", "33 characters", "name", "blank", "begins with a mark", "path"],
)
def test_grid_ids_without_a_table_only_codes_are_taken(written: str, expected: str | None) -> None:
    assert [expected] == grid_ids(read({"grid_id": written})).to_list()


def test_grid_ids_name_in_the_grid_table_is_taken() -> None:
    assert ["南湖街道"] == grid_ids(read({"grid_id": "南湖街道"}, grids=registered(南湖街道=None))).to_list()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("330483101001005", "330483/330483101/330483101001"),
        ("990101001001", ""),
        ("9901010010013", "990101/990101001/990101001001"),
        ("160483101001005", ""),
        ("33048310100", ""),
        ("g330483101001005", ""),
    ],
    ids=["standard", "12 digits", "made-up province", "no such province", "too short", "letters"],
)
def test_parent_paths_of_standard_codes_tell_district_township_and_community(code: str, expected: str) -> None:
    assert [expected] == parent_paths(read({"grid_id": code})).to_list()


def test_parent_paths_are_joined_from_the_top_and_missing_where_a_part_is() -> None:
    rows = ({"town": "T1", "village": "V/1"}, {"town": "T1", "village": "无"}, {"town": "..", "village": "V1"})

    assert ["T1/V-1", None, None] == parent_paths(read(*rows, parents=["town", "village"])).to_list()


def test_read_codes_unknown_text_of_a_needed_column_is_refused_and_told() -> None:
    cells = read({"category": "neighbor"}, {"category": "quarrel"}, {"category": None})
    faults = faults_of(cells)

    assert ["neighbor", None, None] == read_codes(Col.CATEGORY, cells, faults).to_list()
    assert [("category", Code.CATEGORY_UNKNOWN)] * 2 == faults.reasons
    assert {("category", Code.CATEGORY_UNKNOWN, "quarrel"): 1, ("category", Code.CATEGORY_UNKNOWN, ""): 1} == faults.seen


def test_read_codes_unknown_text_of_an_optional_column_is_emptied_and_counted() -> None:
    cells = read({"source": "hotline"}, {"source": "pigeon"}, {"source": None})
    faults = faults_of(cells)

    assert ["hotline", None, None] == read_codes(Col.SOURCE, cells, faults).to_list()
    assert [] == faults.reasons
    assert {("source", Code.SOURCE_UNKNOWN): 1} == faults.emptied


def test_read_codes_number_written_as_a_float_is_found_in_the_map() -> None:
    cells = read({"category": "3.0"}, columns={"category": {"from": "category", "values": {"contract": ["3"]}}})

    assert ["contract"] == read_codes(Col.CATEGORY, cells, faults_of(cells)).to_list()


def test_read_codes_empty_cell_that_has_a_meaning_gets_it() -> None:
    cells = read({"category": None}, columns={"category": {"from": "category", "values": {"other": [""]}}})

    assert ["other"] == read_codes(Col.CATEGORY, cells, faults_of(cells)).to_list()


def test_read_codes_a_map_replaces_the_closed_list() -> None:
    cells = read({"category": "neighbor"}, columns={"category": {"from": "category", "values": {"contract": ["合同"]}}})

    assert [None] == read_codes(Col.CATEGORY, cells, faults_of(cells)).to_list()


@pytest.mark.parametrize(
    ("written", "expected"), [("YES", True), ("是", True), ("√", True), ("0", False), ("不是", False), ("maybe", None)]
)
def test_read_codes_self_found_reads_yes_and_no_in_any_case(written: str, expected: bool | None) -> None:
    cells = read({"self_found": written})

    assert [expected] == read_codes(Col.SELF_FOUND, cells, faults_of(cells)).to_list()


def test_read_times_needed_time_that_is_empty_or_unreadable_is_refused() -> None:
    cells = read({"occurred_at": None}, {"occurred_at": "yesterday"}, {})
    faults = faults_of(cells)
    read_times(Col.OCCURRED_AT, cells, faults)

    assert [("occurred_at", Code.TIME_MISSING), ("occurred_at", Code.TIME_FORMAT)] == faults.reasons


def test_read_times_of_an_unreadable_time_only_the_pattern_is_told() -> None:
    cells = read({"occurred_at": "31/12 at 7pm by Li" + "x" * 60})
    faults = faults_of(cells)
    read_times(Col.OCCURRED_AT, cells, faults)

    assert [("occurred_at", Code.TIME_FORMAT, ("99/99 aa 9aa aa aa" + "a" * 60)[:40])] == list(faults.seen)


def test_read_times_optional_time_that_is_unreadable_is_emptied() -> None:
    cells = read({"resolved_at": "soon"}, {"resolved_at": "2026-05-02 08:00"}, {"resolved_at": "办理中"})
    faults = faults_of(cells)

    assert [None, datetime(2026, 5, 2, tzinfo=UTC), None] == read_times(Col.RESOLVED_AT, cells, faults).to_list()
    assert [] == faults.reasons
    assert {("resolved_at", Code.TIME_FORMAT): 1} == faults.emptied


def test_read_times_stand_in_for_no_deadline_is_no_deadline() -> None:
    cells = read({"deadline_at": "9999-12-31"}, {"deadline_at": "2030-01-01"})

    assert [None, datetime(2029, 12, 31, 16, tzinfo=UTC)] == read_times(Col.DEADLINE_AT, cells, faults_of(cells)).to_list()


def test_read_times_in_the_future_only_a_deadline_may_lie() -> None:
    cells = read({"deadline_at": "2027-01-01", "reported_at": "2027-01-01"})
    faults = faults_of(cells)
    read_times(Col.DEADLINE_AT, cells, faults)
    read_times(Col.REPORTED_AT, cells, faults)

    assert [("reported_at", Code.TIME_FUTURE)] == faults.reasons


def test_read_times_date_and_time_of_day_in_two_columns_are_joined() -> None:
    columns = {"occurred_at": {"from": ["day", "clock"]}}
    cells = read({"day": "2026-05-01T00:00:00", "clock": "09:30"}, columns=columns)

    assert [datetime(2026, 5, 1, 1, 30, tzinfo=UTC)] == read_times(Col.OCCURRED_AT, cells, faults_of(cells)).to_list()


@pytest.mark.parametrize(
    ("occurred", "reported", "refused"),
    [
        ("2026-05-01 09:00:00", "2026-05-01 09:00:00", False),
        ("2026-05-01 09:00:59", "2026-05-01 09:00:00", False),
        ("2026-05-01 09:01:00", "2026-05-01 09:00:00", True),
        ("2026-05-01 23:59:59", "2026-05-01", False),
        ("2026-05-02 00:00:00", "2026-05-01", True),
    ],
    ids=["same moment", "within a minute", "a minute", "a date stands for its day", "the next day"],
)
def test_refuse_disorder_report_before_the_event_is_refused_beyond_the_slack(occurred: str, reported: str, refused: bool) -> None:
    cells = read({"occurred_at": occurred, "reported_at": reported})
    faults = faults_of(cells)
    refuse_disorder(pl.DataFrame({name: cells.moments[name][0] for name in cells.moments}), cells, faults)

    assert [("reported_at", Code.TIME_ORDER)] * refused == faults.reasons


def test_refuse_disorder_known_before_the_report_is_refused() -> None:
    cells = read({"known_at": "2026-05-01 09:30", "reported_at": "2026-05-01 10:00"})
    faults = faults_of(cells)
    refuse_disorder(pl.DataFrame({name: cells.moments[name][0] for name in cells.moments}), cells, faults)

    assert [("known_at", Code.TIME_ORDER)] == faults.reasons


@pytest.mark.parametrize(("occurred", "refused"), [("2026-04-30 23:59", False), ("2026-05-01 00:00", True)], ids=["before", "on the day"])
def test_refuse_closed_grids_from_the_local_day_of_the_redraw(occurred: str, refused: bool) -> None:
    cells = read({"occurred_at": occurred}, grids=registered(g1=date(2026, 5, 1), g2=None))
    faults = faults_of(cells)
    refuse_closed_grids(grid_ids(cells), cells.moments[Col.OCCURRED_AT][0], cells, faults)

    assert [("grid_id", Code.GRID_CLOSED)] * refused == faults.reasons


@pytest.mark.parametrize(
    ("written", "bucket"),
    [
        ("1", "1-2"),
        ("2", "1-2"),
        ("3", "3-4"),
        ("5", "5-9"),
        ("9.0", "5-9"),
        ("10", "10-29"),
        ("30", "30+"),
        ("１００", "30+"),
        (None, None),
    ],
)
def test_read_people_number_becomes_its_bucket(written: str | None, bucket: str | None) -> None:
    cells = read({"people": written})

    assert [bucket] == read_people(cells, faults_of(cells)).to_list()


@pytest.mark.parametrize(
    ("written", "code"),
    [("0", Code.NUMBER_RANGE), ("-3", Code.NUMBER_NEGATIVE), (str(MOST_PEOPLE + 1), Code.NUMBER_RANGE), ("9" * 30, Code.NUMBER_RANGE)],
    ids=["nobody", "negative", "beyond reason", "beyond 64 bits"],
)
def test_read_people_number_out_of_range_is_refused(written: str, code: Code) -> None:
    cells = read({"people": written})
    faults = faults_of(cells)
    read_people(cells, faults)

    assert [("people", code)] == faults.reasons


def test_read_people_words_are_emptied() -> None:
    cells = read({"people": "some"})
    faults = faults_of(cells)

    assert [None] == read_people(cells, faults).to_list()
    assert {("people", Code.NUMBER_FORMAT): 1} == faults.emptied
