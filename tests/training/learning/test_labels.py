import numpy as np

from tests.support.trained_worlds import make_facts
from training.learning import labels
from training.learning.labels import count_labels, ripe, surge_thresholds


def days(*values):
    return np.array(values, np.int32)


def test_count_labels_horizon_is_half_open():
    facts = make_facts(grid=[0, 0, 0, 1], day=[9, 10, 23, 24], grids=2, through=60)

    assert count_labels(facts, days(10), 14).tolist() == [[2.0, 0.0]]


def test_count_labels_equals_counting_one_by_one():
    generator = np.random.default_rng(1)
    grid, day = generator.integers(0, 5, 200), generator.integers(0, 90, 200)
    facts = make_facts(grid, day, grids=5, through=100)
    as_ofs = np.arange(10, 80, 3, dtype=np.int32)

    expected = [[np.sum((grid == g) & (day >= t) & (day < t + 14)) for g in range(5)] for t in as_ofs]

    assert expected == count_labels(facts, as_ofs, 14).tolist()


def test_count_labels_known_before_leaves_out_what_came_late():
    facts = make_facts(grid=[0, 0], day=[10, 20], grids=1, through=60, known_delay=5)

    assert count_labels(facts, days(10), 14, known_before=24).tolist() == [[1.0]]
    assert count_labels(facts, days(10), 14, known_before=26).tolist() == [[2.0]]


def test_ripe_waits_for_horizon_and_delay():
    as_ofs = days(0, 1, 2)

    assert ripe(as_ofs, 14, 7, known_through_day=22).tolist() == [True, True, False]


def test_surge_thresholds_lie_above_the_own_90th_percentile():
    """Ten horizons: eight with none, one with 4, one with 8, so 4.4; the quiet grid is guarded by the least count."""
    facts = make_facts(grid=[0] * 12 + [1], day=[0] * 8 + [20] * 4 + [50], grids=2, through=200)

    assert surge_thresholds(facts, days(140), 14).tolist() == [[5.0, 2.0]]


def test_surge_thresholds_remember_a_year_and_forget_what_is_older():
    facts = make_facts(grid=[0] * 60, day=[5] * 30 + [406] * 30, grids=1, through=800)

    by_as_of = {as_of: surge_thresholds(facts, days(as_of), 14)[0, 0] for as_of in (406, 407, 700)}

    assert {406: 2.0, 407: 2.0, 700: 2.0} == by_as_of, "one loud fortnight of 26 moves no 90th percentile"


def test_surge_thresholds_log_younger_than_a_horizon_goes_by_what_there_is():
    facts = make_facts(grid=[0] * 9, day=[2] * 9, grids=1, through=200)

    assert surge_thresholds(facts, days(10), 14).tolist() == [[10.0]]


def test_surge_thresholds_late_report_is_not_used(monkeypatch):
    facts = make_facts(grid=[0] * 17, day=[0] + [70] * 16, grids=1, through=200, known_delay=3)

    assert surge_thresholds(facts, days(73), 70).tolist() == [[2.0]]

    until = labels._count_until
    monkeypatch.setattr(labels, "_count_until", lambda facts, _, edges: until(facts, facts.target.occurred_day, edges))
    assert surge_thresholds(facts, days(73), 70).tolist() == [[17.0]], "the broken variant must be seen"
