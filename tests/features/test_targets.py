"""Targets: which events and transitions count as an escalation, as written in YAML."""

import pytest
from pydantic import TypeAdapter, ValidationError

from features.targets import EventFilter, Rule, Target, UnresolvedAfter

RULE = TypeAdapter(Rule)


def test_event_filter_single_value_is_a_list_of_one():
    assert EventFilter(event_type=("dispute",), category=("labor_wage",)) == EventFilter(event_type="dispute", category="labor_wage")


@pytest.mark.parametrize("content", [{}, {"transitions": ["escalated"], "events": {"category": "x"}}])
def test_target_names_exactly_one_thing(content):
    with pytest.raises(ValidationError, match="exactly one of them"):
        Target(**content)


@pytest.mark.parametrize("content", [{"transitions": ["escalated"]}, {"events": {"category": "x"}, "parent": "other"}])
def test_target_of_cases_in_the_log_names_no_worth_of_a_visit(content):
    with pytest.raises(ValidationError, match="only a target of new events without a parent may name visit_days"):
        Target(**content, visit_days=1.8)


def test_target_horizon_is_at_least_one_day():
    with pytest.raises(ValidationError, match="horizon_days"):
        Target(transitions=("escalated",), horizon_days=0)


def test_rule_is_told_by_when():
    rule = RULE.validate_python({"action": "escalated", "when": "unresolved_after", "days": 30})

    assert UnresolvedAfter(action="escalated", when="unresolved_after", days=30) == rule


@pytest.mark.parametrize(
    "content",
    [
        {"action": "escalated", "when": "unresolved_after"},
        {"action": "escalated", "when": "unresolved_after", "days": 0},
        {"action": "escalated", "when": "deadline_passed", "days": 3},
        {"action": "escalated", "when": "sometimes"},
        {"action": "exploded", "when": "deadline_passed"},
    ],
)
def test_rule_half_described_is_refused(content):
    with pytest.raises(ValidationError):
        RULE.validate_python(content)
