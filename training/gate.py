"""The promotion gate: what speaks against letting a candidate replace the champion."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.flags import flag
from training.groups import Verdict
from training.replay import MODEL

METRIC = "poisson_deviance"
"""What candidates are judged by; lower is better."""
FOLD_KEYS = ("target", "horizon_days", "as_of", "rows", "escalations")
"""Two backtests that agree in these were measured on identical folds."""
EMERGENT = ("onset", "rising")
"""Subsets where something new begins. Places that are busy every week make any model look good; here it may not be worse than a rule."""
TOP_SHARE = 0.05
MOST_TURNOVER = 0.4

Report = Mapping[str, Any]
"""The JSON of a backtest."""


@dataclass(frozen=True)
class Comparison:
    """The champion beside the candidate."""

    champion_hash: str
    champion: Report
    """The backtest of the champion's recipe, wanted on the candidate's folds; rerun with today's code where the folds have moved."""
    turnover: float | None
    """Share of the champion's top grids that the candidate does not flag at the last as_of; None if it is of an older program."""


def object_to(candidate: Report, comparison: Comparison | None) -> list[str]:
    """Say everything that speaks against a candidate, each in a clause; an empty list lets it pass. Without champion, no comparison."""
    objections = [*_unusable_figures(candidate["models"][MODEL]), *_baselines_not_beaten(candidate)]
    objections += [*_worse_where_it_begins(candidate), *_uneven(candidate)]
    if comparison is not None:
        objections += [*_worse_than_champion(candidate, comparison.champion), *_too_many_moves(comparison.turnover)]
    return objections


def turnover(candidate: npt.NDArray[np.floating], champion: npt.NDArray[np.floating]) -> float:
    """Return which share of the champion's top 5 % of grids the candidate leaves out; scores are (G,), of one as_of.

    >>> turnover(np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0]))
    1.0
    """
    as_of = np.zeros(len(candidate), np.int64)
    mine, before = (flag(score, as_of, TOP_SHARE) for score in (candidate, champion))
    return float(1 - np.minimum(mine, before).sum() / before.sum())


def _unusable_figures(metrics: Mapping[str, Any]) -> Iterator[str]:
    names = [name for name, value in metrics.items() if isinstance(value, float) and not math.isfinite(value)]
    if names:
        yield f"{', '.join(names)} must be finite numbers, and are not"
    if metrics[METRIC] is None:
        yield f"{METRIC} cannot be estimated"


def _baselines_not_beaten(candidate: Report) -> Iterator[str]:
    if not candidate["differences"]:
        yield "no baseline was scored beside it"
    for name, difference in candidate["differences"].items():
        interval = difference[METRIC]["ci95"]
        if interval is None:
            yield f"whether it beats {name} cannot be estimated"
        elif not interval[1] < 0:
            yield f"it does not beat {name}: the 95 % interval of the {METRIC} difference is {interval[0]:+.4f} to {interval[1]:+.4f}"


def _worse_where_it_begins(candidate: Report) -> Iterator[str]:
    for subset in EMERGENT:
        for name, difference in candidate["subsets"][subset].get("differences", {}).items():
            interval = difference[METRIC]["ci95"]
            if interval is not None and interval[0] > 0:
                found = f"the 95 % interval of the {METRIC} difference is {interval[0]:+.4f} to {interval[1]:+.4f}"
                yield f"on the {subset} rows it is worse than {name}: {found}"


def _uneven(candidate: Report) -> Iterator[str]:
    for column, grouping in candidate.get("disparity", {}).items():
        if grouping["verdict"] == Verdict.BLOCK:
            off = f", with observed over expected off in {', '.join(grouping['off'])}" if grouping["off"] else ""
            ratio = "cannot be estimated" if grouping["ratio"] is None else f"is {grouping['ratio']:.2f}, chance {grouping['chance']:.3f}"
            yield f"it does not serve all kinds of places by {column} alike: lowest recall over highest {ratio}{off}"


def _worse_than_champion(candidate: Report, champion: Report) -> Iterator[str]:
    if different := [key for key in FOLD_KEYS if candidate[key] != champion[key]]:
        yield f"it was not measured on the champion's folds ({', '.join(different)} differ)"
        return
    mine, before = (report["models"][MODEL][METRIC] for report in (candidate, champion))
    if before is not None and mine is not None and not mine <= before:
        yield f"it is worse than the champion: {METRIC} {mine:.4f} against {before:.4f}"


def _too_many_moves(share: float | None) -> Iterator[str]:
    if share is None:
        yield "the champion is of an older program, so nobody knows how many grids would change: a named person decides"
    elif not share <= MOST_TURNOVER:
        moved = f"{share:.0%} of the champion's top {TOP_SHARE:.0%} of grids"
        yield f"{moved} would change, more than {MOST_TURNOVER:.0%}: a named person decides"
