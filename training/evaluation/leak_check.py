"""Too good to be true: figures that are a leak until somebody explains them.

Rare escalations are foreseen within bounds. Frequent ones lie in the same places every time, and a rule of the clock is decided by cases
that are open already, so neither says anything: only rows where no open case falls due are looked at, and only if few of them escalate.
"""

import numpy as np
import polars as pl

from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import measure
from training.evaluation.predictions import DUE, outcomes, predicted
from training.settings import TooGood


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
