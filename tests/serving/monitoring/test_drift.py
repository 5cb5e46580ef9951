import numpy as np
import pytest

from serving.monitoring.drift import SHIFTED_FROM, Shift, prediction_findings, prediction_shift, shift_findings, stability

MANY = (10**9, 10**9)
BEFORE = np.arange(1000, dtype=np.float64)
UPWARDS = np.concatenate([BEFORE[:500:2], BEFORE[500:], BEFORE[501::2]])
"""A quarter of the values lies in the lower half of those before, three quarters in the upper."""


def test_stability_of_the_same_values_in_another_order_is_zero():
    assert 0.0 == stability(BEFORE[::-1], BEFORE, MANY)


def test_stability_by_hand_of_two_halves():
    by_hand = (0.25 - 0.5) * np.log(0.25 / 0.5) + (0.75 - 0.5) * np.log(0.75 / 0.5)

    assert by_hand == pytest.approx(stability(UPWARDS, BEFORE, MANY), abs=0.01)


def test_stability_sees_values_that_are_missing_now():
    now = BEFORE.copy()
    now[::2] = np.nan

    assert stability(now, BEFORE, MANY) > SHIFTED_FROM


def test_stability_takes_off_what_chance_adds_to_few_independent_values():
    few = 100
    chance = (10 - 1) * 2 / few

    assert stability(UPWARDS, BEFORE, MANY) - chance == pytest.approx(stability(UPWARDS, BEFORE, (few, few)))
    assert 0.0 == stability(UPWARDS, BEFORE, (10, 10))


def test_stability_of_a_column_without_any_value_before_is_no_fault():
    nothing = np.full(10, np.nan)

    assert 0.0 == stability(nothing, nothing, (10, 10))
    assert stability(BEFORE[:10], nothing, MANY) > SHIFTED_FROM


def shifts(moved, of):
    return [Shift(f"column_{number}", "列", "column", 2.0 - number / 100 if number < moved else 0.1) for number in range(of)]


def test_shift_findings_keep_quiet_where_no_more_columns_moved_than_usual():
    assert [] == shift_findings(shifts(1, 20))
    assert [] == shift_findings([])


def test_shift_findings_name_the_five_largest():
    (finding,) = shift_findings(shifts(6, 20))

    assert "6/20 features" in finding.words.en
    assert ["column_0", "column_4"] == [name for name in ("column_0", "column_4", "column_5") if name in finding.words.en]


def test_prediction_findings_from_the_rule_of_thumb_on():
    same = np.tile(np.linspace(0.01, 1, 200), (28, 1))

    assert [] == prediction_findings(prediction_shift(same[:7], same))
    assert ["predictions"] == [finding.about for finding in prediction_findings(prediction_shift(3 * same[:7], same))]
