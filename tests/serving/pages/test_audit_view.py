"""The audit trail in words: what an entry says, and which entries a filter and a scope let through."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from features.database.engine import writing
from serving import audit
from serving.accounts.permissions import EVERYTHING, Scope
from serving.pages.audit_view import AuditFilter, in_words, read_entries, words_of
from serving.pages.translations import Translator

ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 1, 9, tzinfo=ZONE)
ZH, EN = Translator("zh"), Translator("en")


def entry(action="token.issue", **detail):
    return {
        "id": 7,
        "at": datetime(2026, 1, 9, tzinfo=UTC),
        "actor_id": "a1",
        "action": action,
        "subject": "d/t1",
        "detail": json.dumps(detail),
        "entry_hash": "f" * 64,
    }


def said(value, name="anything", t=ZH):
    (pair,) = in_words(entry(**{name: value}), t, ZONE).detail
    return pair[1]


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ends_at", "2026-01-09T00:00:00+00:00", "1月9日 08:00"),
        ("date", "2026-01-09", "2026-01-09"),
        ("role", "auditor", ZH.named("role", "auditor")),
        ("places", ["a", "b"], "a, b"),
        ("kept", True, ZH("value_true")),
        ("kept", "False", ZH("value_false")),
        ("reason", "of_no_list", "of_no_list"),
        ("to", "closed", ZH.named("state", "closed")),
        ("rows", 20, "20"),
    ],
)
def test_value_is_said_by_its_kind(name, value, expected):
    assert expected == said(value, name)


def test_details_without_a_value_are_left_out():
    line = in_words(entry(department=None, area="", places=[], changed={}, rows=0), ZH, ZONE)

    assert ["0"] == [value for _, value in line.detail]


def test_action_without_words_is_said_by_its_parts():
    assert "unheard_of" == words_of("unheard.of", ZH)
    assert words_of("alert.acknowledge", EN).endswith("acknowledged")


def test_filter_leaves_in_the_trail_what_was_asked_for():
    wanted = AuditFilter(who="a1", first="2026-01-09", names=True, before=9)

    assert {"who": "a1", "first": "2026-01-09", "names": "True"} == wanted.detail
    assert {} == AuditFilter().detail


@pytest.mark.parametrize("wrong", [{"topic": "Token;"}, {"first": "yesterday"}, {"before": 0}, {"unknown": "x"}])
def test_filter_that_is_none_is_refused(wrong):
    with pytest.raises(ValidationError):
        AuditFilter(**wrong)


@pytest.fixture
def trail(engine):
    """Return a database with an entry just before, at and a day after the midnight of 9 January, local time."""
    moments = (MIDNIGHT - timedelta(seconds=1), MIDNIGHT, MIDNIGHT + timedelta(days=1))
    deeds = (("a1", "token.issue", "d/t1"), ("a2", "token_x.issue", "d/t1/g1"), ("a1", "ledger", "d/t10"))
    with writing(engine) as connection:
        for moment, (actor_id, action, subject) in zip(moments, deeds, strict=True):
            audit.record(connection, actor_id, action, subject, {}, moment)
    return engine


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [3, 2, 1]),
        ({"who": "a1"}, [3, 1]),
        ({"topic": "token"}, [1]),
        ({"topic": "ledger"}, [3]),
        ({"first": "2026-01-09"}, [3, 2]),
        ({"last": "2026-01-09"}, [2, 1]),
        ({"first": "2026-01-09", "last": "2026-01-09"}, [2]),
        ({"area": "d/t1"}, [2, 1]),
        ({"before": 3}, [2, 1]),
    ],
)
def test_entries_are_those_that_fit_the_newest_first(trail, wanted, expected):
    assert expected == [row["id"] for row in read_entries(trail, EVERYTHING, AuditFilter(**wanted), ZONE, 10)]


@pytest.mark.parametrize(("scope", "expected"), [(Scope("d/t1"), [2]), (Scope("d"), [3, 2, 1]), (Scope("", "labour"), [])])
def test_auditor_of_a_part_reads_of_the_places_in_it_alone(trail, scope, expected):
    assert expected == [row["id"] for row in read_entries(trail, scope, AuditFilter(), ZONE, 10)]


def test_entries_end_at_the_limit(trail):
    assert [3, 2] == [row["id"] for row in read_entries(trail, EVERYTHING, AuditFilter(), ZONE, 2)]
