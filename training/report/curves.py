"""Curves: the share of events in the top part of the area, and the precision of a list of so many places."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.evaluation.metrics import RISK_BINS, Outcomes, Predicted, risk_bins
from training.evaluation.top_share import flag_shares, flag_tops, without_ties
from training.report.estimates import Cell, Floats, Sample, divide, estimate

SHARES = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30)
"""Per cent of the grids of an as_of."""


def hit_curve(outcomes: Outcomes, score: Floats, weights: Floats) -> list[dict[str, Any]]:
    """Measure hit rate and PAI at every share; ties at the edge count as broken at random, for, and against the score."""
    sample, shares = Sample(outcomes.block, weights), [percent / 100 for percent in SHARES]
    flags = zip(*(flag_shares(each, outcomes.as_of, shares) for each in _with_luck(score, outcomes.counts)), strict=True)
    return [{"share": percent, **_at_share(outcomes.counts, sample, *flagged)} for percent, flagged in zip(SHARES, flags, strict=True)]


def _with_luck(score: Floats, happened: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the score, and the same with ties broken for and against it."""
    return score, without_ties(score, happened), without_ties(score, -happened)


def _at_share(counts: Floats, sample: Sample, flagged: Floats, lucky: Floats, unlucky: Floats) -> dict[str, Any]:
    hit_rate, area = (
        divide(sample.total(flagged * counts), sample.total(counts)),
        divide(sample.total(flagged), sample.total(np.ones(len(counts)))),
    )
    return {
        "hit": estimate(hit_rate),
        "hit_best_ties": sample.ratio(lucky * counts, counts)["value"],
        "hit_worst_ties": sample.ratio(unlucky * counts, counts)["value"],
        "pai": estimate(divide(hit_rate, area)),
    }


def at_capacities(outcomes: Outcomes, score: Floats, weights: Floats, capacities: Sequence[int]) -> list[dict[str, Any]]:
    """Measure lists of so many grids per as_of: which share of each saw an escalation, and which share of those it held."""
    sample, positive = Sample(outcomes.block, weights), outcomes.positive.astype(np.float64)
    most = np.bincount(outcomes.as_of - outcomes.as_of.min()).max(initial=0)
    flags = zip(*(flag_tops(each, outcomes.as_of, capacities) for each in _with_luck(score, positive)), strict=True)
    return [
        _too_long(capacity) if capacity > most else {"capacity": capacity, **_at_capacity(positive, sample, *flagged)}
        for capacity, flagged in zip(capacities, flags, strict=True)
    ]


def _too_long(capacity: int) -> dict[str, Any]:
    nothing: Cell = {"value": None, "ci95": None}
    return {"capacity": capacity, "precision": nothing, "recall": nothing, "reason": f"不能估计：网格总数少于{capacity}个"}


def _at_capacity(positive: Floats, sample: Sample, flagged: Floats, lucky: Floats, unlucky: Floats) -> dict[str, Any]:
    return {
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
