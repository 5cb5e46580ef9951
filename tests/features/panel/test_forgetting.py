"""A grid with a bad past, 365 clean days and nothing open stands where a grid without that past stands."""

from dataclasses import replace

import numpy as np
import pytest

from features.panel.feature import Use
from features.targets import DeadlinePassed, Target, UnresolvedAfter
from tests.support.event_logs import Case, draw_cases, make_panel

EARLIER, AS_OF = 100, 800
LAST_BAD_DAY = AS_OF - 366
PAIRS = 200
GRIDS = {f"{side}{number:03}": f"D/T/C{number:03}" for number in range(PAIRS) for side in ("bad", "new")} | {"busy": "D/T/C000"}
LOG = {
    "target": "late",
    "rules": (
        DeadlinePassed(action="overdue", when="deadline_passed"),
        UnresolvedAfter(action="escalated", when="unresolved_after", days=20),
    ),
    "targets": {"late": Target(transitions=("overdue", "escalated"))},
    "grids": GRIDS,
    "neighbours": [pair for grid in GRIDS if grid != "busy" for pair in ((grid, "busy", 0.5), ("busy", grid, 0.5))],
}


def over_by(case, day):
    """Return the case with everything over by that day: later moves left out, the last of them a closing."""
    return replace(
        case, moves=(*(move for move in case.all_moves if move[2] < day), ("resolved", day)), closed=None, deadline=case.deadline
    )


@pytest.fixture(scope="module")
def panel():
    rng = np.random.default_rng(9)
    past = [
        over_by(case, LAST_BAD_DAY + 0.5)
        for case in draw_cases(rng, 2000, [f"bad{number:03}" for number in range(PAIRS)], LAST_BAD_DAY - 9)
    ]
    kept = [case for case in past if case.event_type != "petition" or case.deadline is not None]
    return make_panel([*kept, *draw_cases(rng, 200, ["busy"], AS_OF)], [EARLIER, AS_OF], **LOG)


def differing(panel):
    places = {grid: position for position, grid in enumerate(panel.grid_ids)}
    bad, new = ([places[f"{side}{number:03}"] for number in range(PAIRS)] for side in ("bad", "new"))
    named = [feature.name for feature in panel.features if feature.use in {Use.MODEL, Use.LEVEL_ONLY}]
    return [name for name in named if panel.column(name)[-1, bad].tobytes() != panel.column(name)[-1, new].tobytes()]


def test_build_panel_clean_year_makes_twins_equal(panel, record_property):
    found = differing(panel)

    record_property("pairs of twins, and columns in which they differ", f"{PAIRS}, {len(found)}")
    assert [] == found


def test_build_panel_day_less_is_not_enough(panel):
    """The same check sees a past that ended one day later."""
    late = [Case("bad000", LAST_BAD_DAY - 5, LAST_BAD_DAY + 1.5, moves=(("escalated", LAST_BAD_DAY + 1),)), Case("busy", 1)]

    assert {"target_count_grid_365d", "dispute_count_grid_365d"} & set(differing(make_panel(late, [EARLIER, AS_OF], **LOG)))


def test_build_panel_case_closed_before_its_term_ended_is_forgotten_with_its_closing():
    """Its deadline lay inside the clean year, yet nothing happened in it."""
    case = Case("bad000", LAST_BAD_DAY - 30, LAST_BAD_DAY, deadline=LAST_BAD_DAY + 5)

    assert [] == differing(make_panel([case, Case("busy", 1)], [EARLIER, AS_OF], **LOG))


def test_build_panel_open_case_counts_at_any_age():
    panel = make_panel([Case("bad000", 1), Case("busy", 1)], [EARLIER, AS_OF], **{**LOG, "rules": ()})
    panel_closed = make_panel([Case("bad000", 1, closed=2), Case("busy", 1)], [EARLIER, AS_OF], **{**LOG, "rules": ()})

    assert "dispute_open_count_grid" not in panel.names  # no closing in the log: the source does not record them
    assert "dispute_open_count_grid" in panel_closed.names
    both = make_panel([Case("bad000", 1), Case("bad001", 1, closed=2), Case("busy", 1)], [EARLIER, AS_OF], **{**LOG, "rules": ()})
    assert "dispute_open_count_grid" in differing(both)
