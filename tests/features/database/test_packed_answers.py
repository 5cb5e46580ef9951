"""Answers of before the compression are read after it, and new ones take less room."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine, func, insert, select, text

from features.database.alert_tables import answered
from features.database.engine import open_database, reading, writing
from features.database.migrate import _config
from tests.support.databases import Databases

ROW = {"actor_id": "a", "request_hash": "h", "at": datetime(2026, 1, 1, tzinfo=UTC)}
ANSWER = '{"words": "矛盾纠纷"}' * 20


@pytest.fixture
def bare_url(dialect: str, databases: Databases, tmp_path: Path) -> Iterator[str]:
    (tmp_path / "home").mkdir(exist_ok=True)
    with databases.bare(dialect, tmp_path / "home") as url:
        yield url


def test_plain_answer_is_read_after_the_migration_and_a_new_one_is_smaller(bare_url: str) -> None:
    before, config = create_engine(bare_url), _config()
    with before.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0022")
        statement = "INSERT INTO answered (actor_id, key, request_hash, answer, at) VALUES ('a', 'old', 'h', :answer, 0)"
        connection.execute(text(statement), {"answer": ANSWER})
    before.dispose()

    engine = open_database(bare_url)
    with writing(engine) as connection:
        connection.execute(insert(answered), ROW | {"key": "new", "answer": ANSWER})
    with reading(engine) as connection:
        read = {row.key: row.answer for row in connection.execute(select(answered))}
        sizes = {row.key: row.size for row in connection.execute(select(answered.c.key, func.length(answered.c.answer).label("size")))}
    engine.dispose()

    assert read == {"old": ANSWER, "new": ANSWER}
    assert sizes["new"] < sizes["old"] / 2
