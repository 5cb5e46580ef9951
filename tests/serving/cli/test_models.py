"""A promotion stands in the audit trail with who, why and what was overruled; without an earlier champion there is no way back."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from features.database.engine import writing
from features.errors import NotReadyError
from serving.cli.models import _note, _say_ends
from serving.cli.workspace import Workspace
from tests.support.audit_entries import newest_entries
from tests.support.published_world import audit_model
from training.registry.published import Kind, Publication

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)


@pytest.mark.dialect("sqlite")
@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("override", [None, "deviance is worse"])
def test_note_writes_who_published_which_model_and_what_was_overruled(empty_engine, kind: Kind, override: str | None) -> None:
    with writing(empty_engine) as connection:
        _note(connection, Publication("escalation", "m" * 64, 7, kind, NOW, "li", "spring", override))
    entry = newest_entries(empty_engine, 1)[0]

    assert (f"model.{kind}", "m" * 64, NOW) == (entry.action, entry.subject, entry.at)
    assert {"target": "escalation", "version": 7, "by": "li", "reason": "spring", "override": override} == json.loads(entry.detail)


@pytest.mark.dialect("sqlite")
def test_rollback_without_an_earlier_champion_is_refused_and_says_what_to_do(run_listed) -> None:
    with pytest.raises(NotReadyError, match=r"found none\. Promote another version"):
        run_listed("models", "rollback", "--reason", "back", "--by", "li")


@pytest.mark.dialect("sqlite")
@pytest.mark.parametrize(("age", "told"), [(1, ""), (80, "in 10 days"), (95, "95 days ago")])
def test_champion_whose_audit_is_old_is_put_to_use_with_a_word_of_its_end(world, capsys, age: int, told: str) -> None:
    audit_model(world, NOW - timedelta(days=age))
    _say_ends(Workspace(world.home, None), Publication("escalation", "m" * 64, 1, Kind.ROLLBACK, NOW, "li", "spring", None), NOW)
    said = capsys.readouterr().err

    assert (told in said, bool(said)) == (True, bool(told))
