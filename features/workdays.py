"""The calendar: workdays with make-up days, holidays, Spring Festival and periods known in advance."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import chinese_calendar
import holidays
import numpy as np
import numpy.typing as npt

from features.days import Days, day_number, to_date
from features.settings import CalendarSettings, Period

SATURDAY = 5
FIRST_FESTIVAL = 1990
SPRING_FESTIVALS = """
0127 0215 0204 0123 0210 0131 0219 0207 0128 0216 0205 0124 0212 0201 0122 0209 0129 0218 0207 0126 0214
0203 0123 0210 0131 0219 0208 0128 0216 0205 0125 0212 0201 0122 0210 0129 0217 0206 0126 0213 0203
0123 0211 0131 0219 0208 0128 0215 0204 0124 0212 0201 0122 0210 0130 0217 0206 0126 0214 0202 0123 0211
"""
"""Month and day of the first day of the first lunar month, by year from `FIRST_FESTIVAL` on."""


def workdays(first: int, last: int, calendar: CalendarSettings) -> npt.NDArray[np.bool_]:
    """Tell for each day number of [first, last) whether it is a workday, make-up days included.

    China's published calendar is used as far as it reaches; other years and countries use public holidays and weekends. Overrides of
    the settings come first.
    """
    days = [to_date(day) for day in range(first, last)]
    return np.array([calendar.workdays.get(day, _is_workday(day, calendar.country)) for day in days], np.bool_)


def calendar_known_until(country: str) -> date | None:
    """Return the last day whose working hours are published, make-up days included; None where the country has none of these."""
    if country != "CN":
        return None
    return date(max(day.year for day in chinese_calendar.constants.holidays), 12, 31)


@lru_cache(maxsize=16384)
def _is_workday(day: date, country: str) -> bool:
    if country == "CN":
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:
            pass  # not published yet for that year: public holidays without make-up days are the best guess
    return day.weekday() < SATURDAY and day not in _holidays(country, day.year)


@lru_cache(maxsize=64)
def _holidays(country: str, year: int) -> holidays.HolidayBase:
    return holidays.country_holidays(country, years=year)


def days_to_spring_festival(as_ofs: Days) -> npt.NDArray[np.float64]:
    """Return signed days to the nearest Spring Festival: positive before it, 0 on the day, negative after.

    NaN before the first year of the table and after its last festival: a missing value, not a distance.
    """
    festivals = _spring_festivals()
    distance = festivals[None, :] - as_ofs[:, None]
    nearest = np.take_along_axis(distance, np.abs(distance).argmin(axis=1)[:, None], axis=1)[:, 0]
    known = (as_ofs >= day_number(date(FIRST_FESTIVAL, 1, 1))) & (as_ofs <= festivals[-1])
    return np.where(known, nearest.astype(np.float64), np.nan)


@lru_cache(maxsize=1)
def _spring_festivals() -> Days:
    """Return the day numbers of the table, in order."""
    days = [date(year, int(text[:2]), int(text[2:])) for year, text in enumerate(SPRING_FESTIVALS.split(), FIRST_FESTIVAL)]
    return np.array([day_number(day) for day in days], np.int32)


def days_within(as_ofs: Days, horizon_days: int, periods: Iterable[Period]) -> npt.NDArray[np.int64]:
    """Count for each as_of the days of [as_of, as_of + horizon_days) that lie in any of the periods."""
    ahead = as_ofs[:, None] + np.arange(horizon_days)
    inside = np.zeros(ahead.shape, np.bool_)
    for period in periods:
        inside |= (ahead >= day_number(period.start)) & (ahead < day_number(period.end))
    return np.asarray(inside.sum(axis=1))
