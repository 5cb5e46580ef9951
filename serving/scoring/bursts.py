"""Cases that several people reported, in words: 1件，12人次."""

import numpy as np
import numpy.typing as npt

from features.facts.facts import Facts
from serving.text import SMALLEST_SHOWN_COUNT, Text

SHOWN_DAYS = 28


def most_reports(facts: Facts, as_of: int) -> npt.NDArray[np.int64]:
    """Return (G,) reports of the case of the last 28 days that most people reported, as known before `as_of`; 0 where each has one."""
    recent = (facts.further.known_day >= as_of - SHOWN_DAYS) & (facts.further.known_day < as_of)
    reports = 1 + np.bincount(facts.further.case[recent], minlength=len(facts.cases.grid))
    most = np.zeros(facts.places.size, np.int64)
    told = np.flatnonzero((reports > 1) & (facts.cases.grid >= 0))
    np.maximum.at(most, facts.cases.grid[told], reports[told])
    return most


def say_burst(reports: int) -> tuple[Text, ...]:
    """Say how often the most reported case was reported; nothing where that is few.

    >>> say_burst(12)[0].zh, say_burst(2)
    ('近28天有同一事由1件、12人次，按1件计', ())
    """
    if reports < SMALLEST_SHOWN_COUNT:
        return ()
    return (
        Text(
            zh=f"近28天有同一事由1件、{reports}人次，按1件计",
            en=f"1 matter of the last 28 days was reported {reports} times and counts once",
        ),
    )
