"""Metrics of a backtest, measured on the rows and on every bootstrap draw of them in one pass, and the scorecard of several models.

A draw gives each block of rows a weight. All metrics but two are ratios of sums over rows, so they need one sum per block; the area
under the ROC curve and the average precision need the rows in order of score. Which grids are flagged does not change with the draw;
ties at the edge of the flagged share count as if broken at random.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from numba import njit
from scipy.special import xlogy

from training.bootstrap import Blocks, interval

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
DRAWS, THREADS = 64, 2
"""Draws that pass along a curve side by side, and how many such passes run at a time."""
OPENS, POSITIVE, CLOSES = 1, 2, 4
"""Marks of a row in order of score."""

Floats = npt.NDArray[np.float64]
Sizes = npt.NDArray[np.int64]
PlacesOf = Callable[[Sizes], npt.NDArray[np.number]]
"""From the rows of each as_of to places."""

Samples = dict[str, Floats]
"""Metric -> its value on the rows, then on every draw."""


def flag(score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], share: float) -> Floats:
    """Return each row's probability of being among the `share` of its as_of's rows with the highest score.

    Of n rows `share` x n are flagged, rounded half up, at least one. Rows tied at the edge share the places left.

    >>> flag(np.array([3.0, 1.0, 1.0, 0.0]), np.zeros(4, int), share=0.5)
    array([1. , 0.5, 0.5, 0. ])
    """
    return next(flag_shares(score, as_of, [share]))


def flag_shares(score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], shares: Sequence[float]) -> Iterator[Floats]:
    """Yield what `flag` returns for each of several shares; rows are put in order once."""
    if len(score) == 0:
        yield from (np.zeros(0) for _ in shares)
        return
    order = Order.of(score, as_of)
    for share in shares:
        flagged = np.empty(len(score))
        flagged[order.rows] = order.chance(places_of_share(share, order.sizes))
        yield flagged


@dataclass(frozen=True)
class Order:
    """Rows by as_of and falling score; arrays (N,) in that order.

    >>> order = Order.of(np.array([3.0, 1.0, 1.0, 0.0]), np.zeros(4, int), -np.array([0.0, 0.0, 5.0, 0.0]))
    >>> order.rows, order.chance(np.array([2]))
    (array([0, 2, 1, 3]), array([1. , 0.5, 0.5, 0. ]))
    >>> order.broken(np.array([2]))
    (array([ True,  True, False, False]), array([ True, False,  True, False]))
    """

    rows: npt.NDArray[np.int64]
    day: Sizes
    ahead: Sizes
    """Rows of the same as_of with a higher score."""
    tied: Sizes
    """Rows of the same as_of with the same score, the row itself among them."""
    within: Sizes
    """Place of a row among those it ties with."""
    sizes: Sizes
    """(T,) rows of each as_of."""

    @classmethod
    def of(cls, score: npt.NDArray[np.floating], as_of: npt.NDArray[np.integer], *then: Floats) -> Self:
        """Put at least one row in order; those that tie by what comes `then`."""
        rows = np.lexsort((*then, -score, as_of))
        opens_day = _changes(as_of[rows])
        opens_tie = opens_day | _changes(score[rows])
        day, tie = np.cumsum(opens_day) - 1, np.cumsum(opens_tie) - 1
        first = np.flatnonzero(opens_tie)[tie]
        ahead = first - np.flatnonzero(opens_day)[day]
        return cls(rows, day, ahead, np.bincount(tie)[tie], np.arange(len(rows)) - first, np.bincount(day))

    def chance(self, places: npt.NDArray[np.number]) -> Floats:
        """Return each row's probability of having one of the places (T,) of its as_of; ties share those that are left."""
        return np.asarray(np.clip((places[self.day] - self.ahead) / self.tied, 0, 1), np.float64)

    def broken(self, places: npt.NDArray[np.number]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        """Tell which rows have a place where ties are broken in this order, and where in the opposite one."""
        left = places[self.day] - self.ahead
        return self.within < left, self.tied - 1 - self.within < left


def places_of_share(share: float, sizes: Sizes) -> Floats:
    """Return the places of a list by the rows of each as_of: a share of them, rounded half up, at least one."""
    return np.asarray(np.maximum(1, np.floor(sizes * share + 0.5)), np.float64)


def _changes(values: npt.NDArray[np.generic]) -> npt.NDArray[np.bool_]:
    """Tell which values differ from the one before; the first does."""
    return np.concatenate([[True], values[1:] != values[:-1]])


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


def measure(outcomes: Outcomes, predicted: Predicted, weights: Floats) -> dict[str, Floats]:
    """Measure all metrics under every row of `weights`.

    `weights` (R, blocks) says how often each block is drawn. Returns: metric -> (R,), NaN where it cannot be estimated.
    """
    outcomes, weights = _blocks_present(outcomes, weights)
    sums = {name: weights @ _per_block(outcomes, values, weights.shape[1]) for name, values in _row_sums(outcomes, predicted)}
    with np.errstate(divide="ignore", invalid="ignore"):
        measured = _ratios(sums) | _curves(outcomes, predicted.expected, weights, sums["positive"] / sums["rows"])
    return {name: np.where(np.isfinite(values), values, np.nan) for name, values in measured.items()}


def _blocks_present(outcomes: Outcomes, weights: Floats) -> tuple[Outcomes, Floats]:
    """Leave out the blocks without a row: one township has a hundred of the forty thousand of a province."""
    present = np.bincount(outcomes.block, minlength=weights.shape[1]) > 0
    if present.all():
        return outcomes, weights
    return replace(outcomes, block=(np.cumsum(present) - 1)[outcomes.block]), weights[:, present]


def _per_block(outcomes: Outcomes, values: Floats, blocks: int) -> Floats:
    return np.asarray(np.bincount(outcomes.block, values, minlength=blocks), np.float64)


def _row_sums(outcomes: Outcomes, predicted: Predicted) -> Iterator[tuple[str, Floats]]:
    counts, positive = outcomes.counts, outcomes.positive.astype(np.float64)
    yield "rows", np.ones(len(counts))
    yield "positive", positive
    yield "counts", counts
    shares = [percent / 100 for percent in HIT_SHARES]
    for percent, flagged in zip(HIT_SHARES, flag_shares(predicted.expected, outcomes.as_of, shares), strict=True):
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
    order = np.argsort(-score, kind="stable")
    block, marks = outcomes.block[order], _mark(score[order], outcomes.positive[order])
    chunks = [np.ascontiguousarray(weights[start : start + DRAWS].T) for start in range(0, len(weights), DRAWS)]
    with ThreadPoolExecutor(THREADS) as pool:
        auc, ap = np.concatenate(list(pool.map(_areas, chunks, repeat(block), repeat(marks))), axis=1)
    return {"auc": auc, "ap": ap, "ap_over_base": ap / base_rate}


def _mark(score: Floats, positive: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint8]:
    """Mark rows in order of score that are positive, and the first and last of those of equal score among which one is."""
    opens = np.append(True, np.diff(score) != 0)
    group = np.cumsum(opens) - 1
    looked_at = np.bincount(group, positive)[group] > 0
    closes = np.append(opens[1:], True)
    return np.asarray(OPENS * (opens & looked_at) + POSITIVE * positive + CLOSES * (closes & looked_at), np.uint8)


@njit(nogil=True, cache=True)
def _areas(weights: Floats, block: Blocks, marks: npt.NDArray[np.uint8]) -> Floats:
    """Return the areas under the ROC and the precision-recall curve, (2, R), for weights (blocks, R) and marked rows in order of score.

    Compiled: numpy would need the running sums of every row for each of R draws. Draws lie side by side, so that a row reads its weights
    of all of them at once.
    """
    draws = weights.shape[1]
    passed, true, opened, gained = np.zeros(draws), np.zeros(draws), np.zeros(draws), np.zeros(draws)
    misplaced, precision = np.zeros(draws), np.zeros(draws)
    for row in range(len(block)):
        own = weights[block[row]]
        if marks[row] & OPENS:
            opened[:], gained[:] = passed - true, true
        passed += own
        if marks[row] & POSITIVE:
            true += own
        if marks[row] & CLOSES:
            for draw in range(draws):
                gain = true[draw] - gained[draw]
                misplaced[draw] += gain * (opened[draw] + passed[draw] - true[draw]) / 2
                precision[draw] += gain * true[draw] / passed[draw] if gain else 0.0
    return np.stack((1 - misplaced / (true * (passed - true)), precision / true))


@dataclass(frozen=True)
class Scorecard:
    """Printed figures of one set of rows; None stands for what cannot be estimated."""

    rows: int
    positives: int
    models: dict[str, dict[str, Any]]
    """Model -> metric -> value, and `ci95` -> metric -> [low, high]."""
    differences: dict[str, dict[str, dict[str, Any]]]
    """Model -> metric -> value and ci95 of the first model minus this one, on the same draws."""
    notes: list[str]
    """Reason for which a metric is None."""


def score(outcomes: Outcomes, predictions: dict[str, Predicted], weights: Floats, left_out: frozenset[str] = frozenset()) -> Scorecard:
    """Measure every model on the same rows and draws; metrics in `left_out` have no meaning here and stay None."""
    samples = {name: _without(measure(outcomes, predicted, weights), left_out) for name, predicted in predictions.items()}
    first, *others = samples
    return Scorecard(
        rows=len(outcomes.counts),
        positives=int(outcomes.positive.sum()),
        models={name: _values(own) | {"ci95": _intervals(own)} for name, own in samples.items()},
        differences={name: _difference(samples[first], samples[name]) for name in others},
        notes=_notes(outcomes, samples[first], left_out),
    )


def _without(samples: Samples, left_out: frozenset[str]) -> Samples:
    return {name: np.full_like(samples[name], np.nan) if name in left_out else samples[name] for name in METRICS}


def _values(samples: Samples) -> dict[str, float | None]:
    return {name: _number(values[0]) for name, values in samples.items()}


def _intervals(samples: Samples) -> dict[str, list[float] | None]:
    return {name: interval(values) for name, values in samples.items()}


def _difference(model: Samples, other: Samples) -> dict[str, dict[str, Any]]:
    gaps = {name: model[name] - other[name] for name in METRICS}
    return {name: {"value": _number(gap[0]), "ci95": interval(gap)} for name, gap in gaps.items()}


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _notes(outcomes: Outcomes, samples: Samples, left_out: frozenset[str]) -> list[str]:
    missing = [name for name in METRICS if not np.isfinite(samples[name][0]) and name not in left_out]
    notes = [f"{', '.join(sorted(left_out))}: the label is yes or no, not a count."] if left_out else []
    return [*notes, f"{', '.join(missing)}: cannot be estimated, {_reason(outcomes)}."] if missing else notes


def _reason(outcomes: Outcomes) -> str:
    positives = int(outcomes.positive.sum())
    if positives == 0:
        return f"none of {len(outcomes.counts)} rows saw an escalation"
    if positives == len(outcomes.counts):
        return f"all of {positives} rows saw an escalation"
    return f"{positives} of {len(outcomes.counts)} rows saw an escalation and there is nothing to compare with"
