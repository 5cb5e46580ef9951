from datetime import date

import pytest

from serving.monitoring.history import WatchedDay
from serving.pages.time_charts import Week, draw_drift, draw_trend


def test_draw_trend_shows_neither_masked_counts_nor_weeks_ahead() -> None:
    weeks = [Week(date(2026, 1, 5), 4, False, 5.0), Week(date(2026, 1, 12), None, True, 5.0)]
    ahead = [Week(date(2026, 1, 19), None, False, 5.0), Week(date(2026, 1, 26), None, False, None)]
    drawn = draw_trend([*weeks, *ahead])

    assert [dot.count for dot in drawn.dots] == [4]
    assert len(drawn.few) == 1
    assert drawn.expected.count(",") == 3
    assert drawn.dots[0].x < drawn.now


def week(actual: int | None = None, expected: float | None = None, variation: float = 0.0) -> Week:
    return Week(date(2026, 1, 5), actual, False, expected, variation)


def test_week_without_an_expectation_has_no_band() -> None:
    assert week().band is None
    assert week(expected=0.0).band is None


def test_band_widens_with_the_dispersion() -> None:
    narrow, wide = week(expected=20.0).band, week(expected=20.0, variation=0.5).band

    assert wide[0] < narrow[0] < 20 < narrow[1] < wide[1]


@pytest.mark.parametrize(("highest", "step"), [(0, 2), (8, 2), (9, 5), (150, 50)])
def test_levels_of_the_axis_are_round_and_few(highest, step) -> None:
    levels = [level for _, level in draw_trend([week(highest)] * 3).levels]

    assert [number * step for number in range(len(levels))] == levels
    assert highest <= levels[-1]
    assert len(levels) <= 5


def watched(day: int, realised: float | None = None, bounds: tuple[float, float] | None = None, **found: float) -> WatchedDay:
    low, high = bounds or (None, None)
    return WatchedDay(date(2026, 1, day), found.get("features"), found.get("predictions"), realised, low, high)


def test_curves_of_what_was_never_found_are_left_out() -> None:
    assert () == draw_drift([])
    assert ["drift_curve_features"] == [curve.key for curve in draw_drift([watched(1, features=0.1), watched(8)])]


def test_curve_goes_from_left_to_right_by_date_and_up_with_the_value() -> None:
    (curve,) = draw_drift([watched(1, features=0.1), watched(2, features=0.2), watched(8, features=0.4)])
    xs, ys = [x for x, *_ in curve.points], [y for _, y, *_ in curve.points]

    assert xs == sorted(xs)
    assert 6 * (xs[1] - xs[0]) == pytest.approx(xs[2] - xs[1], abs=1)
    assert ys == sorted(ys, reverse=True)
    assert ys[1] > curve.reference > ys[2]


def test_interval_stands_around_realised_over_expected_alone() -> None:
    days = [watched(1, 1.0, (0.8, 1.2), features=0.1), watched(8, 1.1, (0.9, 1.3), features=0.1)]
    bands = {curve.key: curve.band.count(",") for curve in draw_drift(days)}

    assert {"drift_curve_features": 0, "drift_curve_realised": 4} == bands
