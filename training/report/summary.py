"""Summary: every figure of a report, as one JSON object."""

from typing import Any

import polars as pl

from features.days import to_date
from features.schema import Col
from training.evaluation.backtest import BacktestResult
from training.evaluation.predictions import EXPECTED, FOLD, models, outcomes, predicted, weigh
from training.evaluation.replay import MODEL
from training.learning.folds import Gap
from training.report.churn import churn
from training.report.curve import at_capacity, hit_curve
from training.report.estimates import Floats
from training.report.evidence import Evidence
from training.report.lead_time import lead_time
from training.report.lists import two_lists
from training.report.parts import area_parts, fold_parts, shown_models, subset_parts
from training.report.reliability import reliability
from training.settings import BacktestSettings

Summary = dict[str, Any]


def summarise(result: BacktestResult, evidence: Evidence, gap: Gap, settings: BacktestSettings, learnt_from: int) -> Summary:
    """Compute everything a report shows of a backtest from the stored tables; `learnt_from` is the day of the first as_of."""
    predictions = evidence.predictions
    weights = weigh(predictions, settings.bootstrap_draws, settings.seed)
    shown = shown_models(result.overall.models)
    return {
        **{key: value for key, value in result.to_json().items() if key not in {"subsets", "seconds"}},
        "learnt_from": str(to_date(learnt_from)),
        "shown": shown,
        **_lists(predictions, weights, settings),
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


def _lists(predictions: pl.DataFrame, weights: Floats, settings: BacktestSettings) -> Summary:
    """Measure every model's list by its length: as a share of the grids, and as a number of them."""
    happened, said = outcomes(predictions), predicted(predictions)
    scores = {name: said[name].expected for name in models(predictions)}
    return {
        "curve": {name: hit_curve(happened, score, weights) for name, score in scores.items()},
        "capacity": {
            name: [at_capacity(happened, score, weights, capacity) for capacity in settings.capacities] for name, score in scores.items()
        },
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
