"""The benchmark's tables name every limit and whether it was kept, and a missed one fails the command."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from features.benchmark.measure import Limit, Report, Seconds
from features.benchmark.synthetic_log import SIZES
from serving.cli.main import app
from training.benchmark import Cost

KEPT = Limit("panel over Polars", 0.25, at_most=0.5)
MISSED = Limit("rows a second", 900.0, at_least=1000.0)
SMALL = SIZES["small"]
REPORT = Report(SMALL, ("a", "b"), ("open", "recent"), 5, {"read": Seconds(1.5, 1.25)}, {4096: 2_500_000}, (KEPT,))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Return a function that runs `yujing bench` as if this had been measured."""

    def run(report: Report, *arguments: str):
        monkeypatch.setattr("features.benchmark.measure.run", lambda size, *_: replace(report, size=size))
        return CliRunner().invoke(app, ["--home", str(tmp_path / "home"), "bench", "--preset", "small", *arguments])

    return run


def row_of(printed: str, name: str) -> str:
    """Return what stands behind a name, single-spaced."""
    return next(" ".join(line[len(name) :].split()) for line in printed.splitlines() if line.startswith(name))


def test_bench_prints_times_memory_and_limits_that_are_kept(bench) -> None:
    ran = bench(REPORT)

    assert 0 == ran.exit_code
    assert "2 columns (open, recent), medians of 5 rounds." in ran.stdout
    assert "1.500 1.250" == row_of(ran.stdout, "read")
    assert "2.500" == row_of(ran.stdout, "       4096")
    assert "0.250 at most 0.5 kept" == row_of(ran.stdout, KEPT.name)
    assert f"a log of {SMALL.cases} cases in {SMALL.grids} grids" in ran.stderr


def test_bench_with_one_missed_limit_says_which_and_fails(bench) -> None:
    ran = bench(replace(REPORT, limits=(KEPT, MISSED)))

    assert 1 == ran.exit_code
    assert "900.000 at least 1000 MISSED" == row_of(ran.stdout, MISSED.name)
    assert row_of(ran.stdout, KEPT.name).endswith("kept")


@pytest.mark.parametrize(("limits", "kept", "exit_code"), [((KEPT,), True, 0), ((KEPT, MISSED), False, 1), ((), True, 0)])
def test_bench_as_json_says_whether_all_limits_are_kept(bench, limits, kept: bool, exit_code: int) -> None:
    ran = bench(replace(REPORT, limits=limits), "--json")
    said = json.loads(ran.stdout)

    assert (kept, exit_code) == (said["kept"], ran.exit_code)
    assert [limit.name for limit in limits] == [limit["name"] for limit in said["limits"]]


@pytest.mark.parametrize(
    ("figure", "bounds", "kept"),
    [(0.5, {"at_most": 0.5}, True), (0.51, {"at_most": 0.5}, False), (2.0, {"at_least": 2.0}, True), (1.99, {"at_least": 2.0}, False)],
)
def test_limit_is_kept_up_to_its_bound(figure: float, bounds: dict[str, float], kept: bool) -> None:
    assert kept is Limit("x", figure, **bounds).kept


def test_bench_steps_writes_and_prints_a_row_per_size_and_step(bench, monkeypatch, tmp_path) -> None:
    def measured(grids: int, *_):
        return [Cost(grids, "read", 2.0, 1.0, 30.5), Cost(grids, "panel", 4.0, 3.0, 60.0, "peer", 0.75)]

    monkeypatch.setattr("training.benchmark.measure_steps", measured)
    drawn = []
    monkeypatch.setattr("training.plots.draw.draw_costs", lambda costs: drawn.append(costs) or b"picture")
    out = tmp_path / "new" / "folder"
    ran = bench(REPORT, "--steps", "--grids", "20", "--grids", "40", "--out", str(out))

    assert 0 == ran.exit_code, ran.stderr
    rows = [line.split() for line in ran.stdout.splitlines()[1:]]
    assert ["20", "read", "2.000", "1.000", "30.500", "-", "-"] == rows[0]
    assert ["40", "panel", "4.000", "3.000", "60.000", "peer", "0.750"] == rows[3]
    assert [(20, "read"), (20, "panel"), (40, "read"), (40, "panel")] == [
        (step["grids"], step["step"]) for step in json.loads((out / "steps.json").read_text("utf-8"))["steps"]
    ]
    assert [{"read": {20: 1.0, 40: 1.0}, "panel": {20: 3.0, 40: 3.0}}] == drawn
    assert b"picture" == (out / "steps.png").read_bytes()


def test_bench_steps_as_json_writes_no_file(bench, monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("training.benchmark.measure_steps", lambda grids, *_: [Cost(grids, "read", 2.0, 1.0, 30.5)])
    ran = bench(REPORT, "--steps", "--json")

    assert [605, 10_000, 109_000] == [step["grids"] for step in json.loads(ran.stdout)["steps"]]
    assert [] == list(tmp_path.glob("**/steps.*"))


def test_bench_steps_of_fewer_than_twenty_grids_is_wrong_usage(bench) -> None:
    assert 2 == bench(REPORT, "--steps", "--grids", "19").exit_code
