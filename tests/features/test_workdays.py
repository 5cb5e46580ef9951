"""Workdays, festivals and periods known in advance. Chinese days off and make-up days are those the State Council published."""

from datetime import date, timedelta

import chinese_calendar
import holidays
import numpy as np
import pytest

from features import workdays as seasonality
from features.days import day_number, every, to_date
from features.settings import CalendarSettings, Period
from features.workdays import calendar_known_until, days_to_spring_festival, days_within, workdays

CHINA = CalendarSettings(country="CN")


def is_workday(day, calendar=CHINA):
    return bool(workdays(day_number(day), day_number(day) + 1, calendar)[0])


@pytest.mark.parametrize(
    "day",
    [
        *(date(2025, 1, 26), date(2025, 2, 8), date(2025, 4, 27), date(2025, 9, 28), date(2025, 10, 11)),
        *(date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10)),
    ],
)
def test_workdays_china_make_up_weekend_is_worked(day):
    assert day.weekday() >= 5
    assert is_workday(day)


@pytest.mark.parametrize(
    "day",
    [
        *(date(2025, 1, 1), date(2025, 1, 28), date(2025, 2, 4), date(2025, 4, 4), date(2025, 5, 5), date(2025, 10, 8)),
        *(date(2026, 1, 2), date(2026, 2, 16), date(2026, 2, 23), date(2026, 4, 6), date(2026, 5, 5), date(2026, 10, 7)),
    ],
)
def test_workdays_china_holiday_is_off(day):
    assert not is_workday(day)


def test_workdays_china_ordinary_week_is_five_days():
    assert [True] * 5 + [False] * 2 == workdays(day_number(date(2025, 3, 3)), day_number(date(2025, 3, 10)), CHINA).tolist()


def test_workdays_china_year_not_published_yet_falls_back_to_public_holidays():
    festival, monday, saturday = date(2040, 2, 12), date(2040, 3, 5), date(2040, 3, 3)

    assert [False, True, False] == [is_workday(day) for day in (festival, monday, saturday)]


def test_workdays_override_wins():
    calendar = CalendarSettings(country="CN", workdays={date(2025, 10, 1): True, date(2040, 3, 5): False})

    assert is_workday(date(2025, 10, 1), calendar)
    assert not is_workday(date(2040, 3, 5), calendar)
    assert is_workday(date(2025, 9, 30), calendar)


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2015, 7, 3), False),  # Independence Day fell on a Saturday
        (date(2015, 11, 26), False),  # Thanksgiving
        (date(2015, 1, 1), False),
        (date(2015, 11, 27), True),
        (date(2015, 7, 6), True),
        (date(2025, 1, 26), False),  # a Sunday, though China worked on it
    ],
)
def test_workdays_united_states_follow_public_holidays(day, worked):
    assert worked == is_workday(day, CalendarSettings(country="US"))


def test_workdays_are_half_open():
    assert 0 == len(workdays(20000, 20000, CHINA))
    assert 3 == len(workdays(20000, 20003, CHINA))


@pytest.mark.parametrize(
    "festival",
    [date(2015, 2, 19), date(2020, 1, 25), date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6)],
)
def test_days_to_spring_festival_counts_down_to_it_and_up_after(festival):
    as_ofs = np.array([day_number(festival + timedelta(days=days)) for days in (-42, -1, 0, 1, 20)], np.int32)

    assert [42, 1, 0, -1, -20] == days_to_spring_festival(as_ofs).tolist()


def test_spring_festivals_are_those_of_another_library():
    in_malaysia = holidays.country_holidays("MY", years=range(seasonality.FIRST_FESTIVAL, 2052), observed=False, language="en_US")
    first_days = {}
    for day, name in sorted(in_malaysia.items()):
        if "Chinese New Year" in name:
            first_days.setdefault(day.year, day)
    expected = list(first_days.values())

    assert expected == [to_date(day) for day in seasonality._spring_festivals()]


@pytest.mark.parametrize("day", [date(1989, 12, 31), date(2051, 2, 12)])
def test_days_to_spring_festival_outside_the_table_is_missing(day):
    inside = date(2026, 2, 17)
    distances = days_to_spring_festival(np.array([day_number(day), day_number(inside)], np.int32))

    assert np.isnan(distances[0])
    assert 0 == distances[1]


def test_days_to_spring_festival_is_never_more_than_half_a_lunar_year_away():
    as_ofs = every(date(2020, 1, 1), date(2027, 12, 31), 1)

    assert np.abs(days_to_spring_festival(as_ofs)).max() <= 385 / 2


def test_days_to_spring_festival_of_one_as_of_is_that_of_many():
    as_ofs = every(date(2024, 6, 1), date(2026, 6, 1), 7)

    assert days_to_spring_festival(as_ofs).tolist() == [days_to_spring_festival(as_ofs[at : at + 1])[0] for at in range(len(as_ofs))]


def test_days_within_counts_days_of_the_horizon_once():
    exam = Period(name="gaokao", start=date(2025, 6, 7), end=date(2025, 6, 10))
    again = Period(name="again", start=date(2025, 6, 9), end=date(2025, 6, 11))
    as_ofs = np.array([day_number(date(2025, 6, day)) for day in (1, 2, 6, 9, 11)], np.int32)

    assert [0, 1, 3, 1, 0] == days_within(as_ofs, 6, [exam]).tolist()
    assert [0, 1, 4, 2, 0] == days_within(as_ofs, 6, [exam, again]).tolist()


def test_calendar_known_until_is_the_end_of_the_last_published_year() -> None:
    until = calendar_known_until("CN")

    assert until is not None
    assert (12, 31) == (until.month, until.day)
    assert calendar_known_until("US") is None
    with pytest.raises(NotImplementedError):
        chinese_calendar.is_workday(until + timedelta(days=1))
