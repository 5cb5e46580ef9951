"""Whether a risk of 12 in 100 comes true 12 times in 100."""

from typing import Any

import numpy as np

from training.evaluation.metrics import RISK_BINS, Outcomes, Predicted, risk_bins
from training.report.estimates import Floats, Sample


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
