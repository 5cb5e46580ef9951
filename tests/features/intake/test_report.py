"""When a load counts as failed, and what is said of it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from features.errors import UsageError
from features.intake.quarantine import Code
from features.intake.report import IngestReport, Unmapped, advice, load_faults
from features.intake.source_file import SourceFile, find_source

Case = Callable[..., str]
TakeIn = Callable[..., IngestReport]
WriteCases = Callable[..., Path]


def report(read: int = 100, accepted: int = 0, duplicate: int = 0, **more: object) -> IngestReport:
    counts = {"quarantined": read - accepted - duplicate, "seconds": 0.0, "by_code": {}, "normalised": 0, "left_out": (), "redrawn": 0}
    return IngestReport(read=read, accepted=accepted, duplicate=duplicate, refused=None, **(counts | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (report(40), "none of 40 rows was taken in"),
        (report(100, accepted=94), "6 of 100 rows were refused, more than the 5%"),
        (report(100, accepted=100, emptied={("closed", Code.TIME_FORMAT): 9}), "column closed could not be read in 9 of 100 rows"),
    ],
)
def test_load_faults_lost_load_fails(made: IngestReport, fault: str) -> None:
    assert [True] == [fault in one for one in load_faults(made, 0.05)]


@pytest.mark.parametrize("made", [report(0), report(100, duplicate=100), report(100, accepted=95), report(1, accepted=1)])
def test_load_faults_repeated_empty_or_nearly_whole_load_is_none(made: IngestReport) -> None:
    assert [] == load_faults(made, 0.05)


def test_advice_year_of_two_digits_is_told() -> None:
    made = report(9, unmapped=(Unmapped("发生时间", Code.TIME_FORMAT, "99/9/9 9:99", 9),))

    assert "years seem to have two digits" in list(advice(made))[-1]


def test_advice_all_known_is_told() -> None:
    assert ["All rows were known already: is it the file of last time?"] == list(advice(report(9, duplicate=9)))


def test_advice_serial_dates_are_named_once_for_all_their_columns() -> None:
    unmapped = tuple(Unmapped(name, Code.TIME_FORMAT, "99999.999", 50) for name in ("occurred_at", "reported_at"))

    (line,) = advice(report(50, unmapped=unmapped))

    assert line.startswith("occurred_at, reported_at: numbers such as 45299.6 look like Excel dates")


def test_ingest_counts_what_to_map_and_shows_no_person(take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    unknown = [
        *(case(number, category="邻里纠纷") for number in range(3)),
        *(case(number, category="居民王秀英反映") for number in (9, 10)),
    ]

    made = take_in(write_cases([*unknown, *(case(20 + number) for number in range(60))]))

    told = " ".join(advice(made))
    assert "category: not in the code list (CATEGORY_UNKNOWN): 邻里纠纷 (3 rows)" in told
    assert "王" not in told


def test_ingest_ids_that_begin_anew_are_told_and_can_be_made_of_several_columns(take_in: TakeIn, tmp_path: Path) -> None:
    names = {"grid_id": "网格", "category": "类别", "occurred_at": "日期", "reported_at": "日期"}
    rows = [f"{year},{number:04},g1,neighbor,{year}-03-{number + 1:02}" for year in (2024, 2025) for number in range(10)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["年度,编号,网格,类别,日期", *rows]), encoding="utf-8")

    def source(event_id: object) -> SourceFile:
        return SourceFile.model_validate({"name": "ledger", "columns": {**names, "event_type": {"value": "dispute"}, "event_id": event_id}})

    first = take_in(path, source("编号"))

    assert 10 == first.by_code["ID_CONFLICT"]
    assert any("from: [year, number]" in line for line in advice(first))
    assert 20 == take_in(path, source({"from": ["年度", "编号"]})).accepted


def test_ingest_date_and_time_of_day_in_two_columns(take_in: TakeIn, tmp_path: Path) -> None:
    columns = {"event_id": "编号", "grid_id": "网格", "category": "类别", "event_type": {"value": "dispute"}}
    times = {"occurred_at": {"from": ["日期", "时间"]}, "reported_at": {"from": ["日期", "时间"]}}
    path = tmp_path / "a.csv"
    path.write_text("编号,网格,类别,日期,时间\n1,g1,neighbor,2024-03-01,8:30\n", encoding="utf-8")

    assert 1 == take_in(path, SourceFile.model_validate({"name": "ledger", "columns": {**columns, **times}})).accepted


def test_find_source_formats_that_read_one_text_twice_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    columns = "".join(f"  {name}: {name}\n" for name in ("event_id", "grid_id", "event_type", "category", "occurred_at", "reported_at"))
    path.write_text(f'name: hotline\nformats: ["%m/%d/%Y", "%d/%m/%Y"]\ncolumns:\n{columns}', encoding="utf-8")

    with pytest.raises(UsageError, match="as two different moments"):
        find_source(str(path))


def test_ingest_refusal_for_persons_names_column_class_and_rows(take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    from features.errors import InputRefusedError

    lines = [case(number, note=f"120.70{number:04}") for number in range(40)]

    with pytest.raises(InputRefusedError, match=r"column note in 40 of 40 rows \(PERSON_ACCOUNT: .*position.*leave it out"):
        take_in(write_cases(lines))


def test_ingest_sixteen_digit_codes_without_a_grid_file_are_codes(take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    lines = [case(number, grid_id=f"35012200100{number % 40 + 100}00") for number in range(200)]

    assert (200, 0) == ((made := take_in(write_cases(lines))).accepted, made.quarantined)


def test_ingest_numbers_of_times_are_no_persons(take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    lines = [case(number, occurred_at=f"4529{number % 10}.602777777775") for number in range(40)]

    made = take_in(write_cases(lines))

    assert {"TIME_FORMAT": 40} == made.by_code
    assert any("Excel dates" in line for line in advice(made))
