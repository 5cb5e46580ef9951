import numpy as np
import pytest

from training.learning.sampling import Sample, fitting_rows, sample_alike, sample_rows

HAPPENED = (np.arange(1000) % 20 == 0).astype(float)
"""50 rows of 1000 saw an escalation."""


def test_sample_rows_few_enough_are_all_kept():
    assert sample_rows(HAPPENED, 1000, seed=1) is None


def test_sample_rows_keeps_every_event_and_lets_others_stand_for_several():
    rows, weights = sample_rows(HAPPENED, 240, seed=1)

    assert len(rows) == len(set(rows.tolist())) == 240
    assert np.array_equal(rows, np.sort(rows))
    assert HAPPENED[rows].sum() == 50
    assert set(weights[HAPPENED[rows] > 0]) == {1.0}
    assert set(weights[HAPPENED[rows] == 0]) == {950 / 190}


@pytest.mark.parametrize("most", [60, 240, 900])
def test_sample_rows_weights_sum_to_all_rows(most):
    assert sample_rows(HAPPENED, most, seed=1)[1].sum() == pytest.approx(1000)


def test_sample_rows_too_many_events_are_sampled_like_the_others():
    rows, weights = sample_rows(HAPPENED, 60, seed=1)

    assert len(rows) == 60
    assert set(weights) == {1000 / 60}


def test_sample_rows_same_seed_gives_the_same():
    first, again, other = (sample_rows(HAPPENED, 240, seed)[0].tolist() for seed in (1, 1, 2))

    assert first == again != other


def test_sample_alike_draws_each_row_once():
    rows = sample_alike(100, 30, seed=1)

    assert len(set(rows.tolist())) == 30
    assert sample_alike(5, 30, seed=1).tolist() == [0, 1, 2, 3, 4]


def test_fitting_rows_counts_values():
    assert fitting_rows(columns=100, most_bytes=4000, most_rows=50) == 10
    assert fitting_rows(columns=100, most_bytes=4000, most_rows=5) == 5
    assert fitting_rows(columns=0, most_bytes=0, most_rows=5) == 1


def test_sample_says_what_it_left_out():
    rows, _ = sample_rows(HAPPENED, 240, seed=1)

    assert str(Sample.chosen(HAPPENED, rows)) == "240 of 1,000 rows, 50 of 50 with an escalation"
    assert Sample.whole(HAPPENED).is_whole
