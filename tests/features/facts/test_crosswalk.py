"""Grids that were redrawn: what happened in an old one belongs to its successors."""

import numpy as np
import pytest

from features.targets import DeadlinePassed, Target
from tests.support.event_logs import Case, days, make_facts

HALVES = (("a", "b", 0.5), ("a", "c", 0.5))
CASES = (
    Case("a", 1, closed=6, deadline=4, moves=(("reopened", 8), ("escalated", 9))),
    Case("b", 2, closed=5),
    Case("a", 3),
    Case("d", 4),
)


def places_of(facts, rows):
    return sorted(zip(facts.places.grid_ids[rows.grid].tolist(), facts.cases.weight[rows.case].tolist(), strict=True))


def test_split_redrawn_grid_gives_its_cases_to_its_successors():
    facts = make_facts(CASES, crosswalk=HALVES)
    expected = [("b", 0.5), ("b", 0.5), ("b", 1.0), ("c", 0.5), ("c", 0.5), ("d", 1.0)]

    assert expected == sorted(zip(facts.places.grid_ids[facts.cases.grid].tolist(), facts.cases.weight.tolist(), strict=True))
    assert [("b", 0.5), ("c", 0.5)] == places_of(facts, facts.target)
    assert [("b", 0.5), ("c", 0.5)] == places_of(facts, facts.reopened)
    assert [("b", 0.5)] * 3 + [("b", 1.0)] + [("c", 0.5)] * 3 + [("d", 1.0)] == places_of(facts, facts.spells)


def test_split_keeps_every_row_with_its_case_and_in_order():
    facts = make_facts(CASES, crosswalk=HALVES)

    for rows in (facts.spells, facts.target, facts.reopened):
        assert facts.cases.grid[rows.case].tolist() == rows.grid.tolist()
        assert sorted(rows.case) == rows.case.tolist()
    assert sorted(facts.cases.grid) == facts.cases.grid.tolist()
    assert (facts.cases.known_day[facts.spells.case] <= facts.spells.start_day).all()


def test_split_redrawn_grid_is_no_place_any_more():
    """It would stand in the ranking for ever, without a case, and thin out the means of its township."""
    facts = make_facts(CASES, crosswalk=HALVES)

    assert ["b", "c", "d"] == facts.places.grid_ids.tolist()


@pytest.mark.parametrize("shares", [(0.5, 0.5), (1 / 3, 1 / 3, 1 / 3), (0.7, 0.2, 0.1), (1.0,)])
def test_split_shares_add_up_to_whole_cases(shares):
    crosswalk = [("a", new, share) for new, share in zip("bcd", shares, strict=False)]
    facts = make_facts(CASES, crosswalk=crosswalk)

    assert 4.0 == facts.cases.weight.sum()


def test_split_twice_redrawn_grid_passes_on_to_the_last_successors():
    facts = make_facts([Case("a", 1), Case("b", 5)], crosswalk=[("a", "b", 1.0, 3), ("b", "c", 0.5, 9), ("b", "d", 0.5, 9)])

    assert [("c", 0.5), ("c", 0.5), ("d", 0.5), ("d", 0.5)] == sorted(
        zip(facts.places.grid_ids[facts.cases.grid].tolist(), facts.cases.weight.tolist(), strict=True)
    )


def test_split_without_redrawn_grids_changes_nothing():
    plain, other = make_facts(CASES), make_facts(CASES, crosswalk=[("y", "z", 1.0)])

    assert plain.cases.grid.tolist() == other.cases.grid.tolist()
    assert np.array_equal(plain.cases.weight, other.cases.weight)


def test_split_target_of_a_feed_reaches_the_successors_of_its_grids():
    deadline = DeadlinePassed(action="overdue", when="deadline_passed")
    feeds = {"calls": ((deadline,), {"overdue": Target(transitions=("overdue",))}), "visits": ((), {})}
    cases = [Case("a", 1, deadline=4, feed="calls"), Case("d", 1, feed="visits")]
    facts = make_facts(cases, "overdue", feeds=feeds, crosswalk=HALVES)

    assert [("b", 0.5), ("c", 0.5)] == places_of(facts, facts.target)
    assert days(4, 4).tolist() == facts.target.known_day.tolist()


def test_split_says_since_when_a_grid_has_its_borders():
    facts = make_facts(CASES, crosswalk=HALVES)
    redrawn = dict(zip(facts.places.grid_ids.tolist(), facts.places.redrawn_day.tolist(), strict=True))

    assert days(0)[0] == redrawn["b"] == redrawn["c"]
    assert redrawn["d"] < 0


def test_split_grid_that_gives_a_part_away_keeps_what_happens_later():
    facts = make_facts([Case("a", 1), Case("a", 9)], crosswalk=[("a", "a", 0.75, 5), ("a", "b", 0.25, 5)])

    assert [("a", 0.75), ("a", 1.0), ("b", 0.25)] == sorted(
        zip(facts.places.grid_ids[facts.cases.grid].tolist(), facts.cases.weight.tolist(), strict=True)
    )
    assert "a" in facts.places.grid_ids


def test_split_two_grids_that_swap_their_codes_swap_what_happened_before():
    facts = make_facts([Case("a", 1), Case("b", 9)], crosswalk=[("a", "b", 1.0, 5), ("b", "a", 1.0, 5)])

    assert [("b", 1), ("b", 9)] == sorted(
        (grid, int(day)) for grid, day in zip(facts.places.grid_ids[facts.cases.grid], facts.cases.occurred_day - days(0)[0], strict=True)
    )
    assert ["a", "b"] == facts.places.grid_ids[:2].tolist()


def test_split_part_of_a_part_is_shared_on_its_day_only():
    crosswalk = [("a", "a", 0.5, 5), ("a", "b", 0.5, 5), ("b", "b", 0.5, 20), ("b", "c", 0.5, 20)]
    facts = make_facts([Case("a", 1), Case("b", 10), Case("b", 30)], crosswalk=crosswalk)
    weights = sorted(zip(facts.places.grid_ids[facts.cases.grid].tolist(), facts.cases.weight.tolist(), strict=True))

    assert [("a", 0.5), ("b", 0.25), ("b", 0.5), ("b", 1.0), ("c", 0.25), ("c", 0.5)] == weights
