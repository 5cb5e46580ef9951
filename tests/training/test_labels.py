import numpy as np

from tests.training.worlds import make_facts
from training import labels
from training.labels import count_labels, ripe, surge_thresholds


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


def test_surge_thresholds_use_eight_weeks_known_before_as_of():
    facts = make_facts(grid=[0] * 18 + [1], day=[44] + [45] * 8 + [100] * 8 + [101] + [50], grids=2, through=200)

    # 16 cases in [45, 101) are 4 in 14 days, so 6; one case falls back to the least
    assert surge_thresholds(facts, days(101), 14).tolist() == [[6.0, 2.0]]


def test_surge_thresholds_late_report_is_not_used(monkeypatch):
    facts = make_facts(grid=[0] * 16, day=[99] * 16, grids=1, through=200, known_delay=3)

    assert surge_thresholds(facts, days(101), 14).tolist() == [[2.0]]

    between = labels._count_between
    monkeypatch.setattr(labels, "_count_between", lambda facts, _, *ends: between(facts, facts.target.occurred_day, *ends))
    assert surge_thresholds(facts, days(101), 14).tolist() == [[6.0]], "the broken variant must be seen"
