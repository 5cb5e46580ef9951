"""Day numbers: how time is cut for counters.

A day number is the count of days since 1970-01-01 in the deployment's zone. A fact known at any moment of day d belongs to d and is
usable from as_of d + 1 on, which is the rule `known_at < as_of` with as_of at local midnight.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Days = npt.NDArray[np.int32]
"""An array of day numbers."""

NEVER = 2**30
"""A day number later than any date: the end of what has not ended."""

EPOCH = date(1970, 1, 1)
MOMENT_ZERO = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECONDS_A_DAY = 86_400_000_000


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


def midnight(day: int, zone: ZoneInfo) -> datetime:
    """Return the moment at which a local day begins, in UTC; a fact is known at as_of when its `known_at` lies before it.

    >>> midnight(20454, ZoneInfo("Asia/Shanghai")).isoformat()
    '2025-12-31T16:00:00+00:00'
    """
    return datetime.combine(to_date(day), time(), zone).astimezone(UTC)


def local_days(moments: npt.NDArray[np.int64], zone: ZoneInfo) -> Days:
    """Return the day number of each moment, given in microseconds since 1970 in UTC; not empty.

    >>> local_days(np.array([20454, 20453.6]).astype(np.int64) * MICROSECONDS_A_DAY, ZoneInfo("Asia/Shanghai"))
    array([20454, 20453], dtype=int32)
    """
    days = moments // MICROSECONDS_A_DAY
    first, last = int(days.min()), int(days.max())
    begins = np.array([(midnight(day, zone) - MOMENT_ZERO) // timedelta(microseconds=1) for day in range(first, last + 2)])
    # a local day is the one of UTC, the one before or the one after: two look-ups instead of a search for each moment
    at = days - first
    return (days - 1 + (moments >= begins[at]) + (moments >= begins[at + 1])).astype(np.int32)


def every(first: date, last: date, step_days: int) -> Days:
    """Return day numbers from first to last, both included, step_days apart.

    >>> every(date(2026, 1, 1), date(2026, 1, 20), 7) - day_number(date(2026, 1, 1))
    array([ 0,  7, 14], dtype=int32)
    """
    return np.arange(day_number(first), day_number(last) + 1, step_days, dtype=np.int32)
