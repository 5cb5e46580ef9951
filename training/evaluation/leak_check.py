"""Leak check: figures too good to be true until somebody explains them, and columns that change when the log ends at their as_of.

Rare escalations are foreseen within bounds. Frequent ones lie in the same places every time, so only rows are looked at of which few
escalate. Open cases that fall due within the horizon are decided already, as a calendar would have told; where they are most of a target,
figures over all rows say how well a clock is read, so the rest is judged apart.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import Days, to_date
from features.facts.facts import Facts
from features.panel.build import Panel, build_features
from features.panel.counters import Edges, Increments, count
from features.panel.subset import known_before
from features.settings import BuildSettings
from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import measure
from training.evaluation.predictions import DUE, outcomes, predicted
from training.settings import TooGood

AS_OFS = 2
"""As_ofs that are built again."""

MOST = 0.5
"""Share of the escalations from which they are said to decide a target."""


def find_leak_signs(predictions: pl.DataFrame, limits: TooGood) -> list[str]:
    """Say which figures of the model exceed the limits, in one line each."""
    rows = predictions.filter(~pl.col(DUE))
    happened = outcomes(rows)
    if not happened.positive.any() or happened.positive.mean() > limits.rare_share:
        return []
    once = np.ones((1, int(happened.block.max()) + 1))
    found = {name: float(values[0]) for name, values in measure(happened, predicted(rows)[MODEL], once).items()}
    bounds = {"auc": limits.auc, "ap_over_base": limits.ap_over_base, "hit@5%": limits.hit_at_5_percent}
    return [
        f"too good: look for a leak: {metric} of {MODEL} is {found[metric]:.3f} where no open case falls due, above {bound:g}."
        for metric, bound in bounds.items()
        if found[metric] > bound
    ]


def look_ahead(facts: Facts, panel: Panel, horizon_days: int, build: BuildSettings) -> dict[str, Any]:
    """Build some as_ofs again from what was known by then; `changed` names the columns that came out differently."""
    places = np.unique(np.linspace(0, len(panel.as_ofs) - 1, AS_OFS + 1).round().astype(int)[1:])
    changed: set[str] = set()
    for place in places.tolist():
        day = panel.as_ofs[place : place + 1]
        again = build_features(known_before(facts, int(day[0])), day, horizon_days, build, panel.features)
        changed |= _different(panel, again, place)
    return {
        "as_ofs": [str(to_date(day)) for day in panel.as_ofs[places].tolist()],
        "columns": len(panel.features),
        "changed": sorted(changed),
    }


def _different(panel: Panel, again: Panel, place: int) -> set[str]:
    same = [np.array_equal(before[place], after[0], equal_nan=True) for before, after in zip(panel.values, again.values, strict=True)]
    return {name for name, equal in zip(panel.names, same, strict=True) if not equal}


def count_already_due(facts: Facts, as_ofs: Days, horizon_days: int) -> npt.NDArray[np.float32]:
    """Count the escalations in [as_of, as_of + horizon) of cases that were known before as_of and fell due when they escalated.

    Returns: (T, G).
    """
    case, occurred = facts.target.case, facts.target.occurred_day
    by_clock = occurred == facts.cases.due_day[case]
    case, occurred = case[by_clock], occurred[by_clock]
    after = np.maximum(facts.cases.known_day[case], occurred - np.int32(horizon_days))
    marks = Increments(1, np.zeros(len(case), np.int16), facts.cases.grid[case], after, facts.cases.weight[case], occurred)
    edges = Edges.over(as_ofs)
    return np.asarray(count(marks, edges, facts.places.size)[0][edges.at(as_ofs)], np.float32)


@dataclass(frozen=True)
class AlreadyDue:
    """Share of a target that open cases already due decide, and the worth of the model where none is due."""

    share: float
    """Of all escalations of the test rows."""
    rows: int
    """Rows where no open case falls due within the horizon."""
    positives: int
    """Number of those rows that saw an escalation."""
    auc: float | None
    ap: float | None
    """On those rows; None where it cannot be estimated."""

    @property
    def line(self) -> str:
        """One sentence for the notes of a backtest."""
        worth = "nothing can be estimated" if self.auc is None or self.ap is None else f"AUC is {self.auc:.3f} and AP {self.ap:.3f}"
        return (
            f"MOSTLY DECIDED: {self.share:.0%} of the escalations were open cases already due, which a calendar would have told. "
            f"Where none is due ({self.rows} rows, {self.positives} with an escalation) {worth}."
        )


def judge_already_due(predictions: pl.DataFrame, already_due: npt.NDArray[np.float32]) -> AlreadyDue | None:
    """Measure the model where no open case is due; None where such cases decide less than `MOST` of the target.

    `already_due` holds `count_already_due` of each row of the predictions.
    """
    total = float(predictions["count"].sum())
    share = float(already_due.sum(dtype=np.float64)) / total if total else 0.0
    if share < MOST:
        return None
    rest = predictions.filter(~pl.col(DUE))
    happened = outcomes(rest)
    once = np.ones((1, int(predictions["block"].to_numpy().max()) + 1))
    measured = measure(happened, predicted(rest)[MODEL], once)
    auc, ap = (float(measured[name][0]) if np.isfinite(measured[name][0]) else None for name in ("auc", "ap"))
    return AlreadyDue(share, len(rest), int(happened.positive.sum()), auc, ap)
