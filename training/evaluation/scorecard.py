"""Scorecard: metrics with intervals for several models on the same rows, and how far the first differs from each of the others."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from training.bootstrap import interval
from training.evaluation.metrics import METRICS, Outcomes, Predicted, measure

Floats = npt.NDArray[np.float64]
Samples = dict[str, Floats]
"""Metric -> its value on the rows, then on every draw."""


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
