"""Recommended actions: each is lawful, said in both languages, and goes with its kind of case."""

import pytest

from features.display import forbidden_words
from features.schema import DISPUTE_CATEGORIES, EventType
from features.undertakings.undertaking import UndertakingKind
from serving.alerts.recommended_actions import (
    CLOSED,
    DEEDS,
    NEAR_TERM_DAYS,
    OF_CATEGORY,
    OF_EVENT_TYPE,
    OF_UNDERTAKING,
    OTHERWISE,
    SENSITIVE,
    UNDERTAKING,
    actions_for,
    is_actionable,
)
from tests.support.made_alerts import make_line

KINDS = [*OF_CATEGORY.values(), *OF_EVENT_TYPE.values(), *OF_UNDERTAKING.values(), UNDERTAKING, CLOSED, SENSITIVE, OTHERWISE]


@pytest.mark.parametrize("code", DEEDS)
def test_action_names_its_law_and_blames_nobody(code):
    action = DEEDS[code]
    texts = [action.words, action.short, *([action.legal_basis] if action.legal_basis else [])]

    assert all(text.zh and text.en for text in texts)
    assert [] == forbidden_words("".join(text.zh + text.en for text in texts))
    assert action.legal_basis is None or (action.legal_basis.zh.startswith("《") and "art. " in action.legal_basis.en)


def test_every_action_that_is_recommended_exists():
    assert set() == {code for codes in KINDS for code in codes} - set(DEEDS)


def test_categories_with_actions_of_their_own_are_known_ones():
    assert set() == set(OF_CATEGORY) - set(DISPUTE_CATEGORIES)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"category": "labor_wage"}, ("labor_inspect", "legal_aid", "joint_consult")),
        ({"category": None}, ("mediation", "home_visit")),
        ({"category": None, "event_type": EventType.HAZARD}, ("joint_consult", "home_visit")),
        ({"category": None, "event_type": "of_a_local_log"}, ("home_visit", "mediation")),
        ({"category": None, "event_type": None}, ("psych_support", "home_visit")),
    ],
)
def test_actions_for_open_cases_go_by_category_then_type(values, expected):
    assert expected == actions_for(make_line(**values))


@pytest.mark.parametrize(
    ("values", "asks"),
    [
        ({"days_left": NEAR_TERM_DAYS}, True),
        ({"days_left": NEAR_TERM_DAYS + 1}, False),
        ({"past_term": 1}, True),
        ({"past_term": 0}, False),
        ({}, False),
    ],
)
def test_actions_for_cases_near_their_term_check_it_second(values, asks):
    actions = actions_for(make_line(category="neighbor", **values))

    assert (("mediation", "term_check", "home_visit") if asks else ("mediation", "home_visit")) == actions


@pytest.mark.parametrize(
    ("part", "topic", "expected"),
    [
        ("closed", None, CLOSED),
        ("new", "undertakings_project", ("risk_assessment", "hearing", "info_disclose")),
        ("new", "undertakings_campaign", ("info_disclose", "home_visit")),
        ("new", "recent_police_call", ("mediation", "psych_support")),
        ("new", "weather", ("home_visit", "mediation")),
        ("new", None, ("home_visit", "mediation")),
    ],
)
def test_actions_for_what_is_not_an_open_case_go_by_its_part_and_topic(part, topic, expected):
    assert expected == actions_for(make_line(part, **({"topic": topic} if topic else {})))


def test_only_lines_about_cases_are_actionable():
    assert [True, True, False, False] == [is_actionable(make_line(part)) for part in ("open", "closed", "new", "rest")]


def test_actions_that_go_with_no_reason_are_those_that_a_report_chooses_by_hand():
    by_hand = {"term_check", "deadline_check", "data_check", "neighbor_coord"}

    assert by_hand == set(DEEDS) - {code for codes in KINDS for code in codes}


def test_actions_for_undertakings_know_their_kinds_alone():
    assert set() == set(OF_UNDERTAKING) - set(UndertakingKind)


@pytest.mark.parametrize("codes", KINDS)
def test_actions_that_go_together_are_different_ones(codes):
    assert len(codes) == len(set(codes)) == len({DEEDS[code].short for code in codes})


@pytest.mark.parametrize("category", OF_CATEGORY)
def test_actions_for_a_category_near_its_term_are_its_own_and_the_check_of_the_term(category):
    far, near = (actions_for(make_line(category=category, days_left=days)) for days in (30, 0))

    assert (far[0], "term_check", *far[1:]) == near


def test_actions_for_cases_of_which_little_is_said_never_name_their_kind():
    """One or two cases whose kind is hidden must not be told by the advice that stands beside them."""
    hidden = make_line(event_type=None, category=None, count=None, few=True, oldest_days=None)

    assert SENSITIVE == actions_for(hidden)
    assert not {"labor_inspect", "noise_check", "land_title"} & set(actions_for(hidden))


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("trend_hazard", ("joint_consult", "home_visit")),
        ("recency_petition", OTHERWISE),
        ("undertakings_", UNDERTAKING),
        ("recent", OTHERWISE),
    ],
)
def test_actions_for_a_topic_go_by_what_stands_behind_its_family(topic, expected):
    assert expected == actions_for(make_line("new", topic=topic))
