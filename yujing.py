"""The Python door to a home folder, in pandas.

```python
import yujing
from sklearn.ensemble import HistGradientBoostingRegressor

home = yujing.open("var/demo")
trial = home.backtest(HistGradientBoostingRegressor(loss="poisson"), name="own")
trial.metrics  # one row per model, with intervals
trial.differences  # the first model minus each other one, on the same rows
```

Nothing is registered or published from here, and the truth of a simulation cannot be reached. `grid_id` is text, `as_of` a date.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl

from features.days import Days, day_number
from features.errors import NotReadyError
from features.panel.build import build_panel, catalogue
from features.schema import Col
from features.storage.home import Home
from serving.accounts.permissions import Scope
from serving.cli.workspace import Workspace
from serving.rankings.table import Wanted, read_table
from serving.settings import Settings
from training.evaluation.backtest import BacktestResult, backtest, set_stage
from training.evaluation.fold_runner import Stage
from training.evaluation.own_model import (
    Estimator,
    add_folds,
    add_labels,
    add_model,
    backtest_estimator,
    describe,
    judged,
    match_predictions,
)
from training.learning.folds import Fold, Gap, ripe_as_ofs
from training.learning.model_rows import to_rows
from training.registry.candidate import PREDICTIONS
from training.registry.tracking import open_registry
from training.rivals import PEERS
from training.settings import BacktestSettings

__all__ = ["Backtest", "District", "open"]


@dataclass(frozen=True)
class Backtest:
    """Predictions of models on the test rows, and how good they were."""

    predictions: pd.DataFrame
    """One row per as_of and grid of the test part: fold, count, and per model expected_*, risk_* and surge_*."""
    metrics: pd.DataFrame
    """One row per model, one column per metric; `*_low` and `*_high` bound its 95 % interval."""
    subsets: pd.DataFrame
    """The same by part of the test rows (`onset`: places where nothing was open, ...), one row per part and model."""
    differences: pd.DataFrame
    """The first model minus each of the others, per metric, with its 95 % interval."""
    notes: tuple[str, ...]
    """Notes that belong beside the figures."""


@dataclass(frozen=True)
class _Replay:
    stage: Stage
    folds: tuple[Fold, ...]
    result: BacktestResult


class District:
    """One home folder: its cases, panel, models and lists."""

    def __init__(self, work: Workspace) -> None:
        """Read nothing yet; `open` makes one."""
        self._work = work
        self._replayed: dict[tuple[str | None, int | None, bool], _Replay] = {}

    def cases(self) -> pd.DataFrame:
        """Return the event log, one row per case: attributes, and when each kind of transition first happened (`resolved_at`, ...).

        `case` is the sequence number of the case's first record; ids of the source are not kept. Times are in UTC.
        """
        records = self._work.snapshot.records
        opened = records.filter(pl.col(Col.SEQ) == pl.col(Col.EVENT_SEQ)).drop(Col.EVENT_SEQ, Col.ACTION, Col.AT)
        later = records.filter(pl.col(Col.SEQ) != pl.col(Col.EVENT_SEQ)).with_columns(pl.col(Col.ACTION).cast(pl.String) + "_at")
        steps = later.pivot(on=Col.ACTION, index=Col.EVENT_SEQ, values=Col.AT, aggregate_function="min")
        cases = opened.join(steps, left_on=Col.SEQ, right_on=Col.EVENT_SEQ, how="left", maintain_order="left")
        return cases.rename({Col.SEQ: "case"}).to_pandas()

    def records(self) -> pd.DataFrame:
        """Return the event log, one row per record, each with its own known_at; transitions name their case by `event_seq`."""
        return self._work.snapshot.records.to_pandas()

    def panel(
        self,
        first: date | None = None,
        until: date | None = None,
        *,
        labels: bool = False,
        folds: bool = False,
        target: str | None = None,
        horizon_days: int | None = None,
    ) -> pd.DataFrame:
        """Return features, one row per grid and as_of, for all ripe as_ofs of a backtest or those in [first, until].

        `labels` adds `label` (escalations in [as_of, as_of + horizon_days)) and `ripe`; where it is not ripe the label is missing, never 0.
        `folds` adds `fold`, the number of the backtest's test part in which an as_of lies, missing where rows only ever train.
        """
        facts, horizon = self._work.facts(target, horizon_days)
        gap = self._gap(horizon)
        as_ofs = _within(ripe_as_ofs(facts, gap, self._settings.backtest), first, until)
        panel = build_panel(facts, as_ofs, horizon, self._settings)
        frame = panel.to_frame()
        if labels:
            frame = add_labels(frame, facts, panel, gap)
        if folds:
            frame = add_folds(frame, facts, panel, gap, self._settings.backtest)
        return frame.to_pandas()

    def columns(self, target: str | None = None, horizon_days: int | None = None) -> pd.DataFrame:
        """Return one row per column of the panel: name, family, unit, window in days, who reads it, and its words in both languages."""
        facts, horizon = self._work.facts(target, horizon_days)
        return describe(catalogue(facts, horizon, self._settings)).to_pandas()

    def model_rows(self, *as_ofs: date, version: int | str = "champion", target: str | None = None) -> pd.DataFrame:
        """Return what a registered version reads of every grid on some days, indexed by grid_id and as_of, its open cases nested.

        `mlflow.pyfunc.load_model("models:/yujing-escalation@champion").predict(rows)` then returns the product's own figures of these rows.

        Raises:
            NotFoundError: there is no such version, or its files are gone.
        """
        facts, horizon = self._work.facts(target)
        registry = open_registry(self._work.home, facts.target_name)
        columns = registry.read_columns(registry.show_model(version))
        days = np.array(sorted(map(day_number, as_ofs)), np.int32)
        return columns.choose(to_rows(build_panel(facts, days, horizon, self._settings)))

    @property
    def tracking_uri(self) -> str:
        """Address of the home's MLflow store, for `mlflow.set_tracking_uri`."""
        return os.environ.get("MLFLOW_TRACKING_URI", self._work.home.tracking_url)

    def predictions(self, version: int | str = "champion", target: str | None = None) -> pd.DataFrame:
        """Return what a registered version said of its test rows, beside what happened.

        Raises:
            NotFoundError: there is no such version, or its files are gone.
        """
        facts, _ = self._work.facts(target)
        registry = open_registry(self._work.home, facts.target_name)
        document = registry.read_document(registry.show_model(version), PREDICTIONS)
        return pd.read_parquet(BytesIO(document))

    def rankings(self, area: str = "", first: date | None = None, until: date | None = None, target: str | None = None) -> pd.DataFrame:
        """Return published lists, one row per list and grid, as they were published.

        `area` is a path of codes from the top, such as "330483/330483101", and everything without one; `newest` tells the last revision
        of each day. `serving.rankings.table.describe` says what the columns mean.
        """
        return read_table(self._work.engine, Wanted(Scope(area), first, until, target)).to_pandas()

    def explain(self, grid_id: str, as_of: date) -> Mapping[str, Any]:
        """Return one grid's row of a day with its reasons, as `yujing explain --json` prints it."""
        from serving.scoring.on_demand import explain  # noqa: PLC0415 - brings the model with it

        explained = explain(self._work.home, self._work.engine, self._settings, grid_id, as_of)
        return {"ranking_id": explained.ranking_id, "row": explained.row.model_dump(mode="json")}

    def backtest(
        self,
        estimator: Estimator | None = None,
        *,
        name: str = "own",
        peers: bool = False,
        target: str | None = None,
        horizon_days: int | None = None,
    ) -> Backtest:
        """Replay the past: the product's model, every baseline, well-known learners if `peers`, and your own estimator beside them.

        The estimator learns and predicts as scikit-learn's do, from a DataFrame of the panel's columns and counts of escalations. It is
        fitted once per fold, on labels as they were known on the fold's first day.

        Raises:
            NotReadyError: the log is too short.
            UsageError: the estimator predicts something else than one finite number per row.
        """
        past = self._replay(target, horizon_days, peers=peers)
        if estimator is None:
            return _shown(past.result)
        predictions = backtest_estimator(estimator, name, past.stage, past.folds, past.result)
        return _shown(judged(past.result, predictions, self._settings.backtest))

    def judge(self, frame: pd.DataFrame, *, name: str = "own", target: str | None = None, horizon_days: int | None = None) -> Backtest:
        """Judge a table of grid_id, as_of, expected (and risk) on the test rows of a backtest, beside the product's model.

        Raises:
            UsageError: a test row is missing, or a number is no expected count.
        """
        result = self._replay(target, horizon_days).result
        expected, risk = match_predictions(result.predictions, pl.from_pandas(frame))
        return _shown(judged(result, add_model(result.predictions, name, expected, risk), self._settings.backtest))

    @property
    def _settings(self) -> Settings:
        return self._work.settings

    def _with_peers(self) -> BacktestSettings:
        return self._settings.backtest.model_copy(update={"peers": PEERS})

    def _gap(self, horizon: int) -> Gap:
        return Gap(horizon, self._settings.delay_allowance_days)

    def _replay(self, target: str | None, horizon_days: int | None, *, peers: bool = False) -> "_Replay":
        """Return the product's own backtest; it is run once, so that a second trial costs its own fits only."""
        key = (target, horizon_days, peers)
        if key not in self._replayed:
            rules, model = self._with_peers() if peers else self._settings.backtest, self._settings.model
            facts, horizon = self._work.facts(target, horizon_days)
            gap = self._gap(horizon)
            panel = build_panel(facts, ripe_as_ofs(facts, gap, rules), horizon, self._settings)
            self._replayed[key] = _Replay(*set_stage(facts, panel, gap, rules, model), backtest(facts, panel, gap, rules, model))
        return self._replayed[key]


def open(home: str | Path = "var", config: str | Path | None = None) -> District:  # noqa: A001 - `yujing.open` reads as what it does
    """Return the district in a home folder; nothing is read before it is asked for.

    Raises:
        NotReadyError: there is no such folder.
    """
    if not Path(home).is_dir():
        raise NotReadyError(f"a home folder must be there, found none at {home}. `yujing demo` and `yujing ingest` make one.")
    return District(Workspace(Home(Path(home)), Path(config) if config else None))


def _within(as_ofs: Days, first: date | None, until: date | None) -> Days:
    low = day_number(first) if first else as_ofs[0]
    high = day_number(until) if until else as_ofs[-1]
    chosen = as_ofs[(as_ofs >= low) & (as_ofs <= high)]
    if not len(chosen):
        raise NotReadyError(f"first and until must leave an as_of whose label is ripe, got {first} and {until}. Widen the period.")
    return chosen


def _shown(result: BacktestResult) -> Backtest:
    metrics = {model: _flat(values) for model, values in result.overall.models.items()}
    subsets = {
        (name, model): {"rows": card.rows, "positives": card.positives} | _flat(values)
        for name, card in result.subsets.items()
        for model, values in card.models.items()
    }
    differences = {
        model: _flat({metric: found["value"] for metric, found in gaps.items()} | {"ci95": {m: found["ci95"] for m, found in gaps.items()}})
        for model, gaps in result.overall.differences.items()
    }
    return Backtest(
        result.predictions.to_pandas(),
        pd.DataFrame.from_dict(metrics, orient="index"),
        pd.DataFrame(list(subsets.values()), pd.MultiIndex.from_tuples(subsets, names=["part", "model"])),
        pd.DataFrame.from_dict(differences, orient="index"),
        tuple(result.notes),
    )


def _flat(values: Mapping[str, Any]) -> dict[str, float | None]:
    bounds = values["ci95"]
    flat: dict[str, float | None] = {}
    for metric, value in values.items():
        if metric != "ci95":
            low, high = bounds[metric] or (None, None)
            flat |= {metric: value, f"{metric}_low": low, f"{metric}_high": high}
    return flat
