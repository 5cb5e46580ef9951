"""Records known at or after as_of change no feature, whatever they say about the past."""

from dataclasses import replace

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from features.facts.derive import read_facts
from features.panel import channels
from features.panel.build import build_panel
from features.panel.counters import Edges
from features.targets import DeadlinePassed, Target, UnresolvedAfter
from tests.support.event_logs import GRIDS, HORIZON, SETTINGS, Case, column, days, make_log, make_panel

AS_OF, LATER = 40, 65
LOG = {
    "target": "late",
    "rules": (
        DeadlinePassed(action="overdue", when="deadline_passed"),
        UnresolvedAfter(action="escalated", when="unresolved_after", days=15),
    ),
    "targets": {"late": Target(transitions=("overdue", "escalated"))},
    "neighbours": [("a", "b", 0.5), ("b", "a", 0.5), ("b", "c", 0.25), ("c", "b", 0.25)],
}

moments = st.integers(0, 120).map(lambda half: half / 2)
before = st.integers(0, 2 * AS_OF - 1).map(lambda half: half / 2)
after = st.integers(2 * AS_OF, 3 * AS_OF).map(lambda half: half / 2)
maybe = {
    "grid": st.sampled_from(list(GRIDS)),
    "event_type": st.sampled_from(["dispute", "hazard", "petition"]),
    "category": st.sampled_from(["neighbor", "labor_wage"]),
}
cases = st.builds(
    Case,
    grid=maybe["grid"],
    reported=before,
    event_type=maybe["event_type"],
    category=maybe["category"],
    deadline=st.none() | moments,
    source=st.sampled_from([None, "resident", "hotline"]),
    people=st.sampled_from([None, "10-29"]),
)
actions = st.sampled_from(["escalated", "resolved", "reopened", "overdue", "withdrawn", "accepted", "corrected"])


@st.composite
def moves(draw, known):
    """Draw a transition known at one of these times and happening at any time up to it."""
    known_at, action = draw(known), draw(actions)
    handed_to = (draw(maybe["grid"]), draw(maybe["category"])) if action == "corrected" else ()
    return (action, draw(moments.map(lambda at: min(at, known_at))), known_at, *handed_to)


@st.composite
def pasts(draw):
    """Draw cases with all their facts known before as_of."""
    found = []
    for case in draw(st.lists(cases, min_size=1, max_size=8)):
        known = min(case.reported + draw(st.sampled_from([0, 0, 2])), AS_OF - 0.5)
        own = draw(st.lists(moves(before.map(lambda at, known=known: max(at, known))), max_size=4))
        found.append(replace(case, occurred=draw(moments.map(lambda at, known=known: min(at, known))), known=known, moves=tuple(own)))
    return found


@st.composite
def futures(draw):
    """Draw facts known at or after as_of: new cases, whenever they happened, and transitions of any case by its number."""
    new = [replace(case, occurred=case.reported, known=draw(after)) for case in draw(st.lists(cases, max_size=5))]
    return new, draw(st.lists(st.tuples(st.integers(0, 7), moves(after)), max_size=8))


def with_future(past, future):
    new, later = future
    whole = [*past, *new]
    for number, move in later:
        at = number % len(whole)
        whole[at] = replace(whole[at], moves=(*whole[at].moves, move))
    return whole


def changed(past, one, other):
    """Return the columns, among those both panels have, in which they differ at as_of by a bit; both go on to a later as_of."""
    panels = [make_panel(with_future(past, future), [AS_OF, LATER], **LOG) for future in (one, other)]
    shared = [name for name in panels[0].names if name in panels[1].names]

    assert "target_count_grid_28d" in shared
    return [name for name in shared if panels[0].column(name)[0].tobytes() != panels[1].column(name)[0].tobytes()]


NOTHING = ((), ())


@settings(derandomize=True, deadline=None, max_examples=50)
@given(past=pasts(), future=futures())
def test_build_panel_without_the_future_is_the_same_to_the_bit(past, future):
    assert [] == changed(past, NOTHING, future)


@settings(derandomize=True, deadline=None, max_examples=25)
@given(past=pasts(), one=futures(), other=futures())
def test_build_panel_with_another_future_is_the_same_to_the_bit(past, one, other):
    assert [] == changed(past, one, other)


LATE_REPORT = ([Case("a", 35, known=45)], ())
REPORT_AT_AS_OF = ([Case("a", AS_OF)], ())
PAST = [Case("a", 10, moves=(("escalated", 12),)), Case("a", 20, closed=30), Case("b", 15, closed=20)]


def test_build_panel_late_report_is_not_used():
    panel = make_panel(with_future(PAST, LATE_REPORT), [AS_OF, 46], **LOG)

    assert [2, 3] == column(panel, "dispute_count_grid_90d")


def test_build_panel_report_at_as_of_is_not_used():
    panel = make_panel([Case("a", AS_OF - 0.5), Case("a", AS_OF)], [AS_OF, AS_OF + 1])

    assert [1, 2] == column(panel, "dispute_count_grid_7d")


def test_build_panel_counting_by_the_day_it_happened_is_caught(monkeypatch):
    by_known_day = channels._of_cases

    def by_occurred_day(facts, channel, count, amount=None):
        return replace(by_known_day(facts, channel, count, amount), day=facts.cases.occurred_day)

    assert [] == changed(PAST, NOTHING, LATE_REPORT)
    monkeypatch.setattr(channels, "_of_cases", by_occurred_day)

    assert "dispute_count_grid_28d" in changed(PAST, NOTHING, LATE_REPORT)


def test_build_panel_counting_the_day_of_as_of_is_caught(monkeypatch):
    assert [] == changed(PAST, NOTHING, REPORT_AT_AS_OF)
    monkeypatch.setattr(Edges, "bins", lambda edges, days: np.searchsorted(edges.days, days, side="left").astype(np.int32))

    assert "dispute_count_grid_28d" in changed(PAST, NOTHING, REPORT_AT_AS_OF)


def test_build_panel_grid_first_heard_of_later_changes_nothing_before():
    """A grid known from its events alone has no say in the district's rates before its first record."""

    def panel(cases, *grids):
        log = make_log(cases, grids=dict.fromkeys(grids, "D/T/C"))
        unplaced = replace(log, grids=log.grids.with_columns(lon=pl.lit(None, pl.Float64)))
        return build_panel(read_facts(unplaced, None, SETTINGS), days(AS_OF), HORIZON, SETTINGS)

    before = panel(PAST, "a", "b")
    after = panel([*PAST, Case("c", AS_OF + 3, moves=(("escalated", AS_OF + 4),))], "a", "b", "c")

    assert before.names == after.names
    assert before.values.tobytes() == after.values[:, :, :2].tobytes()
