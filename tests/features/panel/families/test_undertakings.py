"""Columns about undertakings, against plain loops over their versions that share nothing with the counters."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from features.panel import channels
from features.panel.families import undertakings
from features.undertakings import in_force
from tests.support.event_logs import GRIDS, HORIZON, Case, Plan, column, make_facts, make_panel

CASES = [Case(grid, day) for grid in GRIDS for day in (1, 40, 90)]
NEIGHBOURS = [("a", "b", 0.75), ("b", "a", 0.75), ("a", "c", 0.25), ("c", "a", 0.25)]


def panel_of(plans, as_ofs, cases=CASES, **log):
    return make_panel(cases, as_ofs, undertakings=plans, neighbours=NEIGHBOURS, **log)


def test_project_passes_its_stages_from_its_public_day_on():
    panel = panel_of([Plan("a", start=40, end=60, public=20)], [20, 21, 39, 40, 59, 60, 149, 150])

    assert column(panel, "project_announced_count_grid") == [0, 1, 1, 0, 0, 0, 0, 0]
    assert column(panel, "project_underway_count_grid") == [0, 0, 0, 1, 1, 0, 0, 0]
    assert column(panel, "project_ended_count_grid") == [0, 0, 0, 0, 0, 1, 1, 0]
    assert column(panel, "project_underway_count_grid", "b") == [0] * 8


def test_project_near_its_start_is_told_from_a_horizon_before_to_eight_weeks_after():
    panel = panel_of([Plan("a", start=40, end=110, public=20)], [26, 27, 39, 40, 95, 96])

    assert column(panel, "project_starting_count_grid") == [0, 1, 1, 0, 0, 0]
    assert column(panel, "project_begun_count_grid") == [0, 0, 0, 1, 1, 0]


def test_project_that_ended_is_not_begun_lately():
    panel = panel_of([Plan("a", start=40, end=60, public=20), Plan("b", start=40, public=20, name="q")], [59, 60])

    assert column(panel, "project_begun_count_grid") == [1, 0]
    assert column(panel, "project_begun_count_grid", "b") == [1, 1]


def test_project_distance_to_its_start_is_counted_in_days():
    panel = panel_of([Plan("a", start=40, end=60, public=20)], [20, 21, 40, 45])

    np.testing.assert_equal(column(panel, "project_start_gap_grid"), [math.nan, 19, 0, math.nan])
    np.testing.assert_equal(column(panel, "project_since_grid"), [math.nan, math.nan, 0, 5])


def test_project_entered_after_its_public_day_is_known_when_it_was_entered():
    panel = panel_of([Plan("a", start=40, end=60, public=20, known=45.5)], [45, 46])

    assert column(panel, "project_underway_count_grid") == [0, 1]


def test_project_changed_version_holds_from_the_day_it_came():
    plans = [Plan("a", start=40, end=60), Plan("b", start=80, end=90, version=2, known=50)]
    panel = panel_of(plans, [50, 51, 80])

    assert column(panel, "project_underway_count_grid") == [1, 0, 0]
    assert column(panel, "project_announced_count_grid", "b") == [0, 1, 0]
    assert column(panel, "project_underway_count_grid", "b") == [0, 0, 1]


def test_project_withdrawn_is_gone_from_the_day_it_was():
    panel = panel_of([Plan("a", start=40, end=60), Plan("a", start=40, end=60, version=2, known=50, withdrawn=True)], [50, 51])

    assert column(panel, "project_underway_count_grid") == [1, 0]


def test_project_of_an_area_covers_its_grids_and_one_of_a_redrawn_grid_its_heirs():
    log = {"grids": GRIDS | {"old": "D/T2/C3"}, "crosswalk": [("old", "c", 0.5), ("old", "d", 0.5)]}
    panel = panel_of([Plan("D/T1/C1", 40, 60, name="x"), Plan("old", 40, 60, name="y")], [50], **log)

    assert [column(panel, "project_underway_count_grid", grid)[0] for grid in "abcd"] == [1, 1, 1, 1]


def test_project_next_door_and_in_the_community_is_seen():
    panel = panel_of([Plan("a", 40, 60), Plan("c", 45, 60, name="q")], [43, 50])

    assert column(panel, "project_underway_count_neighbours", "b") == [0.75, 0.75]
    assert column(panel, "project_underway_count_neighbours") == [0, 0.25]
    assert column(panel, "project_announced_count_neighbours") == [0.25, 0]
    assert column(panel, "project_underway_mean_community", "b") == [1, 1]
    assert column(panel, "project_underway_mean_community") == [0, 0]


def test_sub_kinds_are_told_apart_where_there_are_several():
    panel = panel_of([Plan("a", 40, 60), Plan("a", 40, 60, sub_kind="eia_notice", name="q")], [50])

    assert column(panel, "project_underway_count_grid") == [2]
    assert column(panel, "project_construction_underway_count_grid") == [1]
    assert column(panel, "project_eia_notice_underway_count_grid") == [1]


def test_shock_fades():
    panel = panel_of([Plan("a", 40, 41, kind="shock", sub_kind="fire", public=40, known=40)], [40, 41, 70, 300])

    fire = column(panel, "shock_decay_grid")
    assert fire == pytest.approx([0, math.exp(-1 / 30), 1 / math.e, 0], abs=1e-6)


def test_period_that_covers_everything_is_left_to_the_calendar():
    assert not [name for name in panel_of([Plan("", 40, 60, kind="period", sub_kind="event")], [50]).names if name.startswith("period")]


def expected(plans, as_of, grid, kind):
    """Return announced, underway, ended, starting, begun, days to the next start and since the last by plain loops."""
    newest = {}
    for plan in sorted(plans, key=lambda plan: plan.version):
        if max(plan.public, int(plan.known)) < as_of:
            newest[plan.name] = plan
    stages, ahead, behind = [0, 0, 0, 0, 0], [], []
    for plan in newest.values():
        covers = any(place == grid or GRIDS[grid] == place or GRIDS[grid].startswith(f"{place}/") for place in plan.places.split(";"))
        if plan.kind == kind and covers and not plan.withdrawn:
            end = math.inf if plan.end is None else plan.end
            stages[0] += as_of < plan.start
            stages[1] += plan.start <= as_of < end
            stages[2] += end <= as_of < end + 90
            stages[3] += as_of < plan.start < as_of + HORIZON
            stages[4] += plan.start <= as_of < min(plan.start + 56, end)
            ahead += [plan.start - as_of] if plan.start >= as_of else []
            behind += [as_of - plan.start] if 0 <= as_of - plan.start <= 365 else []
    return [*stages, min(ahead, default=math.nan), min(behind, default=math.nan)]


STAGES = ("announced", "underway", "ended", "starting", "begun")
NAMES = (*(f"{stage}_count_grid" for stage in STAGES), "start_gap_grid", "since_grid")


def drawn_plans(rng):
    for number in range(40):
        start = int(rng.integers(10, 380))
        places = ";".join(sorted(set(rng.choice(["a", "b", "c", "d", "D/T1", "D/T1/C1", "D"], rng.integers(1, 3)).tolist())))
        end = None if rng.random() < 0.2 else start + int(rng.integers(1, 120))
        public = start - int(rng.integers(-20, 60))
        kind, sub_kind = rng.choice([("project", "construction"), ("project", "eia_notice"), ("treatment", "service_point")])
        plan = Plan(places, start, end, str(kind), str(sub_kind), f"u{number:02}", public=public, known=public)
        yield plan
        known = float(public)
        for version in range(2, int(rng.integers(2, 5))):
            known += float(rng.integers(0, 60)) + 0.5
            plan = replace(
                plan, version=version, known=known, withdrawn=bool(rng.random() < 0.2), start=plan.start + int(rng.integers(-3, 30))
            )
            plan = replace(plan, end=None if plan.end is None else plan.start + int(rng.integers(1, 90)))
            yield plan


def test_undertakings_equal_plain_loops_over_their_versions():
    plans = list(drawn_plans(np.random.default_rng(3)))
    as_ofs = list(range(20, 470, 9))
    panel = panel_of(plans, as_ofs)

    for kind in ("project", "treatment"):
        for grid in GRIDS:
            wanted = np.array([expected(plans, as_of, grid, kind) for as_of in as_ofs]).T
            found = np.array([column(panel, f"{kind}_{name}", grid) for name in NAMES])
            np.testing.assert_array_equal(wanted, found)
    assert all(np.nanstd(panel.column(f"project_{name}")) > 0 for name in NAMES)


AS_OF = 60
PAST = [Plan("a", 40, 90), Plan("b", 70, 90, name="q"), Plan("D", 45, 58, kind="campaign", sub_kind="screening", name="c")]


def changed(plans, others):
    """Return the shared columns in which two registers differ at as_of by a bit."""
    cases = [replace(case, self_found=True) for case in CASES for _ in range(8)] + [Case("a", 50.5, closed=52.0, self_found=True)] * 40
    panels = [panel_of(each, [AS_OF, AS_OF + 40], cases) for each in (plans, others)]
    shared = [name for name in panels[0].names if name in panels[1].names]

    assert {"dispute_closed_ratio_grid_28d", *(f"project_{name}" for name in NAMES if "ended" not in name)} <= set(shared)
    return [name for name in shared if panels[0].column(name)[0].tobytes() != panels[1].column(name)[0].tobytes()]


def scrambled(seed):
    """Return versions and undertakings that became known at or after as_of, whatever they say of the past."""
    rng = np.random.default_rng(seed)
    kinds = (("project", "construction"), ("treatment", "service_point"), ("campaign", "screening"), ("shock", "fire"))
    for number in range(20):
        kind, sub_kind = kinds[rng.integers(len(kinds))]
        start, known = int(rng.integers(0, 100)), AS_OF + float(rng.integers(0, 20)) / 2
        plan = Plan(str(rng.choice(["a", "b", "D/T1", ""])), start, start + 30, kind, sub_kind, f"n{number}", public=start, known=known)
        yield plan if rng.random() < 0.5 else replace(plan, public=int(known), known=0)
    for version, (name, kind, sub_kind) in enumerate((("p", "project", "construction"), ("c", "campaign", "screening")), start=2):
        yield Plan("a;b", 10, 20, kind, sub_kind, name, version, known=AS_OF + 1.0, withdrawn=bool(version % 2))


@pytest.mark.parametrize("seed", range(10))
def test_undertakings_published_later_change_no_bit(seed):
    assert [] == changed(PAST, [*PAST, *scrambled(seed)])


def test_undertakings_known_by_their_start_alone_are_caught(monkeypatch):
    by_known_day = in_force._version_days
    monkeypatch.setattr(in_force, "_version_days", lambda *rows: (days := by_known_day(*rows)) | {"known": days["start"]})

    assert "project_underway_count_grid" in changed(PAST, [*PAST, *scrambled(1)])


def found_in_campaign(places, extra):
    """Return cases that staff find once a week, and `extra` times as often more while a campaign of these places runs."""
    usual = [Case(grid, day + 0.5, self_found=True) for grid in GRIDS for day in range(0, 160, 7)]
    more = [Case(grid, day + 0.5, self_found=True) for grid in GRIDS if grid in places for day in range(100, 128, 7) for _ in range(extra)]
    return [*usual, *more], [Plan(";".join(sorted(places)), 100, 128, kind="campaign", sub_kind="screening")]


def test_campaign_that_multiplies_what_staff_find_hardly_moves_its_counts():
    cases, plans = found_in_campaign({"a", "b"}, extra=3)
    as_ofs = [100, 128]
    with_campaign, without = panel_of(plans, as_ofs, cases), panel_of([], as_ofs, cases)

    before, real = column(without, "dispute_count_grid_28d")
    assert (before, real) == (4, 16)
    counted = column(with_campaign, "dispute_count_grid_28d")
    assert counted[0] == before
    assert abs(counted[1] - before) < 0.1 * (real - before)
    assert column(with_campaign, "dispute_count_grid_28d", "c") == column(without, "dispute_count_grid_28d", "c")


def closed_lately(cases, plans):
    closed = [replace(case, closed=case.reported + 1) for case in cases]
    return column(panel_of(plans, [130], closed), "dispute_closed_ratio_grid_28d")[0]


def test_campaign_that_multiplies_what_staff_find_hardly_moves_its_closings():
    cases, plans = found_in_campaign({"a", "b"}, extra=3)
    usual, real = closed_lately(found_in_campaign({"a", "b"}, extra=0)[0], []), closed_lately(cases, [])

    assert abs(closed_lately(cases, plans) - usual) < 0.25 * (real - usual)


def test_campaign_ratio_of_a_type_that_is_seldom_found_leans_on_that_of_the_others():
    """Eight times as many hazards are found; of the two disputes nothing could be told by themselves."""
    hazards, plans = found_in_campaign(set(GRIDS), extra=7)
    hazards = [replace(case, event_type="hazard") for case in hazards]
    disputes = [Case("a", day + 0.5, self_found=True) for day in (10, 60, 125, 126)]
    alone, beside = (make_facts(cases, undertakings=plans) for cases in (disputes, [*hazards, *disputes]))

    def weights(facts):
        dispute = facts.cases.event_type == facts.event_types.index("dispute")
        return facts.cases.exposure[dispute & (facts.cases.known_day >= facts.first_day + 110)]

    assert weights(alone).min() > 0.6
    assert weights(beside).max() < 0.5


def test_campaign_leaves_what_residents_bring_as_it_is():
    cases, plans = found_in_campaign({"a"}, extra=3)
    brought = [replace(case, self_found=False) for case in cases]

    assert column(panel_of(plans, [128], brought), "dispute_count_grid_28d") == column(
        panel_of([], [128], brought), "dispute_count_grid_28d"
    )


def test_campaign_leaves_escalations_as_they_are():
    cases, plans = found_in_campaign({"a"}, extra=3)
    escalated = [replace(case, moves=(("escalated", case.reported + 1),)) for case in cases]
    counts = [column(panel_of(each, [140], escalated), "target_count_grid_90d") for each in (plans, [])]

    assert counts[0] == counts[1]


def test_campaign_without_weights_is_caught(monkeypatch):
    cases, plans = found_in_campaign({"a", "b"}, extra=3)
    weighed = channels._of_cases

    def unweighed(facts, *rest):
        return weighed(replace(facts, cases=replace(facts.cases, exposure=np.ones(len(facts.cases.grid)))), *rest)

    monkeypatch.setattr(channels, "_of_cases", unweighed)

    assert column(panel_of(plans, [128], cases), "dispute_count_grid_28d") == [16]


def test_campaign_weight_of_a_case_never_changes():
    cases, plans = found_in_campaign({"a"}, extra=3)
    facts = [make_facts([case for case in cases if case.reported < day], undertakings=plans) for day in range(100, 150, 7)]
    weights = [each.cases.exposure[each.cases.grid == 0].tolist() for each in facts]

    assert min(weights[-1]) < 0.7
    assert all(fewer == more[: len(fewer)] for fewer, more in pairwise(weights))


def test_columns_are_named_by_their_kind():
    names = [
        feature.name for feature in undertakings.features(make_facts(CASES, undertakings=[Plan("a", 1, kind="shock", sub_kind="fire")]), 14)
    ]

    assert "shock_decay_grid" in names
    assert "shock_start_gap_grid" not in names
