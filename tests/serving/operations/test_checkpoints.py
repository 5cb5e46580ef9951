from datetime import UTC, datetime

import pytest

from features.database.engine import open_database
from features.errors import StoreError
from features.storage.home import Home
from serving.operations.checkpoints import FILE, audit_heads, ledger_heads, read_checkpoints, write_checkpoint

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


def test_head_of_empty_chains_asks_for_nothing(engine, home, tmp_path):
    write_checkpoint(home, engine, tmp_path, NOW)
    heads = read_checkpoints(home, tmp_path)

    assert (NOW.isoformat(), set(), set()) == (heads[0].at, ledger_heads(heads), audit_heads(heads))


def test_heads_of_another_key_or_changed_are_refused(engine, home, tmp_path):
    write_checkpoint(home, engine, tmp_path, NOW)
    line = (tmp_path / FILE).read_text(encoding="ascii")

    (tmp_path / FILE).write_text(line.replace("2026", "2025"), encoding="ascii")
    with pytest.raises(StoreError, match="must be signed"):
        read_checkpoints(home, tmp_path)
    (tmp_path / FILE).unlink()
    other = Home(tmp_path / "other")
    elsewhere = open_database(other.database_url)
    write_checkpoint(other, elsewhere, tmp_path, NOW)
    elsewhere.dispose()
    with pytest.raises(StoreError, match="must be signed"):
        read_checkpoints(home, tmp_path)


@pytest.mark.parametrize("content", [None, "no json\n"])
def test_heads_that_cannot_be_read_are_told(home, tmp_path, content):
    if content:
        (tmp_path / FILE).write_text(content, encoding="ascii")

    with pytest.raises(StoreError, match="Mount the second place"):
        read_checkpoints(home, tmp_path)


def test_head_second_place_that_is_gone_is_told(engine, home, tmp_path):
    with pytest.raises(StoreError, match="Mount it again"):
        write_checkpoint(home, engine, tmp_path / "gone", NOW)
