"""The two lists apart: places with a high usual level, and places high against their own usual level.

A list of chronic places holds many escalations and few surges; a list of rising ones the other way round. So both are held against both.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import polars as pl

from features.schema import Col
from training.evaluation.fold_runner import MODEL, Z_SCORE
from training.evaluation.metrics import Outcomes
from training.evaluation.predictions import EXPECTED, SURGE, USUAL_LEVEL, outcomes, surge_outcomes
from training.evaluation.top_share import flag
from training.registry.gate import turnover
from training.report.estimates import Floats, Sample, divide, estimate, too_few

CHRONIC, RISING = "chronic", "rising"
SHARES = (1, 5, 10)


def list_scores(predictions: pl.DataFrame) -> dict[str, Floats]:
    """Return what each list is ordered by, (N,): usual level, factor, and beside them the expected count and the rule of thumb."""
    columns = {
        CHRONIC: pl.col(USUAL_LEVEL),
        RISING: pl.col(EXPECTED + MODEL) / pl.col(USUAL_LEVEL),
        MODEL: pl.col(EXPECTED + MODEL),
        Z_SCORE: pl.col(SURGE + Z_SCORE),
    }
    return {name: predictions.select(column).to_series().to_numpy() for name, column in columns.items()}


def two_lists(predictions: pl.DataFrame, weights: Floats) -> list[dict[str, Any]]:
    """Hold every list at every share against escalations and against surges."""
    targets = {"escalation": outcomes(predictions), "surge": surge_outcomes(predictions)}
    return [row for name, happened in targets.items() for row in _against(name, happened, predictions, weights)]


def _against(target: str, happened: Outcomes, predictions: pl.DataFrame, weights: Floats) -> Iterator[dict[str, Any]]:
    positives = int(happened.positive.sum())
    if reason := too_few(positives):
        yield {"target": target, "positives": positives, "reason": reason}
        return
    sample, usual = Sample(happened.block, weights), predictions[USUAL_LEVEL].to_numpy()
    for name, score in list_scores(predictions).items():
        for percent in SHARES:
            flagged = flag(score, happened.as_of, percent / 100)
            about = {"target": target, "positives": positives, "reason": None, "list": name, "share": percent}
            yield about | _measure(happened, flagged, usual, sample)


def _measure(happened: Outcomes, flagged: Floats, usual: Floats, sample: Sample) -> dict[str, Any]:
    """Return hit rate and precision of a list, how much more precise than any grid that is, and how many times the usual happened."""
    positive = happened.positive.astype(np.float64)
    precision = divide(sample.total(flagged * positive), sample.total(flagged))
    base = divide(sample.total(positive), sample.total(np.ones(len(positive))))
    return {
        "hit": sample.ratio(flagged * happened.counts, happened.counts),
        "precision": estimate(precision),
        "lift": estimate(divide(precision, base)),
        "times_usual": sample.ratio(flagged * happened.counts, flagged * usual),
    }


def churn(table: pl.DataFrame, column: str) -> dict[str, Any]:
    """Compare the lists of each two neighbouring as_ofs by one column; the grids stand in the same order at each."""
    as_ofs = table[Col.AS_OF].unique().sort()
    scores = table[column].to_numpy().reshape(len(as_ofs), -1)
    shares = [turnover(after, before) for before, after in pairwise(scores)]
    days_apart = np.diff(as_ofs.to_physical().to_numpy()).tolist()
    return {
        "days_apart": min(days_apart, default=None),
        "pairs": len(shares),
        "mean": float(np.mean(shares)) if shares else None,
        "shares": shares,
    }
