"""New cases by event type, kind of matter, source and group size."""

from hypothesis import given, settings
from hypothesis import strategies as st

from features.panel.as_ofs import LOOKBACKS
from tests.support.event_logs import GRIDS, Case, column, make_panel

CASES = (
    Case("a", 0, category="neighbor"),
    Case("a", 20, category="labor_wage", source="resident", people="5-9"),
    Case("a", 21, event_type="hazard", source="hotline", people="1-2"),
    Case("b", 27, category="neighbor", source="hotline"),
)

case = st.builds(
    Case,
    grid=st.sampled_from(list(GRIDS)),
    reported=st.integers(0, 800).map(lambda half: half / 2),
    known=st.none(),
    event_type=st.sampled_from(["dispute", "hazard", "petition"]),
    category=st.sampled_from(["neighbor", "contract"]),
)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(st.lists(case, min_size=1, max_size=25), st.lists(st.integers(0, 420), min_size=1, max_size=4, unique=True).map(sorted))
def test_counts_equal_counting_one_by_one(cases, as_ofs):
    panel = make_panel(cases, as_ofs)
    expected = {
        f"{event_type}_count_grid_{days}d": [
            [
                sum((case.grid, case.event_type) == (grid, event_type) and as_of - days <= case.reported < as_of for case in cases)
                for grid in GRIDS
            ]
            for as_of in as_ofs
        ]
        for event_type in {case.event_type for case in cases}
        for days in LOOKBACKS
    }

    assert expected == {name: panel.column(name).tolist() for name in expected}


def test_counts_window_holds_its_first_day_and_not_as_of():
    panel = make_panel(CASES, [7, 20, 21, 27, 28])

    assert [1, 0, 1, 1, 0] == column(panel, "dispute_count_grid_7d")
    assert [1, 1, 2, 2, 2] == column(panel, "dispute_count_grid_28d")


def test_counts_of_one_type_leave_others_out():
    panel = make_panel(CASES, [28])

    assert [1] == column(panel, "hazard_count_grid_7d")
    assert [0] == column(panel, "dispute_count_grid_7d")


def test_counts_by_kind_only_where_a_type_has_several():
    panel = make_panel(CASES, [28])

    assert [1] == column(panel, "dispute_labor_wage_count_grid_28d")
    assert [1] == column(panel, "dispute_neighbor_count_grid_28d", "b")
    assert [] == [name for name in panel.names if name.startswith("hazard_other")]


def test_counts_by_source_and_of_groups():
    panel = make_panel(CASES, [28])

    assert [1, 1] == [*column(panel, "resident_source_count_grid_28d"), *column(panel, "hotline_source_count_grid_28d")]
    assert [1] == column(panel, "group_count_grid_90d")


def test_counts_single_source_tells_nothing():
    assert [] == [name for name in make_panel(CASES[:2], [28]).names if "source" in name]


def test_counts_of_a_redrawn_grid_are_shared_out():
    panel = make_panel(CASES, [28], crosswalk=[("a", "c", 0.75), ("a", "d", 0.25)])

    assert [1.5] == column(panel, "dispute_count_grid_28d", "c")
    assert [0.5] == column(panel, "dispute_count_grid_28d", "d")
