import copy
import io
import json

import pandas as pd
import polars as pl
import pytest

from tests.support.recompute import flags, recompute, share
from tests.support.reported import SETTINGS
from tests.support.trained_worlds import HORIZON
from training.evaluation.predictions import weigh
from training.report.summary import judge_part, subset_parts


def leaves(value, path=""):
    """Yield every number, text and gap of a JSON value with its path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}/{key}")
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from leaves(item, f"{path}/{number}")
    else:
        yield path, value


def differences(report, again):
    """Return the paths at which two sets of figures differ."""
    own, other = dict(leaves(report)), dict(leaves(again))
    assert own.keys() == other.keys()
    return [
        path
        for path, value in own.items()
        if (value != other[path] if isinstance(value, str | None) else other[path] != pytest.approx(value, rel=1e-9, abs=1e-9))
    ]


@pytest.fixture(scope="module")
def report(reported):
    return json.loads(reported.files["report.json"])


@pytest.fixture(scope="module")
def again(reported):
    tables = {name: pd.read_parquet(io.BytesIO(reported.files[f"{name}.parquet"])) for name in ("predictions", "escalations", "daily")}
    for table, column in (("predictions", "as_of"), ("daily", "as_of"), ("escalations", "occurred")):
        tables[table][column] = pd.to_datetime(tables[table][column])
    weights = weigh(reported.result.predictions, SETTINGS.backtest.bootstrap_draws, SETTINGS.backtest.seed)
    return recompute(tables, weights, HORIZON, SETTINGS.delay_allowance_days, SETTINGS.backtest.capacities)


def test_report_figures_equal_those_of_independent_code(report, again):
    assert differences({name: report[name] for name in again}, again) == []


def test_report_figures_all_are_recomputed(report, again):
    about = {
        "target",
        "horizon_days",
        "known_through",
        "as_of",
        "learnt_from",
        "already_due",
        "contributions",
        "coverage",
        "plausibility",
        "notes",
        "differences",
        "disparity",
        "look_ahead",
        "attribution",
    }

    assert report.keys() - again.keys() == about


def test_report_kinds_of_places_equal_those_of_independent_code(report, reported):
    rows = pd.read_parquet(io.BytesIO(reported.files["predictions.parquet"]))
    rows["as_of"] = pd.to_datetime(rows["as_of"])
    rows = rows[(rows["as_of"] - rows["as_of"].min()).dt.days % HORIZON == 0].reset_index(drop=True)
    rows["found"] = flags(rows, rows["expected_lightgbm"], share(10)) * rows["count"]

    by_kind = {each["name"]: each for each in report["disparity"]["area_type"]["groups"]}

    assert set(by_kind) == set(rows["area_type"]) - {""}
    for name, group in rows.groupby("area_type"):
        enough = group["grid_id"].nunique() >= 10 and (group["count"] >= 1).sum() >= 30
        assert by_kind[name]["positives"] == (group["count"] >= 1).sum()
        assert by_kind[name]["recall"] == (pytest.approx(group["found"].sum() / group["count"].sum()) if enough else None)


def test_report_figure_changed_by_hand_is_seen(report, again):
    forged = copy.deepcopy({name: report[name] for name in again})
    forged["curve"]["lightgbm"][3]["hit"]["value"] += 1e-6

    assert differences(forged, again) == ["/curve/lightgbm/3/hit/value"]


def test_report_differences_are_between_the_models_figures(report, again):
    for name, gaps in report["differences"].items():
        for metric, gap in gaps.items():
            assert gap["value"] == pytest.approx(again["models"]["lightgbm"][metric] - again["models"][name][metric], abs=1e-9)


def test_report_capacity_beyond_the_grids_cannot_be_estimated_and_says_why(report):
    assert report["capacity"]["lightgbm"][2]["reason"] == "不能估计：网格总数少于100个"


def test_judge_part_too_few_positives_cannot_be_estimated_and_says_why(reported):
    rows = reported.result.predictions.with_columns(count=(pl.col("count").cum_count() <= 9).cast(pl.Float32))

    assert judge_part(rows, ["lightgbm"], weigh(rows, 20, 1)) == {
        "rows": len(rows),
        "positives": 9,
        "reason": "不能估计：只有9个网格期出现，少于10个",
        "models": {},
    }


def test_subset_parts_log_that_says_nothing_of_residents_cannot_be_estimated(reported):
    rows = reported.result.predictions.with_columns(resident_count=pl.lit(None, pl.Float32))

    assert subset_parts(rows, ["lightgbm"], weigh(rows, 20, 1))["resident"]["reason"] == "不能估计：记录没有说明由谁发现"


def test_report_surge_and_redrawn_rows_are_estimated_here(report):
    """Otherwise the comparison above would hold nothing of them."""
    assert {row["target"] for row in report["two_lists"] if row["reason"] is None} == {"escalation", "surge"}
    assert report["subsets"]["after_redraw"]["models"]
    assert report["subsets"]["resident"]["models"]
