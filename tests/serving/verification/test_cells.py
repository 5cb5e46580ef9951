"""Cells of an account: stretches of at least seven days that leave no day out, and their sums."""

from datetime import timedelta

import pytest

from serving.situation_report.period import month
from serving.verification.cells import STRETCH_DAYS, Cell, Group, _days, _stretch, total

MONTHS = ("2026-02", "2026-04", "2026-12")


@pytest.mark.parametrize("text", MONTHS)
def test_every_day_of_a_month_lies_in_one_stretch_and_each_has_seven_days(text):
    period = month(text)
    of_day = [_stretch(day, period) for day in range(period.start, period.end)]

    assert list(range(4)) == sorted(set(of_day))
    assert sorted(of_day) == of_day
    assert STRETCH_DAYS <= min(of_day.count(stretch) for stretch in of_day)


@pytest.mark.parametrize("text", MONTHS)
def test_stretches_follow_each_other_to_the_last_day_of_the_month(text):
    period = month(text)
    bounds = [_days(stretch, period) for stretch in range(4)]

    assert period.first == bounds[0][0]
    assert [first for first, _ in bounds[1:]] == [last + timedelta(days=1) for _, last in bounds[:-1]]
    assert period.days == sum((last - first).days + 1 for first, last in bounds)


def test_total_sums_the_named_groups_alone():
    first, last = month("2026-02").first, month("2026-02").first + timedelta(days=6)
    cells = [Cell(first, last, group, 10 * number, number) for number, group in enumerate(Group, start=1)]

    assert (30, 3) == total(cells, Group.BOTH, Group.LIST_ONLY)
    assert (0, 0) == total(cells)
