"""Metrics of a backtest, measured on the rows and on every bootstrap draw of them in one pass.

A draw gives each block of rows a weight. All metrics but two are ratios of sums over rows, so they need one sum per block; the area
under the ROC curve and the average precision need the rows in order of score. Which grids are flagged does not change with the draw.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.special import xlogy

from training.bootstrap import Blocks
from training.evaluation.top_share import flag

Floats = npt.NDArray[np.float64]

METRICS = (
    "auc",
    "ap",
    "ap_over_base",
    "hit@1%",
    "hit@5%",
    "hit@10%",
    "pai@5%",
    "brier_skill",
    "ece",
    "precision@10%",
    "lift@10%",
    "poisson_deviance",
)
LOWER_IS_BETTER = frozenset({"ece", "poisson_deviance"})

HIT_SHARES = (1, 5, 10)
RISK_BINS = 10
CURVE_CELLS = 4_000_000
"""Steps of a curve x draws that are worked out at a time; bounds the memory."""


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of the rows of a test; arrays of equal length."""

    counts: Floats
    as_of: npt.NDArray[np.int64]
    """Position of the row's as_of."""
    block: Blocks
    climatology: Floats
    """P(at least one) by the grid's own rate of the last 365 days: what the Brier score is compared with."""

    @property
    def positive(self) -> npt.NDArray[np.bool_]:
        """Tell which rows saw at least one escalation."""
        return self.counts >= 1


@dataclass(frozen=True)
class Predicted:
    """Predictions of one model for the same rows."""

    expected: Floats
    """Rows are ranked by it."""
    risk: Floats
    """P(at least one)."""


@dataclass(frozen=True)
class _Ranked:
    """Rows by falling score, in groups of equal score; of the groups only those with a positive row move a curve."""

    order: npt.NDArray[np.intp]
    true_rows: npt.NDArray[np.intp]
    """Positive rows, in that order."""
    last: npt.NDArray[np.intp]
    """Place of each group's last row among `true_rows`."""
    starts: npt.NDArray[np.intp]
    ends: npt.NDArray[np.intp]
    """Places of each group, half-open `[start, end)`."""


def measure(outcomes: Outcomes, predicted: Predicted, weights: Floats) -> dict[str, Floats]:
    """Measure all metrics under every row of `weights`.

    `weights` (R, blocks) says how often each block is drawn. Returns: metric -> (R,), NaN where it cannot be estimated.
    """
    sums = {name: weights @ _per_block(outcomes, values, weights.shape[1]) for name, values in _row_sums(outcomes, predicted)}
    with np.errstate(divide="ignore", invalid="ignore"):
        measured = _ratios(sums) | _curves(outcomes, predicted.expected, weights, sums["positive"] / sums["rows"])
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in measured.items()}


def _per_block(outcomes: Outcomes, values: Floats, blocks: int) -> Floats:
    return np.asarray(np.bincount(outcomes.block, values, minlength=blocks), np.float64)


def _row_sums(outcomes: Outcomes, predicted: Predicted) -> Iterator[tuple[str, Floats]]:
    counts, positive = outcomes.counts, outcomes.positive.astype(np.float64)
    yield "rows", np.ones(len(counts))
    yield "positive", positive
    yield "counts", counts
    for percent in HIT_SHARES:
        flagged = flag(predicted.expected, outcomes.as_of, percent / 100)
        yield f"flagged@{percent}%", flagged
        yield f"hit@{percent}%", flagged * counts
        yield f"true@{percent}%", flagged * positive
    yield "brier", (predicted.risk - positive) ** 2
    yield "climatology", (outcomes.climatology - positive) ** 2
    yield "deviance", 2 * ((xlogy(counts, counts) - xlogy(counts, predicted.expected)) - counts + predicted.expected)
    bins = risk_bins(predicted.risk)
    for number in range(RISK_BINS):
        yield f"bin {number}", (predicted.risk - positive) * (bins == number)


def risk_bins(risk: Floats) -> npt.NDArray[np.intp]:
    """Put rows into ten bins of about equal size by risk, equal risks into the same one."""
    edges = np.quantile(risk, np.arange(1, RISK_BINS) / RISK_BINS) if len(risk) else np.zeros(0)
    return np.searchsorted(edges, risk, side="right")


def _ratios(sums: dict[str, Floats]) -> dict[str, Floats]:
    hits = {f"hit@{percent}%": sums[f"hit@{percent}%"] / sums["counts"] for percent in HIT_SHARES}
    gaps = np.abs([sums[f"bin {number}"] for number in range(RISK_BINS)])
    precision = sums["true@10%"] / sums["flagged@10%"]
    return hits | {
        "pai@5%": hits["hit@5%"] / (sums["flagged@5%"] / sums["rows"]),
        "brier_skill": np.where(sums["positive"] > 0, 1 - sums["brier"] / sums["climatology"], np.nan),
        "ece": gaps.sum(axis=0) / sums["rows"],
        "precision@10%": precision,
        "lift@10%": precision / (sums["positive"] / sums["rows"]),
        "poisson_deviance": sums["deviance"] / sums["rows"],
    }


def _curves(outcomes: Outcomes, score: Floats, weights: Floats, base_rate: Floats) -> dict[str, Floats]:
    """Measure AUC and average precision; rows of equal score pass the threshold together."""
    if len(score) == 0:
        nothing = np.full(len(weights), np.nan)
        return {"auc": nothing, "ap": nothing, "ap_over_base": nothing}
    ranked = _rank(score, outcomes.positive)
    step = max(1, CURVE_CELLS // max(1, len(ranked.ends)))
    parts = [_areas(weights[start : start + step], outcomes.block, ranked) for start in range(0, len(weights), step)]
    auc, ap = np.concatenate(parts, axis=1)
    return {"auc": auc, "ap": ap, "ap_over_base": ap / base_rate}


def _rank(score: Floats, positive: npt.NDArray[np.bool_]) -> _Ranked:
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True)) + 1
    true_places = np.flatnonzero(positive[order])
    group, last = np.unique(np.searchsorted(ends, true_places, side="right"), return_index=True)
    starts = np.append(0, ends)[group]
    return _Ranked(order, order[true_places], np.append(last[1:], len(true_places))[: len(group)] - 1, starts, ends[group])


@njit(nogil=True, cache=True)
def sum_first(weights: Floats, block: Blocks, lengths: npt.NDArray[np.intp]) -> Floats:
    """Sum the weights (R, blocks) of the first rows, whose blocks are given in order: (R, P) for P ascending numbers of rows.

    Compiled: numpy would need the running sum of every row for each of R draws, of which few are looked at.
    """
    sums = np.empty((len(weights), len(lengths)))
    for draw in range(len(weights)):
        total, row = 0.0, 0
        for place in range(len(lengths)):
            while row < lengths[place]:
                total += weights[draw, block[row]]
                row += 1
            sums[draw, place] = total
    return sums


def _areas(weights: Floats, block: Blocks, ranked: _Ranked) -> Floats:
    """Return the areas under the ROC and the precision-recall curve, (2, R), for weights (R, blocks)."""
    ordered = block[ranked.order]
    before, after = (sum_first(weights, ordered, rows) for rows in (ranked.starts, ranked.ends))
    true = sum_first(weights, block[ranked.true_rows], ranked.last + 1)
    gained = np.diff(true, axis=1, prepend=0)
    positives = true[:, -1:].sum(axis=1)
    negatives = weights @ np.bincount(ordered, minlength=weights.shape[1]) - positives
    above = (before + after - 2 * true + gained) / 2
    auc = (gained * (negatives[:, None] - above)).sum(axis=1) / (positives * negatives)
    precision = np.divide(true, after, out=np.zeros_like(true), where=after > 0)
    return np.stack([auc, (gained * precision).sum(axis=1) / positives])
