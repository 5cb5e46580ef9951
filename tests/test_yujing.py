"""The Python door: pandas in, pandas out, on the product's own folds."""

from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline

import yujing
from features.database.engine import open_database
from features.days import day_number
from features.errors import NotFoundError, NotReadyError, UsageError
from features.eventlog.read import read_log
from features.facts.derive import read_facts
from features.intake.ingest import IngestRequest, ingest
from features.panel.build import build_panel
from features.storage.home import Home
from serving.settings import Settings
from tests.support.golden_sample import make_sample
from training.learning.model_rows import ModelColumns
from training.registry.run_record import Run
from training.registry.tracking import Registry, open_registry

LAST_DAY = date(2026, 5, 31)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("door"))


@pytest.fixture(scope="module")
def district(home: Home) -> yujing.District:
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


SAID = pd.DataFrame({"grid_id": ["007", "8"], "as_of": [date(2026, 1, 5)] * 2, "fold": [0, 1], "count": [0, 2], "expected": [0.5, 1.5]})


@pytest.fixture(scope="module")
def registry(home: Home) -> Registry:
    """A version that said something, and a newer one that kept nothing."""
    opened = open_registry(home, "escalation")
    stored = BytesIO()
    SAID.to_parquet(stored)
    for documents in ({"report/predictions.parquet": stored.getvalue()}, {}):
        opened.add(Run({}, {}, documents=documents), datetime(2026, 6, 1, tzinfo=UTC))
    return opened


def test_predictions_of_a_version_are_those_it_kept_with_text_for_grids(district, registry):
    found = district.predictions(1)

    assert SAID.to_dict("records") == found.to_dict("records")


@pytest.mark.parametrize(
    ("version", "missing"), [("champion", "'champion' must be a version or alias"), (3, "3 must be a version or alias")]
)
def test_version_that_is_not_there_is_named(district, registry, version, missing):
    with pytest.raises(NotFoundError, match=missing):
        district.predictions(version)
    with pytest.raises(NotFoundError, match=missing):
        district.model_rows(LAST_DAY, version=version)


def test_version_without_its_files_says_which_one_is_missing(district, registry):
    with pytest.raises(NotFoundError, match=r"predictions\.parquet of version 2 must be in the registry, and is not"):
        district.predictions("challenger")
    with pytest.raises(NotFoundError, match=r"columns\.json of version 2 must be in the registry, and is not"):
        district.model_rows(LAST_DAY, version="challenger")


def test_model_rows_hold_what_a_version_reads_of_every_grid_on_each_day(home, district, registry):
    """The columns in the order of the version, the days in their own, whichever was asked for first."""
    engine = open_database(home.database_url)
    facts = read_facts(read_log(home, engine), None, Settings())
    engine.dispose()
    panel = build_panel(facts, np.array([day_number(LAST_DAY)], np.int32), 14, Settings())
    names = [panel.features[3].name, panel.features[0].name]
    columns = ModelColumns((panel.features[3], panel.features[0]), panel.open_cases.columns, panel.closed_cases.columns)
    source = Path(unquote(urlsplit(registry.show_model(1).source).path))
    (source / "artifacts/columns.json").write_bytes(columns.to_json())
    rows = district.model_rows(LAST_DAY, date(2026, 5, 30), version=1)

    assert [*names, "open_cases", "closed_cases"] == list(rows)
    assert [("2026-05-30", 20), ("2026-05-31", 20)] == list(rows.groupby(rows.index.get_level_values("as_of").astype(str)).size().items())
    assert panel.column(names[0]).ravel().tolist() == rows.xs(pd.Timestamp(LAST_DAY), level="as_of")[names[0]].tolist()
