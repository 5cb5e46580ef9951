"""A file in the event log: all its rows, once, with their news later."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from sqlalchemy import create_engine, select

from features.database.engine import database_url, open_database, reading
from features.database.tables import area
from features.errors import InputRefusedError, StoreError, UsageError
from features.eventlog.read import read_log
from features.eventlog.snapshot import LogSnapshot
from features.intake import ingest
from features.intake.ingest import IngestReport, IngestRequest, preview
from features.intake.source_file import SourceFile
from features.settings import LogSettings
from features.storage.home import Home
from features.targets import UnresolvedAfter

NOW = datetime(2026, 6, 1, tzinfo=UTC)
Case = Callable[..., str]
HEADER = "event_id,grid_id,event_type,category,occurred_at,reported_at,resolved_at,people,source,level,self_found,note"
TakeIn = Callable[..., IngestReport]
WriteCases = Callable[..., Path]

TOWN = SourceFile.model_validate(
    {
        "name": "town",
        "zone": "America/New_York",
        "encoding": "gb18030",
        "formats": ["%m/%d/%Y %I:%M:%S %p"],
        "columns": {
            "event_id": "编号",
            "grid_id": {"from": "网格", "digits": 4},
            "event_type": {"value": "service_request"},
            "category": {"from": "类别", "values": {"neighbor": ["邻里"], "noise": ["噪音(夜)", ""]}},
            "occurred_at": "时间",
            "reported_at": "时间",
        },
        "parents": [{"from": "区", "digits": 2}, "街道"],
        "derived": [{"action": "escalated", "when": "unresolved_after", "days": 30}],
    }
)


def log(home: Home) -> LogSnapshot:
    engine = open_database(database_url(home, LogSettings()))
    snapshot = read_log(home, engine)
    engine.dispose()
    return snapshot


def counts(report: IngestReport) -> tuple[int, int, int, int]:
    return report.read, report.accepted, report.duplicate, report.quarantined


@pytest.mark.parametrize("marked", ['="{}"', "'{}", "‘{}"])
def test_ingest_id_marked_as_text_by_a_spreadsheet_is_the_same_id(
    marked: str, home: Home, take_in: TakeIn, write_cases: WriteCases, case: Case
) -> None:
    take_in(write_cases([case(1), case(2)]))

    again = take_in(write_cases([case(1, event_id=marked.format("c1"), grid_id=marked.format("g1"), level=marked.format("community"))]))

    assert (1, 0, 1, 0) == counts(again)


def test_ingest_formula_beside_text_is_still_refused(take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    assert {"CELL_FORMULA": 1} == take_in(write_cases([case(1), case(2, event_id='="c"&"2"')])).by_code


TOTALS = ("合计", "小计：3", "本页合计", "总 计", "Total", "填表人：某某", "备注：截至月底")


@pytest.mark.parametrize("word", TOTALS)
def test_ingest_total_note_and_repeated_header_are_told_and_no_bad_cases(
    word: str, take_in: TakeIn, write_cases: WriteCases, case: Case
) -> None:
    in_last_column = f"{',' * (HEADER.count(',') - 1)}3,{word}"
    with_marks = f"{word},-,-,,,3 件"
    path = write_cases([case(1), HEADER, case(2), word, in_last_column, f"{with_marks}{',' * 6}", case(3)])

    report = take_in(path)

    assert (3, 3, 0, 0) == counts(report)
    assert any(": 4 (row 2, 4, 5, 6 below the header)." in remark for remark in report.remarks)


def test_ingest_row_that_only_speaks_of_a_total_is_judged_as_a_case(take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    whole = case(1, event_id="合计 1", people="", source="", level="", self_found="")
    lacking = case(2, grid_id="", note="合计 3 户")

    report = take_in(write_cases([whole, lacking]))

    assert (2, 1, 0, 1) == counts(report)


def test_ingest_column_that_is_read_and_stands_twice_is_refused(take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    with pytest.raises(InputRefusedError, match="found 'resolved_at' again"):
        take_in(write_cases([f"{case(1)},2026-05-20"], header=f"{HEADER},resolved_at"))

    assert 1 == take_in(write_cases([f"{case(1)},x"], header=f"{HEADER},note")).accepted


def test_ingest_same_file_again_adds_nothing(home: Home, take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    path = write_cases([case(1), case(2, category="?"), case(3)])

    assert counts(take_in(path)) == (3, 2, 0, 1)
    before = log(home).sequence
    assert counts(take_in(path)) == (3, 0, 2, 1)
    assert log(home).sequence == before


def test_ingest_same_rows_in_another_file_are_duplicates(take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    take_in(write_cases([case(1), case(2)]))

    assert counts(take_in(write_cases([case(2), case(3)], "later.csv"))) == (2, 1, 1, 0)


def test_ingest_without_the_key_of_the_log_is_refused(home: Home, take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    """A new key would make new ids of the same cases, and every case would stand twice."""
    path = write_cases([case(1)])
    take_in(path)
    key = home.keys / "intake.key"
    kept = key.read_bytes()
    key.unlink()

    with pytest.raises(StoreError, match="must hold the key that made the ids of the event log, found none"):
        take_in(path)
    assert not key.exists()
    key.write_bytes(bytes(32))
    key.chmod(0o600)
    with pytest.raises(StoreError, match="found another one"):
        take_in(path)
    key.write_bytes(kept)
    assert counts(take_in(path)) == (1, 0, 1, 0)


def test_ingest_news_of_a_case_appends_its_transition(home: Home, take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    take_in(write_cases([case(1)]))

    assert counts(take_in(write_cases([case(1, resolved_at="2026-05-09")]))) == (1, 1, 0, 0)
    assert log(home).records["action"].to_list() == ["reported", "resolved"]


def test_ingest_after_the_source_file_was_mended_takes_what_was_refused(take_in: TakeIn, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("编号,网格,类别,时间,区,街道\n1,12.0,环保,01/31/2026 12:20:09 AM,Ward 6,A\n", encoding="gb18030")
    category = TOWN.columns["category"]
    mended = category.model_copy(update={"values": {**category.values, "environment": ("环保",)}})

    assert take_in(path, TOWN).by_code == {"CATEGORY_UNKNOWN": 1}
    assert take_in(path, TOWN.model_copy(update={"columns": {**TOWN.columns, "category": mended}})).accepted == 1


def test_preview_tells_what_ingest_would_do_and_stores_nothing(home, take_in, write_cases, case) -> None:
    take_in(write_cases([case(1)], "before.csv"))
    sequence, refused = log(home).sequence, len(list(home.quarantine.iterdir()))
    path = write_cases([case(1), case(2), case(3, category="?"), case(4), case(4)])

    told = preview(home, LogSettings(), IngestRequest(path), NOW)

    assert (sequence, refused) == (log(home).sequence, len(list(home.quarantine.iterdir())))
    done = take_in(path)
    assert (5, 2, 2, 1) == counts(told) == counts(done)
    assert done.by_field == told.by_field
    assert done.unmapped == told.unmapped


def test_preview_knows_the_grids_of_the_file_that_comes_with_it(home, write_cases, case, tmp_path) -> None:
    grids = tmp_path / "grids.csv"
    grids.write_text("grid_id,name,parent_path,lon,lat\ng1,One,d/t,120,30\n")
    path = write_cases([case(1, grid_id="g1"), case(2, grid_id="g2")])

    told = preview(home, LogSettings(), IngestRequest(path, grids=grids), NOW)

    assert (2, 1, 0, 1) == counts(told)
    assert {("grid_id", "GRID_UNKNOWN"): 1} == told.by_field
    assert log(home).grids.is_empty()


def test_ingest_takes_names_of_areas_from_the_grid_file_and_keeps_them(home, take_in, write_cases, case, tmp_path) -> None:
    grids = tmp_path / "grids.csv"
    for header, names in (("grid_id,name,parent_path,lon,lat,parent_names", ",示例区/甲街道"), ("grid_id,name,parent_path,lon,lat", "")):
        grids.write_text(f"{header}\ng1,One,d/t,120,30{names}\n", encoding="utf-8")
        take_in(write_cases([case(1, grid_id="g1")]), grids=grids)
    engine = open_database(database_url(home, LogSettings()))
    with reading(engine) as connection:
        names = {row.path: row.name for row in connection.execute(select(area))}
    engine.dispose()

    assert {"d": "示例区", "d/t": "甲街道"} == names


@pytest.mark.parametrize(
    ("code", "path"),
    [("330106001002003", "330106/330106001/330106001002"), ("330106001002", ""), ("880106001002003", ""), ("G12", "")],
)
def test_ingest_without_a_grid_file_takes_areas_from_codes_of_the_national_standard(home, take_in, write_cases, case, code, path) -> None:
    take_in(write_cases([case(1, grid_id=code)]))

    assert [path] == log(home).grids["parent_path"].cast(pl.String).to_list()


def test_ingest_maps_a_file_of_another_shape(home: Home, take_in: TakeIn, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [
        "7,503.0,噪音\uff08夜\uff09,01/31/2026 12:20:09 AM,Ward 6,A/B",
        "8,0503,,07/31/2026 01:00:00 AM,06,A/B",
        "9,503,邻里,11/02/2025 01:30:00 AM,6,C",
        "10,503,邻里,12/02/2025 01:30:00 PM,6,C",
    ]
    path.write_text("\n".join(["编号,网格,类别,时间,区,街道", *rows]), encoding="gb18030")

    report = take_in(path, TOWN, now=datetime(2026, 12, 1, tzinfo=UTC))

    snapshot = log(home)
    assert (report.by_code, report.normalised) == ({"TIME_AMBIGUOUS": 1}, 1)
    assert snapshot.records.select("grid_id", "category").rows() == [("0503", "noise"), ("0503", "noise"), ("0503", "neighbor")]
    assert snapshot.records["occurred_at"].to_list()[0] == datetime(2026, 1, 31, 5, 20, 9, tzinfo=UTC)
    assert snapshot.grids.select("grid_id", "parent_path").rows() == [("0503", "06/A-B")]
    assert snapshot.feeds["town"].rules == (UnresolvedAfter(action="escalated", when="unresolved_after", days=30),)


def test_ingest_keeps_group_sizes_as_buckets(home: Home, take_in: TakeIn, write_cases: WriteCases, case: Case) -> None:
    take_in(write_cases([case(number, people=size) for number, size in enumerate(["2", "3", "", "９", "10.0", "4000"])]))

    assert log(home).records["people_bucket"].to_list() == ["1-2", "3-4", None, "5-9", "10-29", "30+"]


@pytest.mark.parametrize("later", ["2026-05-03", "2026-05-03 08:59:30", "2026-05-03 09:30"])
def test_ingest_dates_without_time_and_clocks_apart_are_no_disorder(
    later: str, take_in: TakeIn, write_cases: WriteCases, case: Case
) -> None:
    assert take_in(write_cases([case(2, reported_at=later, resolved_at=later)])).accepted == 1


def test_ingest_flat_file_has_its_optional_columns_or_not(take_in: TakeIn, write_cases: WriteCases) -> None:
    header = "event_id,grid_id,event_type,category,occurred_at,reported_at,remark"
    report = take_in(write_cases(["1,g1,hazard,other,2026-05-01,2026-05-01,x"], header=header))

    assert (report.accepted, report.left_out) == (1, ("remark",))


@pytest.mark.parametrize("ending", ["parquet", "xlsx", "sql", "csv.gz"])
def test_ingest_reads_every_kind_of_input(
    ending: str, home: Home, take_in: TakeIn, write_cases: WriteCases, case: Case, tmp_path: Path
) -> None:
    """Typed columns arrive as the same cases as their text."""
    text = pl.read_csv(write_cases([case(number) for number in range(50)]), infer_schema=False)
    take_in(tmp_path / "cases.csv")
    typed = text.with_columns(pl.col("^.*_at$").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False), pl.col("people").cast(pl.Int64))
    path, source = _write_as(typed, ending, tmp_path)

    report = take_in(path, source)

    assert counts(report) == (50, 0, 50, 0)


def _write_as(typed: pl.DataFrame, ending: str, folder: Path) -> tuple[Path | None, SourceFile | None]:
    path = folder / f"again.{ending}"
    if ending == "parquet":
        typed.write_parquet(path)
    elif ending == "csv.gz":
        typed.write_csv(path, compression="gzip")
    elif ending == "xlsx":
        book = openpyxl.Workbook()
        book.active.append(typed.columns)
        for row in typed.iter_rows():
            book.active.append(row)
        book.save(path)
    else:
        url = f"sqlite:///{path}"
        typed.to_pandas().to_sql("cases", create_engine(url), index=False)
        columns = {name: name for name in typed.columns if name != "note"}
        return None, SourceFile.model_validate({"name": "cases", "columns": columns, "sql": {"url": url, "query": "SELECT * FROM cases"}})
    return path, None


def test_ingest_wrong_columns_says_expected_found_and_what_to_do(home: Home, take_in: TakeIn, write_cases: WriteCases) -> None:
    with pytest.raises(InputRefusedError, match=r"expected the columns .*; found a, b; missing event_id, .* Choose the --source"):
        take_in(write_cases(["1,2"], header="a,b"))

    assert not home.root.exists()


def test_ingest_unreadable_input_says_so(home: Home, take_in: TakeIn, tmp_path: Path) -> None:
    sql = {"url": "sqlite:////nowhere/at/all.db", "query": "SELECT 1"}
    columns = {name: name for name in ("event_id", "grid_id", "event_type", "category", "occurred_at", "reported_at")}

    with pytest.raises(UsageError, match="must be a readable file: No such file"):
        take_in(tmp_path / "none.csv")
    with pytest.raises(UsageError, match="must name a database and a query that it answers, found: unable to open"):
        take_in(None, SourceFile.model_validate({"name": "cases", "columns": columns, "sql": sql}))
    assert not home.root.exists()


def test_ingest_stores_the_batch_it_was_given_whatever_its_size(
    home: Home, take_in: TakeIn, write_cases: WriteCases, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that dies between two batches is finished by the next one."""
    monkeypatch.setattr("features.intake.readers.csv_reader.BATCH_ROWS", 10)
    path = write_cases([case(number) for number in range(35)])
    whole = ingest.append_batch

    def die_later(engine, batch, load):  # type: ignore[no-untyped-def]
        if batch.cases["row_number"][0] > 20:
            raise KeyboardInterrupt
        return whole(engine, batch, load)

    monkeypatch.setattr(ingest, "append_batch", die_later)
    with pytest.raises(KeyboardInterrupt):
        take_in(path)
    monkeypatch.setattr(ingest, "append_batch", whole)

    assert counts(take_in(path)) == (35, 15, 20, 0)
    assert log(home).records["event_seq"].n_unique() == 35
