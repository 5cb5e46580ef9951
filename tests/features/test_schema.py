"""Closed lists: one word each, known to every part of the program that lists them."""

import pytest

from features.database.tables import event
from features.display import CATEGORY_ZH, EVENT_TYPE_EN, EVENT_TYPE_ZH, SOURCE_ZH
from features.schema import (
    CASE_OPTIONAL,
    CASE_REQUIRED,
    CLOSING_ACTIONS,
    DISPUTE_CATEGORIES,
    LEVELS,
    PEOPLE_BUCKETS,
    REPORT_SOURCES,
    SENSITIVE_CATEGORIES,
    TRANSITION_COLUMNS,
    Action,
    Col,
    EventType,
)


@pytest.mark.parametrize("words", [DISPUTE_CATEGORIES, REPORT_SOURCES, LEVELS, PEOPLE_BUCKETS, (*CASE_REQUIRED, *CASE_OPTIONAL)])
def test_lists_hold_each_word_once(words: tuple[str, ...]) -> None:
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (set(EventType), EVENT_TYPE_ZH),
        (set(EventType), EVENT_TYPE_EN),
        (set(DISPUTE_CATEGORIES), CATEGORY_ZH),
        (set(REPORT_SOURCES), SOURCE_ZH),
    ],
    ids=["types zh", "types en", "categories", "sources"],
)
def test_codes_have_words(codes: set[str], words: dict[str, str]) -> None:
    assert set() == codes - set(words)


def test_sensitive_categories_are_among_the_project_s_own() -> None:
    assert set(SENSITIVE_CATEGORIES) <= set(DISPUTE_CATEGORIES)


def test_transition_columns_are_optional_times_of_a_case_and_lead_to_actions() -> None:
    assert set(TRANSITION_COLUMNS) <= set(CASE_OPTIONAL)
    assert {Action.REPORTED, Action.OVERDUE, Action.CORRECTED} == set(Action) - set(TRANSITION_COLUMNS.values())


def test_closing_actions_have_columns() -> None:
    assert CLOSING_ACTIONS <= set(TRANSITION_COLUMNS.values())


def test_people_buckets_leave_no_number_out() -> None:
    first = [int(bucket.rstrip("+").split("-")[0]) for bucket in PEOPLE_BUCKETS]
    last = [int(bucket.split("-")[1]) for bucket in PEOPLE_BUCKETS[:-1]]

    assert 1 == first[0]
    assert first[1:] == [number + 1 for number in last]


def test_attributes_of_a_case_are_columns_of_its_table() -> None:
    stored = {*CASE_REQUIRED, *CASE_OPTIONAL} - set(TRANSITION_COLUMNS) - {Col.PEOPLE} | {Col.PEOPLE_BUCKET, Col.KNOWN_AT}

    assert set() == stored - set(event.columns.keys())
