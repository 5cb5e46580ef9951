"""Counts of a report: what a period holds, by area and kind, and what of it may be shown."""

from dataclasses import replace

import numpy as np
import pytest

from serving.situation_report.counts import (
    Counted,
    by_area,
    by_kind,
    closed,
    compare,
    emerging,
    escalations,
    grids_by_area,
    level_below,
    masked,
    new_cases,
    open_at_end,
    overdue_at_end,
)
from serving.situation_report.period import read_period
from tests.support.trained_worlds import make_facts

MARCH = read_period("1970-03")
FIRST, AFTER = MARCH.start, MARCH.end
YEARS_LATER = 900


def district(grid, day, grids=4):
    """Return cases of grids that lie in township a (even numbers) and b (odd ones)."""
    return make_facts(grid, day, grids, through=YEARS_LATER)


def test_by_area_counts_cases_of_the_period_half_open():
    facts = district([0, 2, 1, 0], [FIRST, AFTER - 1, AFTER, FIRST - 1])
    groups = by_area(facts)

    assert ("a", "b") == groups.names
    assert [2, 0] == new_cases(facts, groups, MARCH).total.tolist()
    assert [2, 0] == escalations(facts, groups, MARCH).total.tolist()
    assert [2, 0] == new_cases(facts, groups, MARCH).days.tolist()


def test_by_area_of_a_township_counts_its_own_cases_alone():
    facts = district([0, 1, 2], [FIRST, FIRST, FIRST])

    assert [2] == new_cases(facts, by_area(facts, "a"), MARCH).total.tolist()
    assert ([2, 2], [2]) == (grids_by_area(facts), grids_by_area(facts, "a"))
    assert ("township", "community") == (level_below(facts, ""), level_below(facts, "a"))


def test_petitions_are_counted_nowhere():
    facts = district([0, 0, 1], [FIRST, FIRST, FIRST])
    petitions = replace(facts, event_types=("petition",), kinds=(("petition", "other"),))

    assert [0, 0] == new_cases(petitions, by_area(petitions), MARCH).total.tolist()
    assert () == by_kind(petitions).names


def test_by_kind_names_type_and_category_of_the_area_alone():
    facts = district([0, 1], [FIRST, FIRST])

    assert ("dispute/other",) == by_kind(facts).names
    assert [1] == new_cases(facts, by_kind(facts, "b"), MARCH).total.tolist()


@pytest.mark.parametrize(("ends", "open_cases", "closed_cases"), [(AFTER, 1, 0), (AFTER - 1, 0, 1), (FIRST, 0, 1)])
def test_case_is_open_at_the_end_unless_it_was_closed_before(ends, open_cases, closed_cases):
    facts = district([0], [FIRST])
    ended = replace(facts, spells=replace(facts.spells, end_day=np.array([ends], np.int32)))
    groups = by_area(ended)

    assert [open_cases, 0] == open_at_end(ended, groups, MARCH).total.tolist()
    assert [closed_cases, 0] == closed(ended, groups, MARCH).total.tolist()


@pytest.mark.parametrize(("deadline", "overdue"), [(AFTER - 1, 1), (AFTER, 0)])
def test_open_case_is_overdue_once_its_deadline_passed(deadline, overdue):
    facts = district([0], [FIRST])
    due = replace(facts, cases=replace(facts.cases, deadline_day=np.array([deadline], np.int32)))

    assert [overdue, 0] == overdue_at_end(due, by_area(due), MARCH).total.tolist()


def test_masked_hides_a_small_count_and_a_second_one_that_the_sum_would_tell():
    shown = masked(Counted(np.array([2.0, 40.0]), np.array([2, 20])))
    open_sum = masked(Counted(np.array([12.0, 40.0]), np.array([9, 20])))

    assert ([None, None], 42) == (shown.cells, shown.total)
    assert ([12, 40], 52) == (open_sum.cells, open_sum.total)


def test_compare_has_no_earlier_period_before_the_log_begins():
    facts = replace(district([0] * 40, [FIRST + number % 28 for number in range(40)]), first_day=FIRST)
    compared = compare(new_cases, facts, by_area(facts), MARCH)

    assert ([40, 0], None, None) == (compared.now.cells, compared.previous, compared.year_before)
    assert compared.of_previous() is None
    assert [] == emerging(facts, compared)


def test_compare_says_how_a_group_changed_per_day():
    before = MARCH.before(1)
    days = [*(before.start + number % before.days for number in range(20)), *(FIRST + number % 28 for number in range(60))]
    compared = compare(new_cases, district([0] * 80, days), by_area(district([0] * 80, days)), MARCH)
    change = compared.of_previous(0)

    assert change is not None
    assert change.ratio == pytest.approx(60 / MARCH.days / (20 / before.days))
    assert change.low < change.ratio < change.high


def test_emerging_names_the_group_that_grew_against_the_year_before_alone():
    year = read_period("1971-03")
    steady = list(range(0, year.end, 3))
    grown = [*range(0, year.start, 30), *(year.start + number % 31 for number in range(60))]
    facts = district([0] * len(steady) + [1] * len(grown), steady + grown)
    compared = compare(new_cases, facts, by_area(facts), year)

    assert [1] == emerging(facts, compared)
