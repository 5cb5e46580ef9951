from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.scoring.list_builder import Spread, order, rank_grids, tie_breakers, weekly_cases, weekly_escalations
from serving.settings import RankingSettings
from tests.support.made_alerts import make_score
from tests.support.trained_worlds import make_facts
from training.learning.count_variation import rank_by_count

MONDAY = 1001 * 7 + 4


def test_weekly_cases_counts_full_weeks_and_masks_one_and_two():
    days = MONDAY - 28 + np.array([0, 6, 7, 7, 8, 21, 28, 28, 28, 28])
    facts = make_facts(np.zeros(10, int), days, 2, MONDAY + 7)

    assert [row[-4:] for row in weekly_cases(facts, MONDAY + 3)] == [(None, 3, 0, None), (0, 0, 0, 0)]


def test_weekly_cases_before_the_log_began_are_left_out():
    facts = make_facts([0, 0, 0], MONDAY + np.array([0, 1, 2]), 1, MONDAY + 7)
    facts = type(facts)(**{**vars(facts), "first_day": MONDAY - 10})

    assert weekly_cases(facts, MONDAY + 7) == [(0, 3)]
    assert weekly_cases(facts, MONDAY - 9) == [()]


@given(st.lists(st.integers(0, 59), max_size=40), st.integers(40, 58))
def test_weekly_cases_of_later_dates_only_add_weeks(days, as_of):
    """Two lists, subtracted, must not give away a single case."""
    facts = make_facts(np.zeros(len(days), int), MONDAY + np.array(days, int), 1, MONDAY + 60)
    (earlier,), (later,) = weekly_cases(facts, MONDAY + as_of), weekly_cases(facts, MONDAY + as_of + 1)

    settled = later[:-1] if (as_of + 1) % 7 == 0 else later
    assert earlier[-51:] == settled[-51:]
    assert not {1, 2} & set(later)


def test_weekly_escalations_counts_by_the_day_they_became_known():
    facts = make_facts(np.zeros(3, int), MONDAY - 7 + np.array([0, 1, 7]), 1, MONDAY + 7)

    assert weekly_escalations(facts, MONDAY + 1)["g000"][-1:] == [2.0]


SETTINGS = RankingSettings(priority_share=0.1, elevated_share=0.2, watch_share=0.5, chronic_share=0.3, rising_factor=1.25)
GRIDS = [f"g{number}" for number in range(10)]
TIES = tie_breakers(GRIDS, date(2026, 1, 9), seed=0)
NO_REFITS = Spread(np.empty((0, 10)))

scores = st.lists(st.floats(0, 10).map(lambda value: round(value, 1)), min_size=1, max_size=30)


@given(scores)
def test_order_is_a_permutation_that_never_puts_a_lower_score_first(values):
    rank = order(np.array(values), tie_breakers(map(str, range(len(values))), date(2026, 1, 9), seed=0))

    assert sorted(rank.tolist()) == list(range(1, len(values) + 1))
    assert np.all(np.diff(np.array(values)[np.argsort(rank)]) <= 0)


@given(scores, st.randoms(use_true_random=False))
def test_order_does_not_depend_on_the_order_of_the_grids(values, random):
    grids = [f"g{number}" for number in range(len(values))]
    places = list(range(len(values)))
    random.shuffle(places)
    expected = order(np.array(values), tie_breakers(grids, date(2026, 1, 9), seed=0))

    shuffled = order(np.array(values)[places], tie_breakers([grids[place] for place in places], date(2026, 1, 9), seed=0))

    assert expected[places].tolist() == shuffled.tolist()


def test_tie_breakers_change_with_date_and_seed_only():
    assert TIES.tolist() == tie_breakers(GRIDS, date(2026, 1, 9), seed=0).tolist()
    assert TIES.tolist() != tie_breakers(GRIDS, date(2026, 1, 10), seed=0).tolist()
    assert TIES.tolist() != tie_breakers(GRIDS, date(2026, 1, 9), seed=1).tolist()


def test_rank_grids_levels_count_shares_from_the_top():
    expected = np.arange(10, 0, -1) / 10

    standing = rank_grids(expected, expected, NO_REFITS, TIES, SETTINGS)

    assert ("priority", "elevated", "watch", "watch", "watch", *["routine"] * 5) == standing.level
    assert standing.chronic.tolist() == [True] * 3 + [False] * 7


def test_rank_grids_range_spans_the_refits_and_holds_the_rank():
    expected = np.arange(10, 0, -1) * 1e-9  # nothing ever follows: only the refits' own order is left
    last_first = np.concatenate([expected[1:], [2e-8]])

    standing = rank_grids(expected, expected, Spread(np.stack([last_first, last_first])), TIES, SETTINGS)

    assert (standing.rank_low <= standing.rank).all()
    assert (standing.rank <= standing.rank_high).all()
    assert (standing.rank_low[9], standing.rank_high[9]) == (1, 10)


def test_rank_grids_range_holds_places_by_what_happens_nine_times_in_ten():
    expected = np.linspace(2.0, 0.2, 10)
    random = np.random.default_rng(1)

    standing = rank_grids(expected, expected, NO_REFITS, TIES, SETTINGS)

    places = np.array([rank_by_count(random.poisson(expected).astype(float), expected, TIES) for _ in range(2000)])
    held = ((standing.rank_low <= places) & (places <= standing.rank_high)).mean(axis=0)
    assert (held > 0.85).all()
    assert standing.rank_high[0] > 1


def test_rank_grids_range_is_the_same_every_time_and_of_its_seed():
    expected = np.linspace(2.0, 0.2, 10)
    first, again, other = (
        rank_grids(expected, expected, Spread(np.empty((0, 10)), 0.3, seed), TIES, SETTINGS) for seed in ((1, 7), (1, 7), (1, 8))
    )

    assert (first.rank_low.tolist(), first.rank_high.tolist()) == (again.rank_low.tolist(), again.rank_high.tolist())
    assert (first.rank_low.tolist(), first.rank_high.tolist()) != (other.rank_low.tolist(), other.rank_high.tolist())


@pytest.mark.parametrize(("refits", "rising"), [([1.3, 1.6, 2.0], True), ([1.1, 1.6, 2.0], False), ([], False)])
def test_rank_grids_rising_needs_a_high_low_end(refits, rising):
    usual = np.full(10, 0.5)
    drawn = np.array([[0.5] * 9 + [0.5 * factor] for factor in refits]).reshape(len(refits), 10)

    standing = rank_grids(usual, usual, Spread(drawn), TIES, SETTINGS)

    assert rising == standing.rising[9]
    assert not standing.rising[:9].any()


def test_rank_grids_without_grids_is_an_empty_list():
    nothing = np.empty(0)

    standing = rank_grids(nothing, nothing, Spread(np.empty((3, 0))), np.empty(0, np.uint64), SETTINGS)

    assert standing.level == ()


def test_settings_falling_shares_are_refused():
    with pytest.raises(ValueError, match="must not fall"):
        RankingSettings(priority_share=0.3, elevated_share=0.2)


@pytest.mark.parametrize(("low", "high", "width"), [(0.3, 0.6, "narrow"), (0.3, 0.61, "wide"), (None, None, None)])
def test_width_of_a_score_follows_from_its_refits(low, high, width):
    assert make_score(expected_low=low, expected_high=high).width == width
