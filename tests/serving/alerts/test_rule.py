from collections import Counter
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serving.accounts.permissions import Scope
from serving.alerts import rule
from serving.alerts.rule import AlertHistory, Candidate, Outcome, decide, is_above, seeded
from serving.settings import AlertSettings

NOTHING_BEFORE = AlertHistory()
SETTINGS = AlertSettings(enter_share=0.2, leave_share=0.4, per_township=2, exploration_share=0.0, blind_review_share=0.0)
EXPLORING = SETTINGS.model_copy(update={"exploration_share": 0.5})


def candidates(count: int = 20, units: int = 1) -> list[Candidate]:
    return [Candidate(f"g{n:02}", f"d/t{n % units}/g{n:02}", f"d/t{n % units}", (n + 1) / count) for n in range(count)]


def outcomes(
    standing: AlertHistory = NOTHING_BEFORE, settings: AlertSettings = SETTINGS, count: int = 20, units: int = 1
) -> dict[str, Outcome]:
    decisions = decide(candidates(count, units), standing, settings, np.random.default_rng(1))
    return {each.grid_id: each.outcome for each in decisions if each.outcome is not Outcome.BELOW_THRESHOLD}


def test_decide_raises_from_the_top_up_to_the_capacity_and_lists_the_surplus():
    expected = {"g00": Outcome.RAISED, "g01": Outcome.RAISED, "g02": Outcome.CAPACITY, "g03": Outcome.CAPACITY}

    assert expected == outcomes()


def test_decide_open_alert_cool_down_and_silence_hold_a_grid_and_take_no_capacity():
    standing = AlertHistory(open=frozenset({"g00"}), cooling=frozenset({"g01"}), silences=(Scope("d/t0/g02"),))

    assert {"g00": "open_alert", "g01": "cool_down", "g02": "silenced", "g03": "raised"} == outcomes(standing)


def test_decide_grid_that_was_above_stays_until_it_leaves_the_wider_share():
    above = AlertHistory(above=frozenset({"g05", "g07", "g08"}), open=frozenset({"g00", "g01"}))

    found = outcomes(above, SETTINGS.model_copy(update={"per_township": 9}))

    assert set(found) == {"g00", "g01", "g02", "g03", "g05", "g07"}


def test_decide_second_revision_of_a_day_counts_what_the_first_raised():
    assert Counter(outcomes(AlertHistory(raised_today={"d/t0": 1})).values()) == {"raised": 1, "capacity": 3}


@given(
    st.integers(0, 2**32),
    st.integers(1, 4),
    st.sets(st.integers(0, 39)),
    st.sets(st.integers(0, 39)),
    st.integers(1, 5),
    st.floats(0, 1),
)
def test_decide_never_more_than_capacity_per_unit_and_every_grid_above_is_listed(seed, units, opened, cooling, capacity, share):
    settings = SETTINGS.model_copy(update={"per_township": capacity, "exploration_share": share})
    standing = AlertHistory(open=frozenset(f"g{n:02}" for n in opened), cooling=frozenset(f"g{n:02}" for n in cooling))
    listed = candidates(40, units)

    decisions = decide(listed, standing, settings, np.random.default_rng(seed))

    assert fits(decisions, listed, settings)
    assert {each.grid_id for each in listed if each.share <= settings.enter_share} == {each.grid_id for each in decisions if is_above(each)}


def fits(decisions, listed, settings) -> bool:
    unit = {each.grid_id: each.unit for each in listed}
    raised = Counter(unit[each.grid_id] for each in decisions if each.outcome is Outcome.RAISED)
    return max(raised.values(), default=0) <= settings.per_township


def test_decide_random_slots_beside_full_units_would_be_noticed(monkeypatch):
    explore = rule._explore
    monkeypatch.setattr(rule, "_explore", lambda pools, taken, settings, rng: explore(pools, Counter(), settings, rng))
    settings = EXPLORING.model_copy(update={"exploration_share": 1.0})

    assert not fits(decide(candidates(), AlertHistory(), settings, np.random.default_rng(1)), candidates(), settings)


@given(st.integers(0, 2**32), st.sets(st.integers(0, 39)))
def test_decide_random_slot_displaces_nobody(seed, opened):
    standing = AlertHistory(open=frozenset(f"g{n:02}" for n in opened))
    chosen = [
        {
            each.grid_id: each.outcome
            for each in decide(candidates(40, 3), standing, settings, np.random.default_rng(seed))
            if is_above(each)
        }
        for settings in (SETTINGS, EXPLORING)
    ]

    assert chosen[0] == chosen[1]


def test_decide_random_slots_come_as_often_as_their_probability_says():
    standing, days = AlertHistory(open=frozenset({"g00", "g01", "g02", "g03"})), 2_000
    settings = SETTINGS.model_copy(update={"exploration_share": 0.1, "per_township": 3})
    drawn = [
        each
        for seed in range(days)
        for each in decide(candidates(), standing, settings, np.random.default_rng(seed))
        if each.chosen_by == "random"
    ]
    times = Counter(each.grid_id for each in drawn)

    assert [each.selection_probability for each in drawn] == pytest.approx([0.3 / 16] * len(drawn))
    assert len(times) == 16
    assert len(drawn) == pytest.approx(0.3 * days, rel=0.1)
    assert max(times.values()) < 2 * min(times.values())


def test_decide_nothing_is_drawn_from_open_cooling_or_silent_grids():
    standing = AlertHistory(frozenset(f"g{n:02}" for n in range(8)), frozenset({"g08", "g09"}), silences=(Scope("d/t0/g10"),))
    settings = EXPLORING.model_copy(update={"exploration_share": 1.0})
    drawn = [
        each.grid_id
        for seed in range(200)
        for each in decide(candidates(), standing, settings, np.random.default_rng(seed))
        if each.chosen_by == "random"
    ]

    assert set(drawn) == {f"g{n}" for n in range(11, 20)}


def test_seeded_same_day_gives_the_same_decisions_and_the_next_day_others():
    listed = candidates(200, 10)
    settings = EXPLORING.model_copy(update={"blind_review_share": 0.5})

    first, again, next_day = (
        decide(listed, AlertHistory(), settings, seeded(day, "escalation", 0))
        for day in (date(2026, 1, 9), date(2026, 1, 9), date(2026, 1, 10))
    )

    assert first == again
    assert first != next_day


def test_decide_second_look_marks_its_share_of_what_the_score_raised():
    settings = SETTINGS.model_copy(update={"blind_review_share": 0.05, "per_township": 2_000, "enter_share": 0.5, "leave_share": 0.5})
    decisions = decide(candidates(4_000), AlertHistory(), settings, np.random.default_rng(1))

    assert 60 < sum(each.second_look for each in decisions) < 140
    assert {each.outcome for each in decisions if each.second_look} == {Outcome.RAISED}


def test_settings_that_leave_before_they_enter_are_refused():
    with pytest.raises(ValueError, match="leave_share"):
        AlertSettings(enter_share=0.2, leave_share=0.1)


def test_decide_silence_mutes_the_grids_it_covers():
    muted = AlertHistory(silences=(Scope("d/t0"),))

    assert set(outcomes(muted).values()) == {"silenced"}
    assert "silenced" not in outcomes(replace(muted, silences=())).values()


def test_decide_attention_moves_the_threshold_in_its_area_alone():
    standing = AlertHistory(attention=((Scope("d/t1"), 2.0), (Scope("d/t2"), 0.5)))
    candidates = [
        Candidate(f"g{place}{unit}", f"d/{unit}/g{place}{unit}", f"d/{unit}", place / 100)
        for place in (2, 4, 8)
        for unit in ("t1", "t2", "t3")
    ]
    settings = AlertSettings(enter_share=0.05, leave_share=0.05, per_township=9, exploration_share=0, blind_review_share=0)
    raised = {each.grid_id for each in decide(candidates, standing, settings, np.random.default_rng(1)) if each.outcome is Outcome.RAISED}

    assert raised == {"g2t1", "g4t1", "g8t1", "g2t2", "g2t3", "g4t3"}


def test_attention_of_several_undertakings_multiplies_within_bounds():
    standing = AlertHistory(attention=((Scope(""), 3.0), (Scope("d/t1"), 3.0), (Scope("d/t2"), 0.1)))

    assert [standing.factor(path) for path in ("d/t1/g", "d/t2/g", "d/t3/g")] == [4.0, pytest.approx(0.3), 3.0]
