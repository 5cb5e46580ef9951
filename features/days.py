"""Day numbers: how time is cut for counters.

A day number is the count of days since 1970-01-01 in the deployment's zone. A fact known at any moment of day d belongs to d and is
usable from as_of d + 1 on, which is the rule `known_at < as_of` with as_of at local midnight.
"""

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.int32]
"""An array of day numbers."""

NEVER = np.int32(2**30)
"""A day number later than any date: the end of what has not ended."""

EPOCH = date(1970, 1, 1)


def day_number(value: date) -> int:
    """Return the day number of a local date.

    >>> day_number(date(2026, 1, 1))
    20454
    """
    return (value - EPOCH).days


def to_date(day: int) -> date:
    """Return the local date of a day number.

    >>> to_date(20454)
    datetime.date(2026, 1, 1)
    """
    return EPOCH + timedelta(days=int(day))


def every(first: date, last: date, step_days: int) -> Days:
    """Return day numbers from first to last, both included, step_days apart.

    >>> every(date(2026, 1, 1), date(2026, 1, 20), 7) - day_number(date(2026, 1, 1))
    array([ 0,  7, 14], dtype=int32)
    """
    return np.arange(day_number(first), day_number(last) + 1, step_days, dtype=np.int32)
