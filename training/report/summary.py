"""Evidence and summary: the tables a report is computed from, stored beside it, and every figure of it as one JSON object."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl

from features.days import EPOCH, to_date
from features.facts.facts import Facts
from features.panel.build import build_panel
from features.schema import Col
from features.settings import BuildSettings
from training.bootstrap import Floats, too_few
from training.evaluation.backtest import BacktestResult
from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import score
from training.evaluation.predictions import EXPECTED, FOLD, RESIDENT_COUNT, SUBSETS, TOWNSHIP, models, outcomes, predicted, weigh
from training.learning.folds import Gap
from training.learning.model import Fitted
from training.report.list_scores import at_capacities, churn, hit_curve, lead_time, reliability, two_lists
from training.rivals import BOUNDS, simple_rules
from training.settings import BacktestSettings

METRIC = "poisson_deviance"
NOT_OF_COUNTS = frozenset({METRIC, "brier_skill", "ece"})
"""Figures that models of all escalations cannot give for a part of them."""

DAYS = 29
"""Neighbouring days of which the lists of the final fit are compared."""


@dataclass(frozen=True)
class Evidence:
    """All figures of a report follow from these tables."""

    predictions: pl.DataFrame
    """As `training.evaluation.predictions.tabulate` returns it."""
    escalations: pl.DataFrame
    """grid_id, occurred (date), weight (below 1 only where a redrawn grid shares them out)."""
    daily: pl.DataFrame
    """as_of, grid_id and what the final fit expects, for the last days of the log; without rows where nothing was fitted."""

    def files(self) -> dict[str, bytes]:
        """Return each table as a Parquet file of its name."""
        return {f"{table.name}.parquet": to_parquet(getattr(self, table.name)) for table in fields(self)}

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the files from a folder."""
        return cls(**{table.name: pl.read_parquet(folder / f"{table.name}.parquet") for table in fields(cls)})


def to_parquet(table: pl.DataFrame) -> bytes:
    """Return a table as a Parquet file."""
    content = BytesIO()
    table.write_parquet(content)
    return content.getvalue()


def gather(facts: Facts, predictions: pl.DataFrame, fitted: Fitted | None, build: BuildSettings) -> Evidence:
    """Put beside the predictions of a backtest what happened, and what the final fit says of the last days."""
    daily = predictions.select(Col.AS_OF, Col.GRID_ID, EXPECTED + MODEL).clear() if fitted is None else _daily(facts, fitted, build)
    return Evidence(predictions, _escalations(facts), daily)


def _escalations(facts: Facts) -> pl.DataFrame:
    occurred = np.datetime64(EPOCH, "D") + facts.target.occurred_day
    weight = facts.weights_of(facts.target)
    return pl.DataFrame({Col.GRID_ID: facts.places.grid_ids[facts.target.grid], "occurred": occurred, "weight": weight})


def _daily(facts: Facts, fitted: Fitted, build: BuildSettings) -> pl.DataFrame:
    last = facts.known_through_day
    panel = build_panel(facts, np.arange(last - DAYS + 1, last + 1, dtype=np.int32), fitted.horizon_days, build)
    grids = len(panel.grid_ids)
    return pl.DataFrame(
        {
            Col.AS_OF: np.repeat(np.datetime64(EPOCH, "D") + panel.as_ofs, grids),
            Col.GRID_ID: np.tile(panel.grid_ids, DAYS),
            EXPECTED + MODEL: fitted.predict(panel).expected.ravel(),
        }
    )


def shown_models(cards: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the model, the baseline with the least deviance, and the upper bounds where there are any."""
    baselines = [name for name in simple_rules(cards) if name != MODEL and cards[name][METRIC] is not None]
    best = sorted(baselines, key=lambda name: cards[name][METRIC])[:1]
    return [MODEL, *best, *(bound for bound in BOUNDS if bound in cards)]


def judge_part(rows: pl.DataFrame, models: Sequence[str], weights: Floats, left_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Score some rows; `models` is empty and `reason` says why where nothing can be estimated."""
    happened, by_model = outcomes(rows), predicted(rows)
    positives = int(happened.positive.sum())
    about: dict[str, Any] = {"rows": len(rows), "positives": positives, "reason": too_few(positives), "models": {}}
    if about["reason"]:
        return about
    return about | {"models": score(happened, {name: by_model[name] for name in models}, weights, left_out).models}


def subset_parts(predictions: pl.DataFrame, models: Sequence[str], weights: Floats) -> dict[str, Any]:
    """Judge every subset, and on all rows those escalations alone that residents reported."""
    parts = {name: judge_part(predictions.filter(name), models, weights) for name in SUBSETS}
    return parts | {"resident": _resident(predictions, models, weights)}


def _resident(predictions: pl.DataFrame, models: Sequence[str], weights: Floats) -> dict[str, Any]:
    if predictions[RESIDENT_COUNT].null_count():
        return {"rows": 0, "positives": 0, "reason": "不能估计：记录没有说明由谁发现", "models": {}}
    return judge_part(predictions.with_columns(pl.col(RESIDENT_COUNT).alias("count")), models, weights, NOT_OF_COUNTS)


def area_parts(predictions: pl.DataFrame, weights: Floats) -> dict[str, dict[str, Any]]:
    """Judge the model in each township and each kind of area, in the order of their codes."""
    return {level: _by(predictions, level, [MODEL], weights) for level in (TOWNSHIP, Col.AREA_TYPE)}


def fold_parts(predictions: pl.DataFrame, models: Sequence[str], weights: Floats) -> dict[str, Any]:
    """Judge each fold."""
    return _by(predictions, FOLD, models, weights)


def _by(predictions: pl.DataFrame, column: str, models: Sequence[str], weights: Floats) -> dict[str, Any]:
    places = predictions.select(group=pl.col(column).cast(pl.String), row=pl.int_range(pl.len()))
    groups = {str(group): part["row"] for (group,), part in places.group_by("group") if group}
    return {group: judge_part(predictions[groups[group]], models, weights) for group in sorted(groups)}


Summary = dict[str, Any]


def summarise(result: BacktestResult, evidence: Evidence, gap: Gap, backtest: BacktestSettings, learnt_from: int) -> Summary:
    """Compute everything a report shows of a backtest from the stored tables; `learnt_from` is the day of the first as_of."""
    predictions = evidence.predictions
    weights = weigh(predictions, backtest.bootstrap_draws, backtest.seed)
    shown = shown_models(result.overall.models)
    return {
        **{key: value for key, value in result.to_json().items() if key not in {"subsets", "seconds"}},
        "learnt_from": str(to_date(learnt_from)),
        "already_due": asdict(result.already_due) if result.already_due else None,
        "shown": shown,
        **_lists(predictions, weights, backtest),
        "reliability": reliability(outcomes(predictions), predicted(predictions)[MODEL], weights),
        "two_lists": two_lists(predictions, weights),
        "areas": area_parts(predictions, weights),
        "subsets": subset_parts(predictions, shown, weights),
        "folds": _folds(predictions, gap, shown, weights),
        "lead_time": {name: lead_time(predictions, evidence.escalations, weights, name, gap.horizon_days) for name in shown},
        "churn": {
            "between_lists": {name: churn(predictions, EXPECTED + name) for name in shown},
            "day_over_day": churn(evidence.daily, EXPECTED + MODEL) if len(evidence.daily) else None,
        },
    }


def _lists(predictions: pl.DataFrame, weights: Floats, backtest: BacktestSettings) -> Summary:
    """Measure every model's list by its length: as a share of the grids, and as a number of them."""
    happened, by_model = outcomes(predictions), predicted(predictions)
    scores = {name: by_model[name].expected for name in models(predictions)}
    return {
        "curve": {name: hit_curve(happened, score, weights) for name, score in scores.items()},
        "capacity": {name: at_capacities(happened, score, weights, backtest.capacities) for name, score in scores.items()},
    }


def _folds(predictions: pl.DataFrame, gap: Gap, shown: list[str], weights: Floats) -> list[Summary]:
    """Say of each fold what it could learn from, when it was tested and how well it did."""
    spans = predictions.group_by(FOLD).agg(first=pl.col(Col.AS_OF).min(), last=pl.col(Col.AS_OF).max()).sort(FOLD)
    parts = fold_parts(predictions, shown, weights)
    return [
        {
            "fold": number + 1,
            "learnt_before": str(to_date((first - to_date(0)).days - gap.horizon_days - gap.delay_allowance_days + 1)),
            "first": str(first),
            "last": str(last),
            "judged_until": str(to_date((last - to_date(0)).days + gap.horizon_days)),
            **parts[str(number)],
        }
        for number, first, last in spans.iter_rows()
    ]
