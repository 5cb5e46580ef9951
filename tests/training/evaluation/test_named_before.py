"""Projects that lists named before the first event: a few lists of twenty grids, so that the top of each is one grid."""

from dataclasses import replace

import numpy as np
import pytest

from features.days import NEVER
from features.undertakings.in_force import Undertakings
from tests.support.trained_worlds import make_facts
from training.evaluation.named_before import LEAST, NamedBefore, count_named_before

GRIDS, LISTS = 20, np.arange(100, 300, 10, dtype=np.int32)
PUBLIC, START = 140, 165


def facts_with(events, public=PUBLIC, start=START, until=NEVER, kind=0):
    """Return facts in which each of the first `LEAST` grids has a project, and events on these days."""
    grid = np.arange(LEAST, dtype=np.int32)
    ones = np.ones(LEAST, np.int32)
    plans = Undertakings(
        grid, grid, (kind * ones).astype(np.int16), public * ones, until * ones, start * ones, np.full(LEAST, NEVER, np.int32)
    )
    facts = make_facts(np.repeat(grid, len(events)), np.tile(events, LEAST), GRIDS, through=400)
    return replace(facts, undertaking_kinds=(("project", "construction"), ("treatment", "service_point")), undertakings=plans)


def lists_with(grid, day):
    """Return expected counts in which a grid leads the list of a day, and the last grid all others."""
    expected = np.zeros((len(LISTS), GRIDS))
    expected[:, -1] = 1.0
    expected[LISTS == day, grid] = 2.0
    return expected


@pytest.mark.parametrize(
    ("day", "named"),
    [
        (140, 0),  # the day it became public itself
        (150, 1),
        (170, 1),
        (180, 1),  # the morning of the day of the first event
        (190, 0),  # after it
    ],
)
def test_count_named_before_counts_lists_between_notice_and_first_event(day, named):
    counted = count_named_before(facts_with([180, 200]), LISTS, lists_with(3, day))

    assert (LEAST, named) == (counted.projects, counted.named)


def test_count_named_before_first_event_before_the_notice_is_not_the_projects():
    counted = count_named_before(facts_with([120, 140, 200]), LISTS, lists_with(3, 190))

    assert counted.named == 1


def test_count_named_before_says_what_chance_would_name():
    """Four lists name the last grid and, once, another: two of twenty grids for each project."""
    counted = count_named_before(facts_with([180]), LISTS, lists_with(3, 160))

    assert counted == NamedBefore(LEAST, 1.0, pytest.approx(LEAST * 2 / GRIDS))
    assert counted.line == ("projects: the top 5% named 1 of 5 before the first event in their grid; of as many grids drawn by lot 0.")


@pytest.mark.parametrize(
    "facts",
    [
        facts_with([]),
        facts_with([START + 56]),  # too late to be the project's
        facts_with([PUBLIC + 1]),  # before any list could name it
        facts_with([180], public=90),  # public before the first list
        facts_with([180], public=START),  # not public before its start
        facts_with([280], start=290),  # nobody knows yet what follows
        facts_with([180], until=200),  # a later version replaced it
        facts_with([180], kind=1),
    ],
)
def test_count_named_before_too_few_projects_is_none(facts):
    assert count_named_before(facts, LISTS, lists_with(3, 160)) is None
