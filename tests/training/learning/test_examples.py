"""What a model may learn from on a given day."""

from dataclasses import replace

import numpy as np
import pytest

from features.panel.as_ofs import AsOfs
from features.panel.build import Panel
from features.panel.case_rows import closed_cases, open_cases
from features.panel.feature import Feature, Kind, Use
from features.targets import EventFilter, Target
from tests.support.event_logs import HORIZON, Case, days, make_facts
from training.learning.examples import Examples, training_part
from training.learning.folds import Fold, Gap
from training.learning.parts import Part
from training.settings import ModelSettings

HISTORY = Feature("history", "days", "quality", "", Kind.CONTROL, "", "", "", value=abs, scope=None, use=Use.NEVER)
AS_OFS = (12, 19, 40)
CASES = (
    Case("a", 1, moves=(("escalated", 5),)),
    Case("a", 10, moves=(("escalated", 15),)),
    Case("b", 10, moves=(("escalated", 20, 35),)),
    Case("c", 13, moves=(("escalated", 14),)),
    Case("d", 10),
)
"""The first tells that disputes escalate; then an open case of a, one of b that is told late, one of c that comes after day 12."""


def learn(*cases: Case, cutoff: int = 40, **log) -> Examples:
    """Return the examples of as_ofs 12 and 19 as known on the day of the cutoff."""
    facts = make_facts(cases or CASES, **log)
    when = AsOfs(days(*AS_OFS), HORIZON)
    history = (when.as_ofs - facts.first_day)[None, :, None].repeat(4, 2).astype(np.float32)
    panel = Panel(facts.places.grid_ids, when.as_ofs, (HISTORY,), history, open_cases(facts, when), closed_cases(facts, when))
    return training_part(facts, panel, Fold(slice(0, 2), slice(2, 3), int(days(cutoff)[0])), Gap(HORIZON, 0))


def test_training_part_counts_what_followed_each_as_of() -> None:
    assert [[1, 1, 1, 0], [0, 1, 0, 0]] == learn().counts.tolist()


@pytest.mark.parametrize(("cutoff", "counted"), [(35, 0), (36, 1)], ids=["on the day it became known", "the day after"])
def test_training_part_what_became_known_on_the_cutoff_is_not_learnt(cutoff: int, counted: int) -> None:
    assert counted == learn(cutoff=cutoff).counts[0, 1]


def test_training_part_is_fully_exposed() -> None:
    assert [[HORIZON] * 4] * 2 == learn().exposed_days().tolist()


def test_training_part_outcomes_of_new_cases_are_those_soon_after_their_report() -> None:
    """Reported and escalated within 14 days; the one of b takes ten days and is known by then."""
    assert [1, 1, 1, 1] == learn().new_outcomes.tolist()
    assert 3 == len(learn(cutoff=35).new_outcomes)
    assert 0 == len(learn(Case("a", 1, moves=(("escalated", 15),))).new_outcomes)


def test_happened_to_open_cases_is_their_own_escalation() -> None:
    found = learn()
    rows = found.panel.open_cases

    assert {("a", 0): 1, ("b", 0): 1, ("d", 0): 0, ("b", 1): 1, ("d", 1): 0} == {
        (str(found.panel.grid_ids[grid]), int(as_of)): happened
        for grid, as_of, happened in zip(rows.grid, rows.as_of, found.happened(Part.OPEN), strict=True)
    }


def test_happened_to_new_cases_is_what_open_ones_leave_of_the_counts() -> None:
    assert [[0, 0, 1, 0], [0, 0, 0, 0]] == learn().happened(Part.NEW).reshape(2, 4).tolist()


def test_happened_to_new_cases_is_never_below_nought() -> None:
    fewer = learn()
    fewer = replace(fewer, counts=np.zeros_like(fewer.counts))

    assert 0 == fewer.happened(Part.NEW).min()


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        (CASES, (Part.OPEN, Part.NEW)),
        (CASES[:4], (Part.NEW,)),
        ((CASES[0], CASES[4]), (Part.NEW,)),
    ],
    ids=["some escalated", "all escalated", "none escalated"],
)
def test_parts_of_cases_need_some_that_escalated_and_some_that_did_not(cases: tuple[Case, ...], expected: tuple[Part, ...]) -> None:
    assert expected == learn(*cases).parts


def test_part_of_the_as_ofs_takes_their_cases_along() -> None:
    second = learn().part(slice(1, 2))

    assert [[0, 1, 0, 0]] == second.counts.tolist()
    assert [1, 0] == second.happened(Part.OPEN).tolist()
    assert [0, 0] == second.panel.open_cases.as_of.tolist()


@pytest.mark.parametrize(("least", "as_ofs"), [(11, 2), (12, 1), (18, 1), (19, 0)])
def test_mature_as_ofs_have_enough_days_of_records_before_them(least: int, as_ofs: int) -> None:
    assert as_ofs == len(learn().mature(ModelSettings(least_history_days=least)).counts)


def test_scale_without_a_parent_is_one() -> None:
    assert 1.0 == learn().scale


def test_scale_of_a_rare_target_is_its_share_of_the_parent() -> None:
    harm = Case("a", 13, event_type="police_call", category="injury_call")
    targets = {
        "strict": Target(events=EventFilter(category=("injury_call",)), parent="all"),
        "all": Target(transitions=("escalated",)),
    }
    found = learn(*CASES, harm, target="strict", targets=targets)

    assert [[1, 0, 0, 0], [0, 0, 0, 0]] == found.counts.tolist()
    assert 1 / 4 == found.scale


def test_scale_where_nothing_of_the_parent_happened_is_one() -> None:
    found = learn()

    assert 1.0 == replace(found, hazards=np.zeros_like(found.counts)).scale
