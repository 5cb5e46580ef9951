"""A trial of a search for settings, as it is recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Tried:
    """Settings that were tried, and what they were worth."""

    number: int
    parameters: Mapping[str, float]
    deviance: float | None
    """Deviance it had reached when it ended; None where it was broken off before any refit."""
    finished: bool
    """False where it was broken off, behind the median of the others."""
    began: datetime
    ended: datetime
