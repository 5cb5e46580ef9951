from datetime import date

import numpy as np
import pytest

from features.days import day_number
from features.simulation.arrivals import Clock, make_clock
from features.simulation.preset import Rhythm

KINDS = ("neighbor", "labor_wage")
FIRST = date(2024, 1, 1)
SPRING_FESTIVAL = date(2024, 2, 10)


@pytest.fixture
def clock() -> Clock:
    return make_clock(KINDS, day_number(FIRST), 366, Rhythm(), requests=False)


def rate_on(clock: Clock, kind: str, day: date) -> float:
    return float(np.diff(clock.run[KINDS.index(kind)])[(day - FIRST).days])


def test_clock_runs_as_many_days_as_there_are(clock: Clock) -> None:
    assert clock.run[:, -1] == pytest.approx([366, 366])
    assert clock.by_week().sum(axis=1) == pytest.approx([366, 366])


def test_find_undoes_read(clock: Clock) -> None:
    kind, when = np.array([0, 1, 1]), np.array([0.25, 40.5, 365.75])

    assert clock.find(kind, clock.read(kind, when)) == pytest.approx(when)


def test_clock_slows_in_the_week_of_the_festival_and_hurries_for_wages_before(clock: Clock) -> None:
    before, during, later = date(2024, 2, 5), SPRING_FESTIVAL, date(2024, 5, 20)

    assert rate_on(clock, "labor_wage", before) / rate_on(clock, "labor_wage", later) == pytest.approx(2.2)
    assert rate_on(clock, "labor_wage", during) / rate_on(clock, "labor_wage", later) == pytest.approx(0.45 / 1.08)


def test_clock_follows_make_up_days_not_weekdays(clock: Clock) -> None:
    sunday_at_work, sunday_off = date(2024, 2, 4), date(2024, 3, 10)

    assert rate_on(clock, "labor_wage", sunday_at_work) > rate_on(clock, "labor_wage", sunday_off) * 2.2


def test_summer_is_higher_for_neighbours_only(clock: Clock) -> None:
    july, january = date(2024, 7, 15), date(2024, 1, 15)

    assert rate_on(clock, "neighbor", july) / rate_on(clock, "neighbor", january) == pytest.approx(1.18 / 0.82, rel=0.01)
    assert rate_on(clock, "labor_wage", july) / rate_on(clock, "labor_wage", january) == pytest.approx(1 / 2.2)
