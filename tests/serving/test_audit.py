import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from features.database.engine import writing
from features.storage.home import Home
from serving import audit
from serving.audit import note_settings, record, verify
from serving.operations.integrity import audit_heads, read_checkpoints, write_checkpoint
from serving.settings import Settings
from tests.support.audit_entries import newest_entries

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
ENTRIES = 8


def write(engine, number):
    with writing(engine) as connection:
        return record(connection, f"a{number}", "alert.close", f"alert{number}", {"seen": number}, NOW + timedelta(minutes=number))


@pytest.fixture
def chain(engine):
    for number in range(ENTRIES):
        write(engine, number)
    return engine


def test_record_many_at_once_make_one_chain(engine):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: write(engine, number), range(24)))

    assert audit.verify(engine) == 24
    assert {deed.actor_id for deed in newest_entries(engine, 100)} == {f"a{number}" for number in range(24)}


def test_record_is_undone_with_the_deed(engine):
    def fail():
        with writing(engine) as connection:
            record(connection, "a1", "alert.close", "alert1", {}, NOW)
            raise LookupError

    with pytest.raises(LookupError):
        fail()

    assert newest_entries(engine, 10) == []


def test_verify_of_the_tables_as_they_are_finds_nothing(chain, tmp_path):
    home = Home(tmp_path / "home")
    for _ in range(2):
        write_checkpoint(home, chain, tmp_path, NOW)
        write(chain, 9)

    assert audit.verify(chain, audit_heads(read_checkpoints(home, tmp_path))) == ENTRIES + 2


SETTINGS_TRAIL_NOW = datetime(2026, 1, 9, tzinfo=UTC)


def test_note_settings_only_changes_are_written_down_and_no_secret(engine: Engine) -> None:
    changed = Settings(serving={"port": 8001}, database_url="postgresql://yujing:secret@localhost/yujing")
    noted = [
        note_settings(engine, settings, SETTINGS_TRAIL_NOW + timedelta(days=day))
        for day, settings in enumerate([Settings(), changed, changed])
    ]
    back = note_settings(engine, Settings(), SETTINGS_TRAIL_NOW + timedelta(days=9))

    assert (noted, back) == ([False, True, False], True)
    assert [json.loads(entry.detail) for entry in newest_entries(engine, 5)] == [{}, {"serving.port": 8001}]
    assert verify(engine) == 2


def test_note_settings_of_the_environment_are_written_down(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YUJING_SERVING__PORT", "8001")

    assert note_settings(engine, Settings(), SETTINGS_TRAIL_NOW)
    assert [json.loads(entry.detail) for entry in newest_entries(engine, 5)] == [{"serving.port": 8001}]
