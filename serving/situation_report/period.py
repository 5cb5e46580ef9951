"""Months and quarters."""

import re
from dataclasses import dataclass
from datetime import date

from scipy.stats import beta, chi2

from features.days import day_number
from features.errors import UsageError

YEAR = r"(?:19|20)[0-9]{2}"
"""Years whose periods, and those before and after them, the calendar has."""


@dataclass(frozen=True)
class Period:
    """Whole months, the days [start, end); only whole ones, so that no two reports differ by a few days' cases."""

    first: date
    """First day of the first month."""
    months: int

    @property
    def name(self) -> str:
        """Chinese name of a month or quarter."""
        first = self.first
        return f"{first.year}年第{self._quarter}季度" if self.months > 1 else f"{first.year}年{first.month}月"

    @property
    def name_en(self) -> str:
        """English name of a month or quarter."""
        return f"Quarter {self._quarter} of {self.first.year}" if self.months > 1 else f"{self.first:%B %Y}"

    @property
    def _quarter(self) -> int:
        return (self.first.month + 2) // 3

    @property
    def start(self) -> int:
        """Day number of the first day."""
        return day_number(self.first)

    @property
    def end(self) -> int:
        """Day number of the first day after."""
        return day_number(_later(self.first, self.months))

    @property
    def days(self) -> int:
        """Number of its days."""
        return self.end - self.start

    def parts(self) -> list["Period"]:
        """Return its months one by one."""
        return [Period(_later(self.first, number), 1) for number in range(self.months)]

    def before(self, months: int) -> "Period":
        """Return as many months, so many months earlier."""
        return Period(_later(self.first, -months), self.months)

    @property
    def previous(self) -> "Period":
        """The period before."""
        return self.before(self.months)


def month(text: str) -> Period:
    """Read a month.

    >>> month("2026-12").days
    31

    Raises:
        UsageError: the text is no month.
    """
    found = re.fullmatch(rf"({YEAR})-(0[1-9]|1[0-2])", text)
    if not found:
        raise UsageError(f"month must look like 2026-10, of the years 1900 to 2099, got {text!r}.")
    return Period(date(int(found[1]), int(found[2]), 1), 1)


def quarter(text: str) -> Period:
    """Read a quarter.

    >>> quarter("2026Q4").days
    92

    Raises:
        UsageError: the text is no quarter.
    """
    found = re.fullmatch(rf"({YEAR})Q([1-4])", text)
    if not found:
        raise UsageError(f"quarter must look like 2026Q3, of the years 1900 to 2099, got {text!r}.")
    return Period(date(int(found[1]), 3 * int(found[2]) - 2, 1), 3)


def read_period(text: str) -> Period:
    """Read a month or a quarter.

    >>> read_period("2026-12").months, read_period("2026Q4").months
    (1, 3)

    Raises:
        UsageError: the text is neither.
    """
    return quarter(text) if "Q" in text else month(text)


def period_code(period: Period) -> str:
    """Write a period as it is read.

    >>> period_code(quarter("2026Q4")), period_code(month("2026-03").before(1))
    ('2026Q4', '2026-02')
    """
    first = period.first
    return f"{first.year}Q{(first.month + 2) // 3}" if period.months > 1 else f"{first:%Y-%m}"


def _later(first: date, months: int) -> date:
    year, month_from_0 = divmod(12 * first.year + first.month - 1 + months, 12)
    return date(year, month_from_0 + 1, 1)


TAIL = 0.025


@dataclass(frozen=True)
class Change:
    """Ratio of the counts by day."""

    ratio: float
    low: float
    high: float


def count_interval(count: float) -> tuple[float, float]:
    """Return the 95 % interval of the mean behind a Poisson count.

    >>> [round(bound, 2) for bound in count_interval(10)]
    [4.8, 18.39]
    """
    low = float(chi2.ppf(TAIL, 2 * count)) / 2 if count > 0 else 0.0
    return low, float(chi2.ppf(1 - TAIL, 2 * (count + 1))) / 2


def change(now: float, days: int, before: float, days_before: int, tail: float = TAIL) -> Change | None:
    """Compare two Poisson counts; None where there is nothing to compare with.

    Given their sum, the first is binomial, so that its exact interval gives that of the ratio.
    """
    if not now or not before:
        return None
    scale = days_before / days
    low, high = (float(share) for share in (beta.ppf(tail, now, before + 1), beta.ppf(1 - tail, now + 1, before)))
    return Change(now / before * scale, low / (1 - low) * scale, high / (1 - high) * scale)
