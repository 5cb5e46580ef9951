"""The Python door: pandas in, pandas out, on the product's own folds."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline

import yujing
from features.errors import NotReadyError, UsageError
from features.intake.ingest import IngestRequest, ingest
from features.storage.home import Home
from serving.settings import Settings
from tests.support.golden_sample import make_sample

LAST_DAY = date(2026, 5, 31)


@pytest.fixture(scope="module")
def district(tmp_path_factory: pytest.TempPathFactory) -> yujing.District:
    home = Home(tmp_path_factory.mktemp("door"))
    sample = make_sample(LAST_DAY, days=420, grids=20, rng=np.random.default_rng(1))
    cases, grids = home.root / "cases.csv", home.root / "grids.csv"
    sample.cases.write_csv(cases, datetime_format="%Y-%m-%dT%H:%M:%S")
    sample.grids.write_csv(grids)
    home.config.write_text("backtest: {folds: 2, bootstrap_draws: 20}\nmodel: {num_boost_round: 10, min_data_in_leaf: 20, replicates: 1}\n")
    ingest(home, Settings.load(home.config), IngestRequest(cases, None, grids, None), pd.Timestamp("2026-06-01", tz="UTC").to_pydatetime())
    return yujing.open(home.root)


@pytest.fixture(scope="module")
def trial(district: yujing.District) -> yujing.Backtest:
    return district.backtest(DummyRegressor(), name="mean")


def test_open_a_folder_that_is_not_there_says_how_to_make_one(tmp_path):
    with pytest.raises(NotReadyError, match="yujing ingest"):
        yujing.open(tmp_path / "none")


def test_cases_are_one_row_each_with_text_for_grids(district):
    cases, records = district.cases(), district.records()

    assert len(cases) == cases["case"].nunique() == (records["seq"] == records["event_seq"]).sum()
    assert {"grid_id", "category", "known_at", "resolved_at"} <= set(cases)
    assert all(isinstance(code, str) for code in cases["grid_id"])


def test_panel_labels_are_missing_where_they_are_not_ripe_and_folds_follow_the_backtest(district, trial):
    panel = district.panel(labels=True, folds=True)
    tested = panel.dropna(subset="fold").merge(trial.predictions, on=["grid_id", "as_of"], suffixes=("", "_tested"))

    assert bool(panel["ripe"].all())
    assert len(trial.predictions) == len(tested)
    assert tested["fold"].astype(int).tolist() == tested["fold_tested"].tolist()
    assert tested["label"].tolist() == tested["count"].tolist()


def test_backtest_of_an_estimator_stands_beside_the_model_on_the_same_rows(trial):
    assert {"lightgbm", "mean"} <= set(trial.metrics.index)
    assert {"ap", "ap_low", "ap_high", "poisson_deviance"} <= set(trial.metrics)
    assert "mean" in trial.differences.index
    # one constant per fold: what was learnt from changes with the fold, the row does not matter
    assert trial.predictions.groupby("fold")["expected_mean"].nunique().tolist() == [1, 1]


def test_backtest_accepts_a_pipeline_and_never_shows_it_the_test_rows(district):
    seen: list[int] = []

    class Spy(HistGradientBoostingRegressor):
        def fit(self, rows, counts):
            seen.append(len(rows))
            return super().fit(rows, counts)

    found = district.backtest(make_pipeline("passthrough", Spy(loss="poisson", max_iter=5)), name="boosted")
    panel = district.panel(folds=True)

    assert "boosted" in found.metrics.index
    assert seen == sorted(seen)
    assert seen[0] <= panel["fold"].isna().sum()


def test_judge_of_the_models_own_predictions_finds_no_difference(district, trial):
    own = trial.predictions.rename(columns={"expected_lightgbm": "expected", "risk_lightgbm": "risk"})[
        ["grid_id", "as_of", "expected", "risk"]
    ]

    judged = district.judge(own[["grid_id", "as_of", "expected", "risk"]], name="again")

    assert pytest.approx(0.0) == judged.differences.loc["again", "poisson_deviance"]


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda rows: rows.iloc[1:], "1 are missing"),
        (lambda rows: pd.concat([rows, rows.iloc[:2]]), "2 rows repeat"),
        (lambda rows: rows.assign(expected=-1.0), "0 or more"),
        (lambda rows: rows.drop(columns="expected"), "expected is missing"),
    ],
)
def test_judge_refuses_what_is_no_table_of_predictions(district, trial, spoil, fault):
    own = trial.predictions.assign(expected=0.1)[["grid_id", "as_of", "expected"]]

    with pytest.raises(UsageError, match=fault):
        district.judge(spoil(own))


def test_estimator_that_predicts_nonsense_is_refused(district):
    class Broken(DummyRegressor):
        def predict(self, rows):
            return np.full(len(rows), np.nan)

    with pytest.raises(UsageError, match="one finite number per row"):
        district.backtest(Broken())


def test_columns_say_what_the_panel_holds(district):
    words, panel = district.columns(), district.panel()

    assert words["name"].tolist() == [name for name in panel if name not in {"grid_id", "as_of"}]
    assert not words[["family", "zh", "en"]].isna().any(axis=None)


def test_rankings_of_a_home_without_lists_have_columns_and_no_rows(district):
    rankings = district.rankings()

    assert 0 == len(rankings)
    assert {"ranking_id", "as_of", "newest", "grid_id", "rank", "expected_escalations"} <= set(rankings)


def test_panel_of_a_period_holds_its_first_and_last_day(district):
    days = sorted(district.panel()["as_of"].unique())
    part = district.panel(pd.Timestamp(days[1]).date(), pd.Timestamp(days[3]).date())

    assert days[1:4] == sorted(part["as_of"].unique())


def test_panel_of_a_period_without_a_ripe_label_says_so(district):
    with pytest.raises(NotReadyError, match=r"first and until must leave an as_of whose label is ripe, got 2030-01-01 and None\. Widen"):
        district.panel(date(2030, 1, 1))


def test_tracking_uri_is_that_of_the_home_unless_the_environment_names_a_server(district, monkeypatch):
    assert district.tracking_uri.endswith("mlflow.db")

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://mlflow.intranet")
    assert "http://mlflow.intranet" == district.tracking_uri


def test_records_hold_every_case_and_transition_with_its_case(district):
    records = district.records()

    assert records["seq"].is_monotonic_increasing
    assert set(records["event_seq"]) <= set(records.loc[records["action"] == "reported", "seq"])
