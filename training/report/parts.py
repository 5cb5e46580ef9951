"""Parts of the rows: areas, subsets, folds and what residents reported, each judged like the whole."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from features.schema import Col
from training.evaluation.predictions import FOLD, RESIDENT_COUNT, TOWNSHIP, outcomes, predicted
from training.evaluation.replay import MODEL
from training.evaluation.rivals import BOUNDS, without_bounds
from training.evaluation.scorecard import score
from training.evaluation.subsets import SUBSETS
from training.report.estimates import Floats, too_few

METRIC = "poisson_deviance"
NOT_OF_COUNTS = frozenset({METRIC, "brier_skill", "ece"})
"""What cannot be said of a part of the escalations by models of all of them."""


def shown_models(cards: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the model, the baseline with the least deviance, and the upper bounds where there are any."""
    baselines = [name for name in without_bounds(cards) if name != MODEL and cards[name][METRIC] is not None]
    best = sorted(baselines, key=lambda name: cards[name][METRIC])[:1]
    return [MODEL, *best, *(bound for bound in BOUNDS if bound in cards)]


def judge_part(rows: pl.DataFrame, models: Sequence[str], weights: Floats, left_out: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Score some rows; `models` is empty and `reason` says why where nothing can be estimated."""
    happened, said = outcomes(rows), predicted(rows)
    positives = int(happened.positive.sum())
    about: dict[str, Any] = {"rows": len(rows), "positives": positives, "reason": too_few(positives), "models": {}}
    if about["reason"]:
        return about
    return about | {"models": score(happened, {name: said[name] for name in models}, weights, left_out).models}


def subset_parts(predictions: pl.DataFrame, models: Sequence[str], weights: Floats) -> dict[str, Any]:
    """Judge every subset, and on all rows those escalations alone that residents reported."""
    parts = {name: judge_part(predictions.filter(name), models, weights) for name in SUBSETS}
    return parts | {"resident": _resident(predictions, models, weights)}


def _resident(predictions: pl.DataFrame, models: Sequence[str], weights: Floats) -> dict[str, Any]:
    if predictions[RESIDENT_COUNT].null_count():
        return {"rows": 0, "positives": 0, "reason": "不能估计:记录没有说明由谁发现", "models": {}}
    return judge_part(predictions.with_columns(pl.col(RESIDENT_COUNT).alias("count")), models, weights, NOT_OF_COUNTS)


def area_parts(predictions: pl.DataFrame, weights: Floats) -> dict[str, dict[str, Any]]:
    """Judge the model in each township and each kind of area, in the order of their codes."""
    return {level: _by(predictions, level, [MODEL], weights) for level in (TOWNSHIP, Col.AREA_TYPE)}


def fold_parts(predictions: pl.DataFrame, models: Sequence[str], weights: Floats) -> dict[str, Any]:
    """Judge each fold."""
    return _by(predictions, FOLD, models, weights)


def _by(predictions: pl.DataFrame, column: str, models: Sequence[str], weights: Floats) -> dict[str, Any]:
    groups = predictions[column].unique().sort().to_list()
    return {str(group): judge_part(predictions.filter(pl.col(column) == group), models, weights) for group in groups if group != ""}
