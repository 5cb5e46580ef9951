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
from features.settings import Settings
from features.simulation.preset import Numbers, Preset, Span, Sure
from features.simulation.presets import PRESETS, find_preset
from features.simulation.simulate import TRUTH, Order, simulate
from features.storage.home import Home
from tests.support.acceptance import END, simulated
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
