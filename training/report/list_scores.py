"""Figures of lists: by share of the area, by length, by lead time, and the two lists apart, the chronic and the rising.

A list of chronic places holds many escalations and few surges; a list of rising ones the other way round. So both are held against both.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.schema import Col
from training.bootstrap import Cell, Floats, Sample, divide, estimate, too_few
from training.evaluation.fold_runner import MODEL, Z_SCORE
from training.evaluation.metrics import RISK_BINS, Order, Outcomes, PlacesOf, Predicted, flag, places_of_share, risk_bins
from training.evaluation.predictions import EXPECTED, SURGE, USUAL_LEVEL, outcomes, surge_outcomes
from training.registry.gate import turnover

CHRONIC, RISING = "chronic", "rising"
SHARES = (1, 5, 10)

CURVE_SHARES = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30)
"""Per cent of the grids of an as_of."""

LISTED_SHARE = 0.05
DAYS = (0, 1, 3, 7, 10)

Flags = npt.NDArray[np.bool_]


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


def hit_curve(outcomes: Outcomes, score: Floats, weights: Floats) -> list[dict[str, Any]]:
    """Measure hit rate and PAI at every share; ties at the edge count as broken at random, for, and against the score."""
    shares = [partial(places_of_share, percent / 100) for percent in CURVE_SHARES]
    lists, happened, rows = _measure_lists(outcomes, score, outcomes.counts, weights, shares)
    return [{"share": percent, **_at_share(each, happened, rows)} for percent, each in zip(CURVE_SHARES, lists, strict=True)]


@dataclass(frozen=True)
class _List:
    """What lists of one length hold; arrays by draw, (R,), the rows themselves first."""

    held: Floats
    length: Floats
    most: float
    least: float
    """What they hold of the rows themselves with ties broken for and against the score."""


def _measure_lists(
    outcomes: Outcomes, score: Floats, happened: Floats, weights: Floats, lengths: Sequence[PlacesOf]
) -> tuple[list[_List], Floats, Floats]:
    """Return the lists of each length, and beside them all that happened and all rows, by draw (R,); rows are put in order once."""
    order = Order.of(score, outcomes.as_of, -happened)
    sample, happened = Sample(outcomes.block[order.rows], weights), happened[order.rows]
    sums, ties = [sample.sums(happened), sample.sums(np.ones(len(happened)))], []
    for places in (places_of(order.sizes) for places_of in lengths):
        chance = order.chance(places)
        sums += [sample.sums(chance * happened), sample.sums(chance)]
        ties.append([float(happened[listed].sum()) for listed in order.broken(places)])
    whole, rows, *totals = sample.totals(sums)
    return [_List(held, length, *edge) for held, length, edge in zip(totals[::2], totals[1::2], ties, strict=True)], whole, rows


def _at_share(lists: _List, happened: Floats, rows: Floats) -> dict[str, Any]:
    hit_rate = divide(lists.held, happened)
    return {
        "hit": estimate(hit_rate),
        "hit_best_ties": _share(lists.most, happened),
        "hit_worst_ties": _share(lists.least, happened),
        "pai": estimate(divide(hit_rate, divide(lists.length, rows))),
    }


def _share(part: float, whole: Floats) -> float | None:
    return part / float(whole[0]) if whole[0] else None


def at_capacities(outcomes: Outcomes, score: Floats, weights: Floats, capacities: Sequence[int]) -> list[dict[str, Any]]:
    """Measure lists of so many grids per as_of: which share of each saw an escalation, and which share of those it held."""
    positive = outcomes.positive.astype(np.float64)
    most = np.bincount(outcomes.as_of - outcomes.as_of.min()).max(initial=0)
    lengths = [partial(np.minimum, capacity) for capacity in capacities]
    lists, happened, _ = _measure_lists(outcomes, score, positive, weights, lengths)
    return [
        _too_long(capacity) if capacity > most else {"capacity": capacity, **_at_capacity(each, happened)}
        for capacity, each in zip(capacities, lists, strict=True)
    ]


def _too_long(capacity: int) -> dict[str, Any]:
    nothing: Cell = {"value": None, "ci95": None}
    return {"capacity": capacity, "precision": nothing, "recall": nothing, "reason": f"不能估计：网格总数少于{capacity}个"}


def _at_capacity(lists: _List, happened: Floats) -> dict[str, Any]:
    return {
        "precision": estimate(divide(lists.held, lists.length)),
        "precision_best_ties": _share(lists.most, lists.length),
        "precision_worst_ties": _share(lists.least, lists.length),
        "recall": estimate(divide(lists.held, happened)),
        "reason": None,
    }


def reliability(outcomes: Outcomes, predicted: Predicted, weights: Floats) -> list[dict[str, Any]]:
    """Return per bin of about equally many rows what was predicted, what happened, and how many rows that is; empty bins are left out."""
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


def lead_time(predictions: pl.DataFrame, escalations: pl.DataFrame, weights: Floats, model: str, horizon_days: int) -> dict[str, Any]:
    """Return which share of the escalations was listed at least so many days before, and the median of those listed.

    A list of as_of speaks of [as_of, as_of + horizon_days). Only escalations count of which every list that could have named them was
    made, so those of the first days are left out; the top 5 % are listed, grids tied at the edge are not.
    """
    as_ofs = predictions[Col.AS_OF].unique().sort().to_physical().to_numpy()
    listed = _listed(predictions, model, len(as_ofs))
    day = escalations["occurred"].to_physical().to_numpy()
    step = int(np.diff(as_ofs).min(initial=horizon_days))
    judged = (day >= as_ofs[0] + horizon_days - 1) & (day < as_ofs[-1] + step)
    day, weight = day[judged], escalations["weight"].to_numpy()[judged]
    grid = np.searchsorted(_grids(predictions), escalations[Col.GRID_ID].to_numpy()[judged].astype(np.str_))
    lead = _lead(as_ofs, listed, day, grid, horizon_days)
    block = predictions["block"].to_numpy().reshape(listed.shape)[np.searchsorted(as_ofs, day, side="right") - 1, grid]
    sample = Sample(block, weights)
    return {
        "escalations": float(weight.sum()),
        "listed": {str(days): sample.ratio(weight * (lead >= days), weight) for days in DAYS if days < horizon_days},
        "median_days": float(np.median(lead[lead >= 0])) if (lead >= 0).any() else None,
    }


def _listed(predictions: pl.DataFrame, model: str, as_ofs: int) -> Flags:
    as_of = predictions[Col.AS_OF].to_physical().to_numpy()
    flagged = flag(predictions[EXPECTED + model].to_numpy(), as_of, LISTED_SHARE)
    return np.asarray(flagged == 1).reshape(as_ofs, -1)


def _grids(predictions: pl.DataFrame) -> npt.NDArray[np.str_]:
    """Return the grids in the order in which they stand at every as_of."""
    return predictions.filter(pl.col(Col.AS_OF) == predictions[Col.AS_OF][0])[Col.GRID_ID].to_numpy().astype(np.str_)


def _lead(as_ofs: npt.NDArray[np.int32], listed: Flags, day: npt.NDArray[np.int32], grid: npt.NDArray[np.int64], horizon: int) -> Floats:
    """Return the days from the first list that names the grid and reaches to the day; -1 where none does."""
    lead = np.full(len(day), -1.0)
    for as_of, names in zip(as_ofs[::-1], listed[::-1], strict=True):
        speaks = (as_of <= day) & (day < as_of + horizon) & names[grid]
        lead[speaks] = (day - as_of)[speaks]
    return lead
