"""Curves: the share of events in the top part of the area, and the precision of a list of so many places."""

from typing import Any

import numpy as np

from training.evaluation.metrics import RISK_BINS, Outcomes, Predicted, risk_bins
from training.evaluation.top_share import flag, flag_top, without_ties
from training.report.estimates import Cell, Floats, Sample, divide, estimate

SHARES = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30)
"""Per cent of the grids of an as_of."""


def hit_curve(outcomes: Outcomes, score: Floats, weights: Floats) -> list[dict[str, Any]]:
    """Measure hit rate and PAI at every share; ties at the edge count as broken at random, for, and against the score."""
    sample = Sample(outcomes.block, weights)
    return [{"share": percent, **_at_share(outcomes, score, sample, percent / 100)} for percent in SHARES]


def _at_share(outcomes: Outcomes, score: Floats, sample: Sample, share: float) -> dict[str, Any]:
    counts = outcomes.counts
    flagged = flag(score, outcomes.as_of, share)
    hit_rate, area = (
        divide(sample.total(flagged * counts), sample.total(counts)),
        divide(sample.total(flagged), sample.total(np.ones(len(counts)))),
    )
    lucky, unlucky = (flag(without_ties(score, sign * counts), outcomes.as_of, share) * counts for sign in (1, -1))
    return {
        "hit": estimate(hit_rate),
        "hit_best_ties": sample.ratio(lucky, counts)["value"],
        "hit_worst_ties": sample.ratio(unlucky, counts)["value"],
        "pai": estimate(divide(hit_rate, area)),
    }


def at_capacity(outcomes: Outcomes, score: Floats, weights: Floats, capacity: int) -> dict[str, Any]:
    """Measure a list of `capacity` grids per as_of: which share of it saw an escalation, and which share of those it held."""
    if capacity > np.bincount(outcomes.as_of - outcomes.as_of.min()).max(initial=0):
        nothing: Cell = {"value": None, "ci95": None}
        return {"capacity": capacity, "precision": nothing, "recall": nothing, "reason": f"不能估计：网格总数少于{capacity}个"}
    sample, positive = Sample(outcomes.block, weights), outcomes.positive.astype(np.float64)
    flagged = flag_top(score, outcomes.as_of, capacity)
    lucky, unlucky = (flag_top(without_ties(score, sign * positive), outcomes.as_of, capacity) for sign in (1, -1))
    return {
        "capacity": capacity,
        "precision": sample.ratio(flagged * positive, flagged),
        "precision_best_ties": sample.ratio(lucky * positive, lucky)["value"],
        "precision_worst_ties": sample.ratio(unlucky * positive, unlucky)["value"],
        "recall": sample.ratio(flagged * positive, positive),
        "reason": None,
    }


def reliability(outcomes: Outcomes, predicted: Predicted, weights: Floats) -> list[dict[str, Any]]:
    """Return per bin of about equally many rows what was said, what happened, and how many rows that is; empty bins are left out."""
    sample, bins = Sample(outcomes.block, weights), risk_bins(predicted.risk)
    inside = [bins == number for number in range(RISK_BINS)]
    return [
        {
            "rows": int(rows.sum()),
            "positives": int(outcomes.positive[rows].sum()),
            "predicted": float(predicted.risk[rows].mean()),
            "observed": sample.ratio(outcomes.positive & rows, rows),
        }
        for rows in inside
        if np.any(rows)
    ]
