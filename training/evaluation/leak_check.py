"""Leak check: figures too good to be true until somebody explains them, and columns that change when the log ends at their as_of.

Rare escalations are foreseen within bounds. Frequent ones lie in the same places every time, and a rule of the clock is decided by cases
that are open already, so neither says anything: only rows where no open case falls due are looked at, and only if few of them escalate.
"""

from typing import Any

import numpy as np
import polars as pl

from features.days import to_date
from features.facts.facts import Facts
from features.panel.build import Panel, build_features
from features.panel.subset import known_before
from features.settings import Settings
from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import measure
from training.evaluation.predictions import DUE, outcomes, predicted
from training.settings import TooGood

AS_OFS = 2
"""As_ofs that are built again."""


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


def look_ahead(facts: Facts, panel: Panel, horizon_days: int, settings: Settings) -> dict[str, Any]:
    """Build some as_ofs again from what was known by then; `changed` names the columns that came out differently."""
    places = np.unique(np.linspace(0, len(panel.as_ofs) - 1, AS_OFS + 1).round().astype(int)[1:])
    changed: set[str] = set()
    for place in places.tolist():
        day = panel.as_ofs[place : place + 1]
        again = build_features(known_before(facts, int(day[0])), day, horizon_days, settings, panel.features)
        changed |= _different(panel, again, place)
    return {
        "as_ofs": [str(to_date(day)) for day in panel.as_ofs[places].tolist()],
        "columns": len(panel.features),
        "changed": sorted(changed),
    }


def _different(panel: Panel, again: Panel, place: int) -> set[str]:
    same = [np.array_equal(before[place], after[0], equal_nan=True) for before, after in zip(panel.values, again.values, strict=True)]
    return {name for name, equal in zip(panel.names, same, strict=True) if not equal}
