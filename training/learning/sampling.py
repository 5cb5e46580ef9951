"""Samples of rows, for what is too large to learn from whole: every row in which something happened, and some of the others.

A sampled row weighs as many as it stands for, so means, and with them calibration, stay what they are on all rows.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.int64]

FLOAT32_BYTES, FLOAT64_BYTES = 4, 8


@dataclass(frozen=True)
class Sample:
    """Number of rows that were learnt from."""

    rows: int
    """Of the sample."""
    of: int
    """That there are."""
    events: int
    """Of the sample: rows in which something happened."""
    events_of: int

    @classmethod
    def whole(cls, happened: Floats) -> Self:
        """Return that of all rows."""
        events = int((happened > 0).sum())
        return cls(len(happened), len(happened), events, events)

    @classmethod
    def chosen(cls, happened: Floats, rows: Positions) -> Self:
        """Return that of some rows."""
        return cls(len(rows), len(happened), int((happened[rows] > 0).sum()), int((happened > 0).sum()))

    @property
    def is_whole(self) -> bool:
        """Whether nothing was left out."""
        return self.rows == self.of

    def __str__(self) -> str:
        """Say of how many rows, and of how many that saw an escalation, something was learnt."""
        return f"{self.rows:,} of {self.of:,} rows, {self.events:,} of {self.events_of:,} with an escalation"


def fitting_rows(columns: int, most_bytes: int, most_rows: int, value_bytes: int = FLOAT32_BYTES) -> int:
    """Return how many rows of so many columns fit, at most so many."""
    return max(1, min(most_rows, most_bytes // (max(1, columns) * value_bytes)))


def sample_rows(happened: Floats, most: int, seed: int) -> tuple[Positions, Floats] | None:
    """Choose rows to learn from, and say how many each stands for; None where all are few enough.

    Rows in which something happened are all kept while they take at most half of the sample; else they are sampled as the others are.

    Args:
        happened: (N,) what followed each row.
        most: rows of the sample.
        seed: of what is drawn.

    Returns: sorted positions (n,) and weights (n,) that sum to N.
    """
    if len(happened) <= most:
        return None
    generator = np.random.default_rng(seed)
    events = np.flatnonzero(happened > 0)
    if len(events) > most // 2:
        return sample_alike(len(happened), most, seed), np.full(most, len(happened) / most)
    others = np.flatnonzero(happened <= 0)
    drawn = generator.choice(others, most - len(events), replace=False, shuffle=False)
    chosen = np.concatenate([events, drawn])
    weights = np.concatenate([np.ones(len(events)), np.full(len(drawn), len(others) / len(drawn))])
    order = np.argsort(chosen, kind="stable")
    return chosen[order], weights[order]


def sample_alike(rows: int, most: int, seed: int) -> Positions:
    """Return sorted positions of at most so many rows, each drawn with the same chance."""
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False, shuffle=False))
