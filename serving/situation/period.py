"""Months and quarters."""

import re
from dataclasses import dataclass
from datetime import date

from features.days import day_number
from features.errors import UsageError


@dataclass(frozen=True)
class Period:
    """Whole months, the days [start, end); only whole ones, so that no two reports differ by a few days' cases."""

    name: str
    first: date
    """First day of the first month."""
    months: int

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
        """How many days it has."""
        return self.end - self.start

    def parts(self) -> list["Period"]:
        """Return its months one by one."""
        return [Period(self.name, _later(self.first, number), 1) for number in range(self.months)]

    def before(self, months: int) -> "Period":
        """Return as many months, so many months earlier."""
        return Period(self.name, _later(self.first, -months), self.months)


def month(text: str) -> Period:
    """Read a month.

    >>> month("2026-12").days
    31

    Raises:
        UsageError: the text is no month.
    """
    found = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
    if not found:
        raise UsageError(f"month must look like 2026-10, got {text!r}.")
    first = date(int(found[1]), int(found[2]), 1)
    return Period(f"{first.year}年{first.month}月", first, 1)


def quarter(text: str) -> Period:
    """Read a quarter.

    >>> quarter("2026Q4").days
    92

    Raises:
        UsageError: the text is no quarter.
    """
    found = re.fullmatch(r"(\d{4})Q([1-4])", text)
    if not found:
        raise UsageError(f"quarter must look like 2026Q3, got {text!r}.")
    year, number = int(found[1]), int(found[2])
    return Period(f"{year}年第{number}季度", date(year, 3 * number - 2, 1), 3)


def _later(first: date, months: int) -> date:
    year, month_from_0 = divmod(12 * first.year + first.month - 1 + months, 12)
    return date(year, month_from_0 + 1, 1)
