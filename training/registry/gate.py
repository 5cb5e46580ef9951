"""The promotion gate: what speaks against letting a candidate replace the champion."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.evaluation.disparity import LEAST_RATIO, Verdict
from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import flag
from training.rivals import PLAIN_LIGHTGBM, simple_rules

METRIC = "poisson_deviance"
"""Metric that candidates are judged by; lower is better."""
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


@dataclass(frozen=True)
class Check:
    """One thing that was asked of a candidate."""

    asked: str
    """Name of the question."""
    about: tuple[str, ...]
    """Rule, rows or kinds of places it was about."""
    wanted: str
    found: str | None
    """None where it cannot be estimated."""
    objection: str | None = None
    """Objection to the candidate, in a clause; None where there is none."""
    sure: bool = True
    """False where what was found may as well be chance, which is no pass."""


def evaluate_gate(candidate: Report, comparison: Comparison | None) -> list[str]:
    """Say everything that speaks against a candidate, each in a clause; an empty list lets it pass. Without champion, no comparison."""
    return [check.objection for check in check_all(candidate, comparison) if check.objection]


def check_all(candidate: Report, comparison: Comparison | None) -> list[Check]:
    """Ask everything that is asked of a candidate."""
    checks = [_usable_figures(candidate["models"][MODEL]), *_beats_baselines(candidate)]
    checks += [*_plausible(candidate), _no_worse_than_peer(candidate), *_no_worse_where_it_begins(candidate), *_even(candidate)]
    if comparison is not None:
        checks += [*_no_worse_than_champion(candidate, comparison.champion), _few_moves(comparison.turnover)]
    return checks


def turnover(candidate: npt.NDArray[np.floating], champion: npt.NDArray[np.floating]) -> float:
    """Return which share of the champion's top 5 % of grids the candidate leaves out; scores are (G,), of one as_of.

    >>> turnover(np.array([3.0, 2.0, 1.0]), np.array([1.0, 2.0, 3.0]))
    1.0
    """
    as_of = np.zeros(len(candidate), np.int64)
    mine, before = (flag(score, as_of, TOP_SHARE) for score in (candidate, champion))
    return float(1 - np.minimum(mine, before).sum() / before.sum())


def _usable_figures(metrics: Mapping[str, Any]) -> Check:
    names = [name for name, value in metrics.items() if isinstance(value, float) and not math.isfinite(value)]
    faults = [f"{', '.join(names)} must be finite numbers, and are not"] if names else []
    if metrics[METRIC] is None:
        faults.append(f"{METRIC} cannot be estimated")
    found = None if metrics[METRIC] is None else f"{metrics[METRIC]:.4f}"
    return Check("usable_figures", (), METRIC, found, "; ".join(faults) or None)


def _plausible(candidate: Report) -> Iterator[Check]:
    """Ask whether the cases and the level of every grid justify what was expected of it."""
    plausibility = candidate.get("plausibility")
    if not plausibility:  # a candidate of an older program
        return
    row = plausibility["beyond"] or plausibility["largest"]
    found = f"{row['expected']:.4g}"
    objection = (
        f"it expected {found} escalations in grid {row['grid_id']} on {row['as_of']}, whose cases and level justify at most "
        f"{row['at_most']:.4g}; rows beyond that: {plausibility['rows_beyond']}"
    )
    yield Check("plausible", (row["grid_id"],), f"<= {row['at_most']:.4g}", found, objection if plausibility["beyond"] else None)


def _beats_baselines(candidate: Report) -> Iterator[Check]:
    rules = simple_rules(candidate["differences"])
    if not rules:
        yield Check("beats_rule", (), "< 0", None, "no baseline was scored beside it")
    for name in rules:
        interval = candidate["differences"][name][METRIC]["ci95"]
        if interval is None:
            yield Check("beats_rule", (name,), "< 0", None, f"whether it beats {name} cannot be estimated")
            continue
        objection = f"it does not beat {name}: the 95 % interval of the {METRIC} difference is {_said(interval)}"
        yield Check("beats_rule", (name,), "< 0", _said(interval), None if interval[1] < 0 else objection)


def _no_worse_than_peer(candidate: Report) -> Check:
    """Ask whether the model's construction costs accuracy: plain boosted trees on the same columns may not be surely better."""
    difference = candidate["differences"].get(PLAIN_LIGHTGBM)
    interval = difference[METRIC]["ci95"] if difference else None
    found = _said(interval) if interval else None
    objection = f"it is worse than {PLAIN_LIGHTGBM} on the same columns: the 95 % interval of the {METRIC} difference is {found}"
    worse = interval is not None and interval[0] > 0
    return Check("no_worse_than_peer", (PLAIN_LIGHTGBM,), "<= 0", found, objection if worse else None)


def _no_worse_where_it_begins(candidate: Report) -> Iterator[Check]:
    for subset in EMERGENT:
        differences = candidate["subsets"][subset].get("differences", {})
        for name in simple_rules(differences):
            interval = differences[name][METRIC]["ci95"]
            worse = interval is not None and interval[0] > 0
            found = None if interval is None else _said(interval)
            objection = f"on the {subset} rows it is worse than {name}: the 95 % interval of the {METRIC} difference is {found}"
            yield Check("no_worse_where_it_begins", (subset, name), "<= 0", found, objection if worse else None)


def _even(candidate: Report) -> Iterator[Check]:
    for column, grouping in candidate.get("disparity", {}).items():
        off = f", with observed over expected off in {', '.join(grouping['off'])}" if grouping["off"] else ""
        found = None if grouping["ratio"] is None else f"{grouping['ratio']:.2f}, chance {grouping['chance']:.3f}"
        ratio = "cannot be estimated" if found is None else f"is {found}"
        objection = f"it does not serve all kinds of places by {column} alike: lowest recall over highest {ratio}{off}"
        blocked, sure = grouping["verdict"] == Verdict.BLOCK, grouping["verdict"] != Verdict.INCONCLUSIVE
        yield Check("even", (column,), f">= {LEAST_RATIO}", found, objection if blocked else None, sure)


def _no_worse_than_champion(candidate: Report, champion: Report) -> Iterator[Check]:
    if different := [key for key in FOLD_KEYS if candidate[key] != champion[key]]:
        objection = f"it was not measured on the champion's folds ({', '.join(different)} differ)"
        yield Check("no_worse_than_champion", (), METRIC, None, objection)
        return
    mine, before = (report["models"][MODEL][METRIC] for report in (candidate, champion))
    if before is not None and mine is not None:
        objection = f"it is worse than the champion: {METRIC} {mine:.4f} against {before:.4f}"
        yield Check("no_worse_than_champion", (), f"<= {before:.4f}", f"{mine:.4f}", None if mine <= before else objection)


def _few_moves(share: float | None) -> Check:
    wanted = f"<= {MOST_TURNOVER:.0%}"
    if share is None:
        objection = "the champion is of an older program, so nobody knows how many grids would change: a named person decides"
        return Check("few_moves", (), wanted, None, objection)
    moved = f"{share:.0%} of the champion's top {TOP_SHARE:.0%} of grids"
    objection = f"{moved} would change, more than {MOST_TURNOVER:.0%}: a named person decides"
    return Check("few_moves", (), wanted, f"{share:.0%}", None if share <= MOST_TURNOVER else objection)


def _said(interval: Sequence[float]) -> str:
    return f"{interval[0]:+.4f} to {interval[1]:+.4f}"
