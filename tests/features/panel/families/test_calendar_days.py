"""Days ahead in the calendar; they are counted from 2025-01-01."""

import numpy as np
import pytest

from features.settings import CalendarSettings, Period
from serving.settings import Settings
from tests.support.event_logs import GRIDS, Case, column, make_panel

EXAM = Period(name="gaokao", start="2025-06-07", end="2025-06-10")
MEETING = Period(name="two_sessions", start="2025-03-04", end="2025-03-12")
CHINA = Settings(calendar=CalendarSettings(country="CN", exam_periods=(EXAM,), sensitive_periods=(MEETING,)))


@pytest.fixture(scope="module")
def panel():
    """Return the panel at 2025-01-25, 2025-03-01 and 2025-06-01, with 14 days ahead of each."""
    return make_panel([Case("a", 0)], [24, 59, 151], settings=CHINA)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("workdays_ahead", [5, 10, 9]),
        ("days_to_spring_festival", [4, -31, -123]),
        ("exam_days_ahead", [0, 0, 3]),
        ("sensitive_days_ahead", [0, 8, 0]),
    ],
)
def test_calendar_days_look_ahead_over_the_horizon(panel, name, expected):
    assert expected == column(panel, name)


def test_calendar_days_are_equal_for_all_grids(panel):
    for feature in panel.features:
        if feature.family == "calendar":
            assert 1 == len({repr(column(panel, feature.name, grid)) for grid in GRIDS})


def test_calendar_days_season_goes_round_in_a_year():
    panel = make_panel([Case("a", 0)], [10, 192, 375], settings=CHINA)
    places = np.array([column(panel, "season_sin"), column(panel, "season_cos")])

    np.testing.assert_allclose(places[:, 0], places[:, 2], atol=0.01)
    np.testing.assert_allclose(places[:, 0], -places[:, 1], atol=0.03)


def test_calendar_days_other_countries_keep_no_spring_festival():
    names = make_panel([Case("a", 0)], [10], settings=Settings(calendar={"country": "US"})).names

    assert "workdays_ahead" in names
    assert not {"days_to_spring_festival", "exam_days_ahead", "sensitive_days_ahead"} & set(names)
