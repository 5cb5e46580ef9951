"""Cases that were handed on or reclassified: the past stays as it was known, the case goes on in its new grid."""

from dataclasses import replace

import numpy as np

from tests.support.event_logs import Case, column, days, make_facts, make_panel

HANDED_ON = Case("a", 1, closed=20, moves=(("corrected", 10, 10, "d", "other"), ("escalated", 15), ("reopened", 25)))


def rows_of(facts, rows):
    first = days(0)[0]
    return sorted(zip(facts.places.grid_ids[rows.grid].tolist(), (rows.known_day - first).tolist(), strict=True))


def spells_of(facts):
    spells, first = facts.spells, days(0)[0]
    columns = (facts.places.grid_ids[spells.grid], spells.start_day - first, np.minimum(spells.end_day - first, 999), spells.moved_on)
    return sorted(zip(*(values.tolist() for values in columns), strict=True))


def test_follow_corrections_case_is_open_there_from_that_day_on():
    facts = make_facts([HANDED_ON])

    assert [("a", 1, 10, True), ("d", 10, 20, False), ("d", 25, 999, False)] == spells_of(facts)
    assert [("d", 15)] == rows_of(facts, facts.target)
    assert [("d", 25)] == rows_of(facts, facts.reopened)
    assert facts.cases.grid[facts.spells.case].tolist() == facts.spells.grid.tolist()


def test_follow_corrections_report_stays_where_it_was_made():
    facts = make_facts([HANDED_ON])

    assert [("a", True), ("d", False)] == sorted(
        zip(facts.places.grid_ids[facts.cases.grid].tolist(), facts.cases.reported.tolist(), strict=True)
    )


def test_follow_corrections_panel_before_is_as_it_was_and_the_backlog_follows_after():
    as_ofs = [5, 10, 11, 18, 26, 40]
    moved = make_panel([HANDED_ON, Case("d", 1)], as_ofs)
    stayed = make_panel([replace(HANDED_ON, moves=HANDED_ON.moves[1:]), Case("d", 1)], as_ofs)
    before = [0, 1]

    assert moved.names == stayed.names
    assert np.array_equal(moved.values[:, before], stayed.values[:, before], equal_nan=True)
    assert [[1, 1, 0, 0, 0, 0], [1, 1, 2, 2, 2, 2]] == [column(moved, "dispute_open_count_grid", grid) for grid in "ad"]
    reports = [column(moved, "dispute_count_grid_28d", grid) for grid in "ad"]
    assert reports == [column(stayed, "dispute_count_grid_28d", grid) for grid in "ad"]


def test_follow_corrections_new_category_in_the_same_grid():
    facts = make_facts([Case("a", 1, moves=(("corrected", 10, 10, "a", "medical"),))])

    assert [("a", 1, 10, True), ("a", 10, 999, False)] == spells_of(facts)
    by_start = facts.spells.case[np.argsort(facts.spells.start_day)]
    assert [("dispute", "other"), ("dispute", "medical")] == [facts.kinds[kind] for kind in facts.cases.kind[by_start]]


def test_follow_corrections_twice_and_after_the_closing():
    twice = Case(
        "a",
        1,
        closed=20,
        moves=(("corrected", 5, 5, "b", "other"), ("corrected", 10, 10, "d", "other"), ("corrected", 30, 30, "c", "other")),
    )
    facts = make_facts([twice])

    assert [("a", 1, 5, True), ("b", 5, 10, True), ("d", 10, 20, False)] == spells_of(facts)


def test_follow_corrections_of_two_cases_each_begin_on_their_own_day():
    early, late = (("corrected", day, day, grid, "other") for day, grid in ((5, "c"), (30, "d")))
    facts = make_facts([Case("a", 1, moves=(early,)), Case("b", 1, moves=(late,))])

    assert [("a", 1, 5, True), ("b", 1, 30, True), ("c", 5, 999, False), ("d", 30, 999, False)] == spells_of(facts)
