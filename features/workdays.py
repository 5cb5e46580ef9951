"""The calendar: workdays with make-up days, holidays, Spring Festival and periods known in advance."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache

import chinese_calendar
import holidays
import numpy as np
import numpy.typing as npt
from lunardate import LunarDate

from features.days import Days, day_number, to_date
from features.settings import CalendarSettings, Period

SATURDAY = 5


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


def days_to_spring_festival(as_ofs: Days) -> Days:
    """Return signed days to the nearest Spring Festival: positive before it, 0 on the day, negative after."""
    years = range(to_date(as_ofs.min()).year - 1, to_date(as_ofs.max()).year + 2)
    festivals = np.array([day_number(LunarDate(year, 1, 1).to_solar_date()) for year in years], np.int32)
    distance = festivals[None, :] - as_ofs[:, None]
    return np.take_along_axis(distance, np.abs(distance).argmin(axis=1)[:, None], axis=1)[:, 0]


def days_within(as_ofs: Days, horizon_days: int, periods: Iterable[Period]) -> npt.NDArray[np.int64]:
    """Count for each as_of the days of [as_of, as_of + horizon_days) that lie in any of the periods."""
    ahead = as_ofs[:, None] + np.arange(horizon_days)
    inside = np.zeros(ahead.shape, np.bool_)
    for period in periods:
        inside |= (ahead >= day_number(period.start)) & (ahead < day_number(period.end))
    return np.asarray(inside.sum(axis=1))
