"""The peer of the benchmark computes what the panel computes; otherwise its time would mean nothing."""

import numpy as np
import polars as pl
import pytest

from features.benchmark import polars_baseline
from features.benchmark.measure import Contest, Limit, Seconds, memory_limits, run, speed_limits
from features.benchmark.synthetic_log import SIZES, Size, write_log
from features.settings import BuildSettings, LogSettings
from serving.cli.bench import Preset

TINY = Size(grids=60, cases=4_000, as_ofs=5)


@pytest.fixture(scope="module")
def contest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    write_log(TINY, folder, np.random.default_rng(1))
    return Contest(TINY, folder, LogSettings(), BuildSettings(panel={"threads": 1}))


def unequal(contest, rows):
    """Return the columns in which the peer's rows differ from the panel at the first as_of; grids without a row have nothing to count."""
    panel = contest.panel(contest.as_ofs)
    every_grid = pl.DataFrame({"grid": np.arange(TINY.grids, dtype=np.int32)})
    rows = every_grid.join(rows, on="grid", how="left").sort("grid").fill_nan(None)
    means = [name for name in panel.names if "mean" in name or "since" in name]
    rows = rows.with_columns(pl.exclude("grid", *means).fill_null(0))
    return [name for name in panel.names if not np.allclose(panel.column(name)[0], rows[name].to_numpy(), rtol=1e-5, equal_nan=True)]


@pytest.mark.parametrize("engine", polars_baseline.ENGINES)
def test_polars_peer_computes_the_columns_of_the_panel(contest, engine):
    rows = polars_baseline.peer_panel(polars_baseline.peer_frame(contest.facts), contest.facts, int(contest.as_ofs[0]), engine)

    assert 110 == len(contest.features)
    assert [] == unequal(contest, rows)


def test_polars_peer_a_day_late_is_caught(contest):
    rows = polars_baseline.peer_panel(polars_baseline.peer_frame(contest.facts), contest.facts, int(contest.as_ofs[0]) + 1, "streaming")

    assert {"service_request_count_grid_7d", "dispute_open_age_mean_grid", "target_decay_grid_28d"} <= set(unequal(contest, rows))


def test_write_log_same_seed_gives_the_same_records(contest, tmp_path):
    write_log(TINY, tmp_path, np.random.default_rng(1))

    again = Contest(TINY, tmp_path, contest.log, contest.build)

    assert contest.panel(contest.as_ofs).values.tobytes() == again.panel(contest.as_ofs).values.tobytes()


def test_run_reports_what_was_measured(tmp_path):
    report = run(TINY, tmp_path, LogSettings(), BuildSettings(panel={"threads": 1}), lambda *_: None)

    assert (110, 5) == (len(report.columns), report.rounds)
    assert ["panel_all", "panel_one", "polars_one", "polars_spread", "read", "write"] == sorted(report.seconds)
    assert all(each.wall > 0 for each in report.seconds.values())
    assert report.kept == all(limit.kept for limit in report.limits)


def test_speed_limits_are_ratios_of_one_run():
    wall = {"read": 6.0, "write": 2.0, "panel_one": 1.0, "polars_one": 1.25, "panel_all": 20.0, "polars_spread": 1.5}
    limits = speed_limits({name: Seconds(value, 0.0) for name, value in wall.items()}, as_ofs=104)

    assert [(0.8, True), (7.8, False), (2.5, True)] == [(limit.figure, limit.kept) for limit in limits]


def test_memory_limits_are_counted_in_facts_and_cells():
    limits = memory_limits({1000: 50_000, 4000: 170_000}, facts=40_000, threads=2)

    assert [(50_000 / 128_000, True), (20.0, True)] == [(limit.figure, limit.kept) for limit in limits]


@pytest.mark.parametrize(("figure", "kept"), [(0.9, True), (1.0, True), (1.1, False)])
def test_limit_bound_itself_is_kept(figure, kept):
    assert kept == Limit("", figure, at_most=1.0).kept


def test_presets_of_the_command_have_a_size():
    assert set(SIZES) == {preset.value for preset in Preset}
