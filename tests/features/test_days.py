"""Day numbers and the moments at which local days begin."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.days import MICROSECONDS_A_DAY, NEVER, day_number, every, local_days, midnight, to_date


@given(st.dates())
def test_day_number_there_and_back_is_the_same_date(day):
    assert day == to_date(day_number(day))


def test_day_number_of_any_date_comes_before_never():
    assert day_number(date.max) < NEVER


@pytest.mark.parametrize(
    ("day", "zone", "begins"),
    [
        (date(2026, 1, 1), "Asia/Shanghai", datetime(2025, 12, 31, 16, tzinfo=UTC)),
        (date(2025, 3, 9), "America/New_York", datetime(2025, 3, 9, 5, tzinfo=UTC)),
        (date(2025, 3, 10), "America/New_York", datetime(2025, 3, 10, 4, tzinfo=UTC)),
    ],
)
def test_midnight_is_the_local_one(day, zone, begins):
    assert begins == midnight(day_number(day), ZoneInfo(zone))


def test_midnight_day_of_changing_clocks_lasts_23_or_25_hours():
    zone = ZoneInfo("America/New_York")
    spring, autumn = day_number(date(2025, 3, 9)), day_number(date(2025, 11, 2))

    assert [timedelta(hours=23), timedelta(hours=25)] == [midnight(day + 1, zone) - midnight(day, zone) for day in (spring, autumn)]


def test_every_includes_both_ends():
    first, last = date(2026, 1, 1), date(2026, 1, 15)

    assert [0, 7, 14] == (every(first, last, 7) - day_number(first)).tolist()
    assert [day_number(first)] == every(first, first, 7).tolist()


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu", "Etc/GMT+12"])
def test_local_days_are_those_of_the_calendar(zone):
    """Zones that skip a midnight, skip a day, lie far from UTC or off the full hour."""
    moments = np.random.default_rng(1).integers(-20 * 365 * MICROSECONDS_A_DAY, 60 * 365 * MICROSECONDS_A_DAY, 20_000)
    dates = pl.Series(moments).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone).dt.date()

    assert dates.cast(pl.Int32).to_list() == local_days(moments, ZoneInfo(zone)).tolist()


def test_local_days_begin_with_their_first_moment():
    begins = (midnight(20454, ZoneInfo("Asia/Shanghai")) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)

    assert [20453, 20454] == local_days(np.array([begins - 1, begins]), ZoneInfo("Asia/Shanghai")).tolist()
