"""To petition is a right: how many petitions there are stays out of the model, only how the office handles them counts."""

import numpy as np
import pytest

from features.panel.feature import Use
from features.targets import DeadlinePassed, Target, UnresolvedAfter
from tests.support.event_logs import GRIDS, Case, draw_cases, make_panel

AS_OFS = (120, 300, 500)
LAST = 500
RULES = (DeadlinePassed(action="overdue", when="deadline_passed"), UnresolvedAfter(action="escalated", when="unresolved_after", days=20))
LOG = {
    "target": "late",
    "rules": RULES,
    "targets": {"late": Target(transitions=("overdue", "escalated"))},
    "neighbours": [("a", "b", 0.5), ("b", "a", 0.5)],
}


@pytest.fixture(scope="module")
def log():
    return draw_cases(np.random.default_rng(4), 200, list(GRIDS), LAST)


def on_time(rng, count, first=1):
    """Draw petitions received and concluded within their term, none of it on the day of an as_of."""
    for _ in range(count):
        received = float(rng.integers(first, LAST - 40))
        done = received + float(rng.integers(0, 15)) + 0.5
        if any(received < as_of <= done + 1 for as_of in AS_OFS):
            continue
        yield Case(
            str(rng.choice(list(GRIDS))),
            received,
            done,
            event_type="petition",
            category=str(rng.choice(["labor_wage", "medical"])),
            source=str(rng.choice(["resident", "online"])),
            deadline=received + 60,
            people="30+",
        )


def changed_in_model(one, other):
    left, right = (make_panel(cases, AS_OFS, **LOG) for cases in (one, other))
    shared = [feature.name for feature in left.features if feature.use in {Use.MODEL, Use.LEVEL_ONLY} and feature.name in right.names]

    assert "dispute_count_grid_28d" in shared
    return [name for name in shared if left.column(name).tobytes() != right.column(name).tobytes()]


def test_build_panel_more_petitions_handled_on_time_change_no_column_of_the_model(log):
    added = list(on_time(np.random.default_rng(5), 1000, first=10))

    assert [] == changed_in_model(log, [*log, *added])


def test_build_panel_petitions_before_anything_else_change_no_column_of_the_model(log):
    later = [case for case in log if case.known_at >= 20]

    assert [] == changed_in_model(later, [*later, Case("a", 1, 3, event_type="petition", deadline=61)])


def test_build_panel_without_petitions_handled_on_time_the_model_reads_the_same(log):
    rng = np.random.default_rng(6)

    assert [] == changed_in_model([*log, *on_time(rng, 50, first=10)], log)


def test_build_panel_petition_of_a_new_event_type_target_changes_no_column_of_the_model():
    """A log without any petition before: the new columns are not the model's either."""
    disputes = [Case("a", 10, closed=30), Case("b", 15, moves=(("escalated", 20),))]
    panel = make_panel([*disputes, *on_time(np.random.default_rng(7), 40, first=16)], AS_OFS, **LOG)
    handling = {f"petition_{state}_count_grid" for state in ("open", "overdue", "due")}
    of_petitions = {feature.name for feature in panel.features if "petition" in feature.name and feature.use in {Use.MODEL, Use.LEVEL_ONLY}}

    assert {name.removesuffix("_10d") for name in of_petitions} <= handling
    assert [] == changed_in_model(disputes, [*disputes, *on_time(np.random.default_rng(7), 40, first=16)])


def test_build_panel_counting_petitions_among_all_cases_is_caught(log, monkeypatch):
    monkeypatch.setattr("features.facts.facts.Facts.is_petition", property(lambda facts: np.zeros(len(facts.cases.grid), np.bool_)))
    added = list(on_time(np.random.default_rng(5), 300, first=10))

    assert {"repeat_count_grid_90d", "group_count_grid_90d"} <= set(changed_in_model(log, [*log, *added]))


def test_build_panel_withdrawn_petition_that_is_not_due_changes_nothing(log):
    petitions = [Case("a", 280, event_type="petition", deadline=340) for _ in range(20)]
    withdrawn = [Case("a", 280, event_type="petition", deadline=340, moves=(("withdrawn", 290),)) for _ in range(20)]

    left, right = (make_panel([*log, *more], [300], **LOG) for more in (petitions, withdrawn))
    assert left.values.tobytes() == right.values.tobytes()


def test_build_panel_petition_states_are_nested(log):
    """Whatever is overdue is due, whatever is due is open, so running late never lowers a count."""
    panel = make_panel([*log, *on_time(np.random.default_rng(8), 100)], AS_OFS, **LOG)
    opened, due, overdue = (
        panel.column(f"petition_{state}_grid{suffix}")
        for state, suffix in (("open_count", ""), ("due_count", "_10d"), ("overdue_count", ""))
    )

    assert (opened >= due).all()
    assert (due >= overdue).all()
    assert overdue.any()
