"""Inspection of files as people keep them; the proposed source file is used for an ingest."""

from collections.abc import Callable
from dataclasses import astuple
from datetime import date
from pathlib import Path

import openpyxl
import pytest
import yaml

from features.errors import InputRefusedError
from features.intake.ingest import IngestReport
from features.intake.inspection import inspect_file
from features.intake.source_file import SourceFile
from features.intake.source_proposal import is_complete, propose

ZONE, TODAY = "Asia/Shanghai", date(2026, 6, 1)
HEADER = ("事件编号", "网格编码", "纠纷类别", "发生时间", "登记时间", "备注")


def rows(time: str = "2026-03-{day:02d} 08:30") -> list[tuple[str, ...]]:
    categories = ("邻里", "劳资纠纷", "噪音扰民")
    note = "已劝解，双方，同意"
    return [
        (f"A{day}", f"G{day % 2}", categories[day % 3], time.format(day=day), f"2026年03月{day + 1:02d}日", note) for day in range(1, 10)
    ]


def write(path: Path, lines: list[tuple[str, ...]], separator: str = ",", encoding: str = "utf-8") -> Path:
    path.write_text("".join(separator.join(line) + "\n" for line in lines), encoding=encoding)
    return path


def test_inspect_file_workbook_reads_the_sheet_with_cases_below_its_title(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    notes = book.active
    notes.title = "说明"
    notes.append(["填表说明"])
    cases = book.create_sheet("3月")
    cases.append(["3月台账"])
    for row in (HEADER, *rows()):
        cases.append(row)
    secret = book.create_sheet("旧")
    secret.append(HEADER)
    secret.sheet_state = "hidden"
    book.save(tmp_path / "book.xlsx")

    inspection = inspect_file(tmp_path / "book.xlsx", ZONE, TODAY)

    told = [astuple(sheet) for sheet in inspection.sheets]
    assert [("说明", None, False, "other columns"), ("3月", 2, True, ""), ("旧", None, False, "hidden")] == told
    assert (9, 2) == (inspection.rows, inspection.header_row)


def test_inspect_file_semicolons_in_gb18030_are_found_beside_commas_in_a_text(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [("台账",), HEADER, *rows()], ";", "gb18030")

    inspection = inspect_file(path, ZONE, TODAY)

    meanings = [column.meaning for column in inspection.columns]
    assert ("gb18030", ";", 2) == (inspection.encoding, inspection.separator, inspection.header_row)
    assert ["event_id", "grid_id", "category", "occurred_at", "reported_at", None] == meanings


def test_inspect_file_codes_are_counted_and_known_ones_named(tmp_path: Path) -> None:
    category = inspect_file(write(tmp_path / "a.csv", [HEADER, *rows()]), ZONE, TODAY).filling("category")

    assert category is not None
    counted = {(one.text, one.rows, one.code) for one in category.codes}
    assert {("邻里", 3, "neighbor"), ("劳资纠纷", 3, "labor_wage"), ("噪音扰民", 3, None)} == counted


def test_inspect_file_repeated_ids_and_rows_are_counted_apart(tmp_path: Path) -> None:
    lines = rows()
    path = write(tmp_path / "a.csv", [HEADER, *lines, lines[0], (*lines[1][:5], "另一件")])

    inspection = inspect_file(path, ZONE, TODAY)

    assert (2, 1) == (inspection.repeated_ids, inspection.repeated_rows)


def test_inspect_file_persons_are_told_by_class_and_number_only(tmp_path: Path) -> None:
    lines = [(*line[:5], "电话13800138000", "王小明") for line in rows()[:2]]
    path = write(tmp_path / "a.csv", [(*HEADER, "当事人姓名"), *lines])

    inspection = inspect_file(path, ZONE, TODAY)

    note, name = inspection.columns[5:]
    shown = repr(inspection) + propose(inspection, "a", ZONE)
    assert ({"PERSON_PHONE": 2}, True) == (note.persons, name.announces_persons)
    assert not any(secret in shown for secret in ("13800138000", "王小明"))


def test_propose_times_of_two_readings_are_left_to_choose(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [HEADER, *rows("{day:02d}/03/2026")])

    inspection = inspect_file(path, ZONE, TODAY)

    occurred = inspection.filling("occurred_at")
    assert occurred is not None
    assert occurred.times is not None
    assert ("%m/%d/%Y", "%d/%m/%Y") == occurred.times.ambiguous
    assert not is_complete(inspection)
    assert "formats" not in yaml.safe_load(propose(inspection, "a", ZONE))


def test_propose_day_beyond_twelve_states_the_only_format(tmp_path: Path) -> None:
    lines = [*rows("{day:02d}/03/2026"), ("A99", "G1", "邻里", "31/03/2026", "2026-04-01", "")]

    inspection = inspect_file(write(tmp_path / "a.csv", [HEADER, *lines]), ZONE, TODAY)

    assert ["%d/%m/%Y"] == yaml.safe_load(propose(inspection, "a", ZONE))["formats"]


SHORT_YEARS = {
    "26/3/{day}": ("%y/%m/%d", "%d/%m/%y"),
    "25.03.{day:02d}": ("%y.%m.%d", "%d.%m.%y"),
    "{day:02d}-03-26 8:05": ("%y-%m-%d %H:%M", "%d-%m-%y %H:%M"),
}


@pytest.mark.parametrize(("time", "readings"), SHORT_YEARS.items())
def test_propose_year_of_two_digits_is_not_guessed(time: str, readings: tuple[str, ...], tmp_path: Path) -> None:
    lines = [(*row[:3], row[3], row[3], row[5]) for row in rows(time)]

    inspection = inspect_file(write(tmp_path / "a.csv", [HEADER, *lines]), ZONE, TODAY)

    occurred = inspection.filling("occurred_at")
    assert occurred is not None
    assert occurred.times is not None
    assert (readings, False) == (occurred.times.ambiguous, is_complete(inspection))


@pytest.mark.parametrize(
    ("time", "last", "expected"),
    [
        ("26/3/{day}", "26/3/31", "%y/%m/%d"),
        ("26年3月{day}日", "26年3月31日", "%y年%m月%d日"),
        ("{day:02d}.03.26", "31.03.26", "%d.%m.%y"),
    ],
)
def test_propose_year_of_two_digits_that_only_one_reading_fits_is_stated(time: str, last: str, expected: str, tmp_path: Path) -> None:
    lines = [*rows(time), ("A99", "G1", "邻里", last, "2026-04-01", "")]

    text = propose(inspect_file(write(tmp_path / "a.csv", [HEADER, *lines]), ZONE, TODAY), "a", ZONE)

    assert [expected] == yaml.safe_load(text)["formats"]
    assert "26 is read as 2026" in text


def test_propose_other_column_settles_the_order_of_day_and_month(tmp_path: Path) -> None:
    lines = [(*row[:4], "31/03/2026 09:00", "") for row in rows("{day:02d}/03/2026")]

    text = propose(inspect_file(write(tmp_path / "a.csv", [HEADER, *lines]), ZONE, TODAY), "a", ZONE)

    assert ["%d/%m/%Y %H:%M", "%d/%m/%Y"] == yaml.safe_load(text)["formats"]


def test_propose_columns_of_one_name_are_numbered_and_left_to_choose(tmp_path: Path, take_in: Callable[..., IngestReport]) -> None:
    header = ("事件编号", "网格编码", "纠纷类别", "发生时间", "发生时间", "登记时间", "备注", "备注")
    lines = [(*row[:3], row[3], row[4], row[4], "", "") for row in rows() if row[2] != "噪音扰民"]
    path = write(tmp_path / "a.csv", [header, *lines])

    inspection = inspect_file(path, ZONE, TODAY)
    text = propose(inspection, "a", ZONE)

    assert ("occurred_at" in inspection.missing, is_complete(inspection)) == (True, False)
    assert "# occurred_at: TO FILL, a column of the file (发生时间 (1) or 发生时间 (2), which share a name)" in text
    chosen = SourceFile.model_validate(yaml.safe_load(text.replace("  # occurred_at:", "  occurred_at: 发生时间 (2) #")))
    assert 6 == take_in(path, chosen).accepted
    assert ("发生时间 (1)", "备注 (1)", "备注 (2)") == take_in(path, chosen).left_out


def test_propose_name_with_long_instructions_is_shortened_and_still_fits(tmp_path: Path, take_in: Callable[..., IngestReport]) -> None:
    grid, remark = f"网格编码（{'按编码表填写；' * 1_700}）", "说明" * 6_000
    header = ("*事件编号（必填）", grid, *HEADER[2:5], remark)
    path = write(tmp_path / "a.csv", [header, *(row for row in rows() if row[2] != "噪音扰民")])

    text = propose(inspect_file(path, ZONE, TODAY), "a", ZONE)

    assert max(map(len, text.splitlines())) < 200
    assert 6 == take_in(path, SourceFile.model_validate(yaml.safe_load(text))).accepted


def test_propose_total_and_repeated_header_turn_no_time_into_another(tmp_path: Path) -> None:
    total = ("合计", "", "", "9件", "", "")
    path = write(tmp_path / "a.csv", [HEADER, *rows()[:4], HEADER, *rows()[4:], total])

    inspection = inspect_file(path, ZONE, TODAY)

    meanings = {column.name: (column.meaning, column.times.unread) for column in inspection.columns if column.times}
    assert meanings == {"发生时间": ("occurred_at", 0), "登记时间": ("reported_at", 0)}
    assert (9, 2) == (inspection.rows, inspection.no_cases)


def test_inspect_file_utf_16_is_called_by_its_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", [HEADER, *rows()], "\t", "utf-16")

    with pytest.raises(InputRefusedError, match="looks like UTF-16"):
        inspect_file(path, ZONE, TODAY)


def test_propose_missing_grid_is_left_to_fill(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [(name, *rest) for name, _, *rest in [HEADER, *rows()]])

    inspection = inspect_file(path, ZONE, TODAY)

    assert ("grid_id" in inspection.missing, False) == (True, is_complete(inspection))
    assert "# grid_id: TO FILL" in propose(inspection, "a", ZONE)


def test_propose_source_file_is_used_for_an_ingest(tmp_path: Path, take_in: Callable[..., IngestReport]) -> None:
    lines = [line for line in rows("{day:02d}.03.2026 08:30") if line[2] != "噪音扰民"]
    lines.append(("A99", "G1", "邻里", "31.03.2026 08:30", "2026-04-01", "已办"))
    path = write(tmp_path / "三月.csv", [("台账",), HEADER, *lines], ";", "gb18030")

    source = SourceFile.model_validate(yaml.safe_load(propose(inspect_file(path, ZONE, TODAY), "ledger", ZONE)))
    report = take_in(path, source)

    assert (7, 7) == (report.read, report.accepted)
    assert "dispute" == source.columns["event_type"].value
