"""Contributions: how many escalations each part of the model, and each kind of case, was expected to bring in a backtest, and brought."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.facts.facts import Facts
from features.panel.build import Panel
from training.learning.design_matrix import cases_of
from training.learning.inner_validation import InnerPredictions, Tuned
from training.learning.labels import case_outcomes
from training.learning.parts import Part

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Contribution:
    """One part, or one kind of its open cases, over all lists of a test; windows of neighbouring lists overlap."""

    part: Part
    kind: str
    """`event_type/category`; empty for a whole part."""
    expected: float
    realised: float


@dataclass(frozen=True)
class Foretold:
    """Predictions of one fold for its test part."""

    panel: Panel
    told: InnerPredictions
    tuned: Tuned
    horizon_days: int


def sum_contributions(facts: Facts, folds: Sequence[Foretold], counted: float) -> list[Contribution]:
    """Sum what every fold said, parts first and then kinds of open cases, the largest first; `counted` is all that followed."""
    sums: dict[tuple[Part, str], Floats] = defaultdict(lambda: np.zeros(2))
    for fold in folds:
        for part, kind, expected, realised in _of_fold(facts, fold):
            sums[part, kind] += expected, realised
            if kind:
                sums[part, ""] += expected, realised
    sums[Part.NEW, ""][1] = counted - sum(both[1] for (part, kind), both in sums.items() if not kind and part is not Part.NEW)
    listed = (Contribution(part, kind, *both.tolist()) for (part, kind), both in sums.items())
    return sorted(listed, key=lambda each: (each.kind != "", -each.expected))


def _of_fold(facts: Facts, fold: Foretold) -> Iterator[tuple[Part, str, float, float]]:
    """Yield part, kind, expected and realised escalations; of new cases all are one kind, which the rest of the counts realises."""
    for part, told in fold.told.parts.items():
        expected = fold.tuned.scale * part.mean(told.margin_after(fold.tuned.rounds[part])) * told.design.weight
        if part is Part.NEW:
            yield part, "", float(expected.sum()), 0.0
            continue
        rows = cases_of(fold.panel, part)
        happened = fold.tuned.scale * rows.weight * (case_outcomes(facts, rows, fold.panel.as_ofs, fold.horizon_days) > 0)
        for code, kind in enumerate(rows.kinds):
            own = rows.kind == code
            if own.any():
                yield part, "/".join(kind), float(expected[own].sum()), float(happened[own].sum())
