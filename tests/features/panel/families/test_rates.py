from features.targets import Target
from tests.support.event_logs import Case, column, make_panel

LOG = {"target": "up", "targets": {"up": Target(transitions=("escalated",))}}


def test_lone_calls_are_those_without_an_open_case_of_their_category():
    open_one = Case("a", 20, category="labor_wage", moves=(("escalated", 60),))
    calls = [Case("a", 25, event_type="police_call", category=category) for category in ("labor_wage", "neighbor")]
    elsewhere = Case("b", 5, category="neighbor", moves=(("escalated", 6),))
    panel = make_panel([open_one, *calls, elsewhere], [30, 61], **LOG)

    assert [1, 0] == column(panel, "lone_call_count_grid_14d")


def test_rates_differ_by_what_was_reported_lately():
    busy = [Case("a", day) for day in range(60, 90, 3)]
    panel = make_panel([*busy, Case("b", 10), Case("c", 20), Case("d", 30, moves=(("escalated", 31),))], [95], **LOG)

    assert column(panel, "dispute_rate_grid_28d", "a") > column(panel, "dispute_rate_grid_365d", "b")
