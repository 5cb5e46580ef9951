from datetime import date

import pytest

from features.errors import UsageError
from serving.situation_report.period import Change, Period, change, month, quarter, read_period


def test_period_before_january_is_december_of_the_year_before():
    assert month("2025-12") == month("2026-01").previous
    assert quarter("2025Q4") == quarter("2026Q1").previous


def test_period_a_year_before_a_leap_february_is_a_day_shorter():
    february = month("2028-02")

    assert (29, 28) == (february.days, february.before(12).days)


def test_parts_of_a_quarter_tile_it():
    whole = quarter("2026Q3")
    parts = whole.parts()

    assert [month("2026-07"), month("2026-08"), month("2026-09")] == parts
    assert [whole.start, *(part.end for part in parts)] == [*(part.start for part in parts), whole.end]


@pytest.mark.parametrize(
    ("period", "names"),
    [
        (Period(date(2026, 10, 1), 1), ("2026年10月", "October 2026")),
        (Period(date(2026, 10, 1), 3), ("2026年第4季度", "Quarter 4 of 2026")),
    ],
)
def test_names_of_a_period_in_both_languages(period, names):
    assert names == (period.name, period.name_en)


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-1", "2026Q5", "2026Q0", "26-01", "2026-01-01", "", "0000-01", "9999-12", "9999Q4", "２０２６-01"]
)
def test_read_period_refuses_what_is_neither_month_nor_quarter(text):
    with pytest.raises(UsageError, match="must look like"):
        read_period(text)


@pytest.mark.parametrize("text", ["0000-01", "0001-01", "9999-12", "0000Q1", "9999Q4"])
def test_read_period_refuses_one_that_has_no_before_or_after(text):
    with pytest.raises(UsageError, match="must look like"):
        read_period(text)


@pytest.mark.parametrize("text", ["1900-01", "2099-12", "1900Q1", "2099Q4"])
def test_first_and_last_period_have_ends_and_years_around_them(text):
    period = read_period(text)

    assert (period.end, period.start) == (period.before(-period.months).start, period.previous.end)
    assert period == period.before(12).before(-12)


def test_change_compares_counts_by_day():
    compared = change(20, 10, 40, 20)

    assert 1.0 == compared.ratio
    assert compared.low < 1 < compared.high


def test_change_of_more_cases_is_surer():
    few, many = change(4, 30, 2, 30), change(400, 30, 200, 30)

    assert 2.0 == few.ratio == many.ratio
    assert few.low < 1 < many.low < 2 < many.high < few.high


def test_change_is_turned_round_with_its_counts():
    there, back = change(30, 31, 20, 28), change(20, 28, 30, 31)

    assert (1 / there.ratio, 1 / there.high, 1 / there.low) == pytest.approx((back.ratio, back.low, back.high))
    assert isinstance(there, Change)


@pytest.mark.parametrize(("now", "before"), [(0, 5), (5, 0), (0, 0)])
def test_change_from_or_to_nothing_is_not_told(now, before):
    assert change(now, 30, before, 30) is None
