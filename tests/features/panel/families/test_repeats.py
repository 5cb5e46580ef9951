"""Matters that come back."""

from tests.support.event_logs import Case, column, make_panel


def test_repeats_same_kind_again_within_90_days():
    cases = [Case("a", 0, category="neighbor"), Case("a", 90, category="neighbor"), Case("a", 181, category="neighbor")]
    panel = make_panel(cases, [90, 91, 180, 181, 182])

    assert [0, 1, 1, 0, 0] == column(panel, "repeat_count_grid_90d")


def test_repeats_other_kind_or_grid_or_type_is_none():
    cases = [
        Case("a", 0, category="neighbor"),
        Case("a", 1, category="contract"),
        Case("b", 2, category="neighbor"),
        Case("a", 3, category="neighbor", event_type="hazard"),
    ]

    assert [0] == column(make_panel(cases, [10]), "repeat_count_grid_90d")


def test_repeats_three_in_a_row_are_two_repeats():
    assert [2] == column(make_panel([Case("a", 1), Case("a", 1), Case("a", 5)], [10]), "repeat_count_grid_90d")


def test_repeats_petitions_are_left_out():
    cases = [Case("a", 1, event_type="petition"), Case("a", 2, event_type="petition"), Case("a", 3)]

    assert [0] == column(make_panel(cases, [10]), "repeat_count_grid_90d")


def test_repeats_reopened_cases_only_where_the_source_records_them():
    reopened = Case("a", 1, closed=2, moves=(("reopened", 3),))

    assert [0, 1] == column(make_panel([reopened], [3, 4]), "reopened_count_grid_182d")
    assert "reopened_count_grid_182d" not in make_panel([Case("a", 1, closed=2)], [4]).names
