"""The files of a simulation: the same bytes again, read by the product without loss, and the truth out of its sight."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pydantic.fields import FieldInfo

from features.database.engine import database_url, open_database
from features.days import day_number
from features.errors import UsageError
from features.eventlog.read import read_log
from features.facts.derive import read_facts
from features.facts.facts import Facts
from features.intake.ingest import IngestReport, IngestRequest, ingest
from features.intake.source_file import find_source
from features.panel.build import build_panel
from features.schema import CASE_OPTIONAL, CASE_REQUIRED, TRANSITION_COLUMNS, Col
from features.simulation.certainty import Numbers, Sure
from features.simulation.district import District
from features.simulation.preset import Preset, Span
from features.simulation.simulate import PRESETS, TRUTH, Order, deliver, find_preset, simulate
from features.storage.home import Home
from serving.settings import Settings
from tests.support.acceptance import END, change, simulated
from tests.support.watching import watched

NOW = datetime(END.year, END.month, END.day, 12, tzinfo=UTC)
TINY = Order("tiny", PRESETS["tiny"], Span.of_years(2, END), seed=1)


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def take_in(folder: Path, home: Home) -> IngestReport:
    request = IngestRequest(folder / "cases.csv", find_source(str(folder / "source.yaml")), folder / "grids.csv", folder / "crosswalk.csv")
    return ingest(home, Settings.load(folder / "config.yaml"), request, NOW)


def read_target(folder: Path, home: Home, target: str) -> Facts:
    settings = Settings.load(folder / "config.yaml")
    engine = open_database(database_url(home, settings))
    try:
        return read_facts(read_log(home, engine), target, settings)
    finally:
        engine.dispose()


@pytest.fixture(scope="module")
def taken_in(tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, IngestReport]:
    home = Home(tmp_path_factory.mktemp("home"))
    return home, take_in(tiny_folder, home)


def test_simulate_same_seed_gives_identical_files(tiny_folder: Path, tmp_path: Path) -> None:
    simulate(TINY, tmp_path / "again")

    assert files(tiny_folder) == files(tmp_path / "again")


def test_simulate_other_seed_gives_other_files(tiny_folder: Path, tmp_path: Path) -> None:
    simulate(Order("tiny", TINY.preset, TINY.span, seed=2), tmp_path / "other")

    same = {name for name, content in files(tmp_path / "other").items() if content == files(tiny_folder)[name]}
    assert {"config.yaml", "source.yaml", "sensitive_periods.csv", "undertakings.csv"} == same


def test_simulate_leaves_a_folder_that_is_there_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine", encoding="utf-8")

    with pytest.raises(UsageError, match="--out must be a new folder"):
        simulate(TINY, tmp_path)

    assert ["note.txt"] == [path.name for path in tmp_path.iterdir()]


def test_simulate_several_districts_writes_parquet_block_by_block(tmp_path: Path) -> None:
    tiny = PRESETS["tiny"]
    province = tiny.model_copy(update={"parquet": True, "size": tiny.size.model_copy(update={"districts": 3})})
    done: list[int] = []

    written = simulate(Order("three", province, Span.of_years(1, END), seed=1), tmp_path / "three", lambda count, _: done.append(count))

    cases = pl.read_parquet(tmp_path / "three" / "cases.parquet")
    grids = pl.read_csv(tmp_path / "three" / "grids.csv", infer_schema=False)
    assert [1, 2, 3] == done
    assert (written.rows, written.cases, written.grids) == (cases.height, cases["event_id"].n_unique(), grids.height)
    assert ["990101", "990102", "990103"] == grids["grid_id"].str.head(6).unique().sort().to_list()
    assert set(cases["grid_id"]) <= set(grids["grid_id"])


def test_ingest_takes_every_row(tiny_folder: Path, taken_in: tuple[Home, IngestReport]) -> None:
    rows = pl.read_csv(tiny_folder / "cases.csv", infer_schema=False)
    first = rows.unique("event_id", keep="first", maintain_order=True)
    again = rows.filter(~pl.col("event_id").is_first_distinct()).join(first, on="event_id")
    planted = again.filter(pl.col("source") != pl.col("source_right")).height
    report = taken_in[1]

    assert (rows.height, rows.height - planted, planted, 0) == (report.read, report.accepted, report.duplicate, report.quarantined)
    assert () == report.left_out


def test_target_counts_the_true_escalations_that_arrived(tiny_folder: Path, taken_in: tuple[Home, IngestReport]) -> None:
    """Half an escalation of a grid that was split lies in each of its heirs, so days are added up by weight."""
    facts = read_target(tiny_folder, taken_in[0], "escalation")
    counted = np.bincount(facts.target.occurred_day, facts.cases.weight[facts.target.case])
    arrived = pl.read_parquet(tiny_folder / TRUTH / "disputes.parquet").drop_nulls("event_id").select("dispute")
    true = pl.read_parquet(tiny_folder / TRUTH / "escalations.parquet").join(arrived, on="dispute", how="semi")

    assert np.bincount(true["at"].dt.date().cast(pl.Int32), minlength=day_number(END)).tolist() == counted[: day_number(END)].tolist()
    assert {"handed_up", "harm", "overdue", "reopened"} == set(true["way"])


def test_strict_counts_major_harm_only(tiny_folder: Path, taken_in: tuple[Home, IngestReport]) -> None:
    marks = read_target(tiny_folder, taken_in[0], "strict").target
    disputes = pl.read_parquet(tiny_folder / TRUTH / "disputes.parquet").filter("strict", pl.col("escalated_at").is_not_null())

    assert 0 < len(marks.case) <= disputes.height


def test_nothing_that_learns_opens_the_truth(tiny_folder: Path, tmp_path: Path) -> None:
    with watched(tiny_folder) as files_seen, watched(tiny_folder / TRUTH) as truth_seen:
        take_in(tiny_folder, Home(tmp_path))
        facts = read_target(tiny_folder, Home(tmp_path), "escalation")
        build_panel(facts, np.array([day_number(END) - 30], np.int32), 14, Settings())

        assert "cases.csv" in files_seen.seen
        assert not truth_seen.seen


def test_watch_notices_a_look_at_the_truth(tiny_folder: Path) -> None:
    """Polars opens files without telling Python, so its look is only seen by the kernel."""
    truth = tiny_folder / TRUTH
    with watched(truth) as watch:
        (truth / "disputes.parquet").read_bytes()
        pl.scan_parquet(truth / "expected.parquet").head(1).collect()
        list(truth.iterdir())

        assert [["disputes.parquet", TRUTH], True] == [watch.by_python, "expected.parquet" in watch.by_kernel]


def numbers(section: Numbers, path: str = "") -> Iterator[tuple[str, FieldInfo]]:
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        yield from numbers(value, f"{path}{name}.") if isinstance(value, Numbers) else [(f"{path}{name}", field)]


def test_every_number_is_described_and_every_assumption_listed(tiny_folder: Path) -> None:
    listed = (tiny_folder / "README.md").read_text(encoding="utf-8")
    fields = dict(numbers(Preset()))

    assert not [path for path, field in fields.items() if not field.description]
    assert {path for path, field in fields.items() if Sure.D in field.metadata} == {path for path in fields if f"- {path} = " in listed}


def test_find_preset_unknown_name_lists_the_known() -> None:
    with pytest.raises(
        UsageError, match="one of nanhu, yingcheng, lianjiang, jiangbei, zhejiang, undertakings, unmoved, tiny, got 'nanho'"
    ):
        find_preset("nanho")


def test_jiangbei_estates_calm_down_once_treated() -> None:
    district = simulated(PRESETS["jiangbei"], years=2, seed=1)
    treated = district.world.plans.property_felt[:, -1] < 1
    property_kind = district.disputes.kind == district.stream.kinds.index("property_mgmt")
    late = district.disputes.time > district.world.span.days / 2
    of_treated = property_kind & treated[district.disputes.part]

    assert 100 <= treated.sum() <= 126
    assert (of_treated & late).sum() < 0.7 * (of_treated & ~late).sum()


CODE = "990101"
DELIVERY_TINY = PRESETS["tiny"]


def day_of(column: str) -> pl.Expr:
    """Return days since the start of the two, or one, simulated years."""
    return (pl.col(column) - pl.col(column).min().dt.truncate("1y")).dt.total_days()


def rows_of(district: District) -> pl.DataFrame:
    return deliver(district.cases, district.world, CODE, np.random.default_rng(1))[0]


@pytest.fixture(scope="module")
def rows(tiny: District) -> pl.DataFrame:
    return rows_of(tiny)


def test_rows_have_the_flat_columns_and_come_in_order(rows: pl.DataFrame) -> None:
    first = rows.unique(Col.EVENT_ID, keep="first", maintain_order=True)

    assert [*CASE_REQUIRED, *CASE_OPTIONAL] == rows.columns
    assert first[Col.REPORTED_AT].is_sorted()


@pytest.mark.parametrize("column", [Col.OCCURRED_AT, Col.REPORTED_AT, *TRANSITION_COLUMNS])
def test_rows_tell_nothing_of_the_days_after(rows: pl.DataFrame, column: str) -> None:
    assert rows[column].drop_nulls().max() < datetime(END.year, END.month, END.day)  # type: ignore[operator]  # noqa: DTZ001 - local time


def test_second_rows_of_a_case_are_duplicates_or_second_closings(rows: pl.DataFrame) -> None:
    second = rows.filter(~pl.col(Col.EVENT_ID).is_first_distinct())
    same = second.join(rows.unique(Col.EVENT_ID, keep="first"), on=Col.EVENT_ID)
    closed_again = same[Col.RESOLVED_AT].ne_missing(same[f"{Col.RESOLVED_AT}_right"])
    other_channel = same[Col.SOURCE] != same[f"{Col.SOURCE}_right"]

    assert 0 < closed_again.sum() < other_channel.sum()
    assert (closed_again | other_channel).all()
    assert 0.02 < other_channel.sum() / rows[Col.EVENT_ID].n_unique() < 0.04


def test_old_grids_end_and_new_ones_begin_with_the_redraw(tiny: District, rows: pl.DataFrame) -> None:
    crosswalk = tiny.world.ground.crosswalk
    redrawn = pl.col(Col.OCCURRED_AT) >= crosswalk["at"][0]

    assert not rows.filter(redrawn & pl.col(Col.GRID_ID).is_in(crosswalk["old"].implode())).height
    assert not rows.filter(~redrawn & pl.col(Col.GRID_ID).is_in(crosswalk["new"].implode())).height
    assert rows.filter(pl.col(Col.GRID_ID).is_in(crosswalk["new"].implode())).height


def test_silent_grids_deliver_nothing_while_they_are_silent() -> None:
    quiet = simulated(change(DELIVERY_TINY, {"recording": {"silent_share": 1.0}, "redraw": {"share": 0.0}}), years=2, seed=1)
    falls_silent = pl.DataFrame({Col.GRID_ID: quiet.world.ground.grids[Col.GRID_ID], "start": quiet.world.levels.silent_from})
    within = (day_of(Col.REPORTED_AT) > pl.col("start")) & (day_of(Col.REPORTED_AT) < pl.col("start") + 119)
    rows = rows_of(quiet).join(falls_silent, on=Col.GRID_ID)

    assert 0 == rows.filter(within & pl.col(Col.EVENT_ID).is_first_distinct()).height
    assert 30 == rows[Col.GRID_ID].n_unique()


def test_source_outage_is_a_hole_in_one_source(nanhu: District) -> None:
    rows = rows_of(nanhu).filter(pl.col(Col.EVENT_ID).is_first_distinct())
    start = nanhu.world.span.days * 0.45
    during = rows.filter(day_of(Col.REPORTED_AT).is_between(start + 1, start + 20))

    assert 0 == during.filter(pl.col(Col.SOURCE) == "hotline").height
    assert during.filter(pl.col(Col.SOURCE) == "online").height


def test_recording_break_lowers_one_source_to_56_percent() -> None:
    broken = simulated(change(PRESETS["nanhu"], {"recording": {"break_source": "police"}}), years=1, seed=1)
    calls = pl.col(Col.EVENT_TYPE) == "police_call"
    delivered = rows_of(broken).filter(calls & pl.col(Col.EVENT_ID).is_first_distinct() & (day_of(Col.REPORTED_AT) >= 244)).height
    happened = broken.cases.filter(calls & pl.col(Col.REPORTED_AT).is_between(244, 365)).height

    assert delivered / happened == pytest.approx(0.56, abs=0.05)
