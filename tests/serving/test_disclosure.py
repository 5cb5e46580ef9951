"""Disclosure control: trying every count that a masked column could have been brings none back."""

from itertools import product

import numpy as np
import pytest

from serving.disclosure import mask, mask_sum

MANY_DAYS = 30


def possible(counts, shown, total):
    """Return per hidden cell the counts from 1 to 4 that agree with the sum, if the others hidden may be anything from 1."""
    hidden = [place for place, cell in enumerate(shown) if cell is None]
    if total is None:
        return [set(range(1, 5))] * len(hidden)
    rest = total - sum(cell for cell in shown if cell is not None)
    found = [cells for cells in product(range(1, rest + 1), repeat=len(hidden)) if sum(cells) == rest]
    return [{cells[place] for cells in found} & set(range(1, 5)) for place in range(len(hidden))]


@pytest.mark.parametrize("seed", range(40))
def test_masked_counts_keep_their_whole_range(seed):
    counts = np.random.default_rng(seed).integers(0, 9, 5).tolist()

    shown = mask(counts, [MANY_DAYS] * 5)

    assert all(cell is None or cell == 0 or cell >= 5 for cell in shown)
    assert all(range_of == {1, 2, 3, 4} for range_of in possible(counts, shown, mask_sum(counts, shown)))


def test_plain_threshold_would_give_a_count_away():
    """The check above catches a mask that hides small cells only."""
    plain = [0, None, 7]

    assert possible([0, 2, 7], plain, 9) == [{2}]


def test_mask_hides_what_came_in_on_few_days():
    assert mask([9, 20, 30], [2, 9, 9]) == [None, None, 30]


def test_mask_without_small_counts_hides_nothing():
    assert mask([0, 5, 30], [0, 3, 9]) == [0, 5, 30]
    assert mask_sum([0, 5, 30], [0, 5, 30]) == 35
