import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from serving.audit.audit_log import verify
from serving.audit.settings_trail import note_settings
from serving.settings import Settings
from tests.support.audit_entries import newest_entries

NOW = datetime(2026, 1, 9, tzinfo=UTC)


def test_note_settings_only_changes_are_written_down_and_no_secret(engine: Engine) -> None:
    changed = Settings(serving={"port": 8001}, database_url="postgresql://yujing:secret@localhost/yujing")
    noted = [note_settings(engine, settings, NOW + timedelta(days=day)) for day, settings in enumerate([Settings(), changed, changed])]
    back = note_settings(engine, Settings(), NOW + timedelta(days=9))

    assert (noted, back) == ([False, True, False], True)
    assert [json.loads(entry.detail) for entry in newest_entries(engine, 5)] == [{}, {"serving.port": 8001}]
    assert verify(engine) == 2


def test_note_settings_of_the_environment_are_written_down(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUJING_SERVING__PORT", "8001")

    assert note_settings(engine, Settings(), NOW)
    assert [json.loads(entry.detail) for entry in newest_entries(engine, 5)] == [{"serving.port": 8001}]
