"""The database opens safely, on the newest tables, or not at all."""

import sqlite3
import stat
import time
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import BigInteger, Boolean, Date, Engine, Float, Integer, String, Table, delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from features.database.access_tables import audit
from features.database.alert_tables import alert
from features.database.engine import SQLITE_PRAGMAS, database_url, open_database, reading, writing
from features.database.packed_text import PackedText
from features.database.tables import APPEND_ONLY, APPEND_ONLY_UNDERTAKINGS, UtcTime, feed
from features.errors import StoreError, UsageError
from features.settings import LogSettings
from features.storage.home import Home


def test_database_url_without_setting_lies_in_the_home(tmp_path: Path) -> None:
    home = Home(tmp_path)

    assert database_url(home, LogSettings()) == home.database_url
    assert database_url(home, LogSettings(database_url="postgresql:///city")) == "postgresql:///city"


def test_open_database_tables_equal_the_declared_ones(engine: Engine) -> None:
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), alert.metadata)

    assert differences == []


def test_open_database_second_time_changes_nothing(database_url: str, tmp_path: Path) -> None:
    open_database(database_url).dispose()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    open_database(database_url).dispose()

    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_open_database_up_to_date_does_not_wait_for_a_writer(database_url: str) -> None:
    writer = open_database(database_url)
    started = time.monotonic()
    with writing(writer):
        open_database(database_url).dispose()
    writer.dispose()

    assert time.monotonic() - started < SQLITE_PRAGMAS["busy_timeout"] / 1000


def test_open_database_newer_than_the_program_is_refused(database_url: str) -> None:
    engine = open_database(database_url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(StoreError, match=r"found 9999\. Install a newer yujing"):
        open_database(database_url)


@pytest.mark.parametrize("url", ["", "no address", "mysql://city", "sqlite://", "sqlite:///:memory:"])
def test_open_database_wrong_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="database_url must"):
        open_database(url)


def test_open_database_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear reader, " * 100)

    with pytest.raises(StoreError, match="not a database"):
        open_database(f"sqlite:///{tmp_path / 'letter.db'}")


def test_open_database_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file where the folder should be")

    with pytest.raises(StoreError, match="Check the folder and its rights"):
        open_database(f"sqlite:///{tmp_path / 'home' / 'yujing.db'}")


def test_open_database_sqlite_files_are_their_owners_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    open_database(f"sqlite:///{home / 'yujing.db'}").dispose()
    (home / "yujing.db").chmod(0o644)
    engine = open_database(f"sqlite:///{home / 'yujing.db'}")
    with writing(engine) as connection:
        connection.execute(insert(feed).values(name="hotline", spec="{}"))
    engine.dispose()

    rights = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [home, *home.iterdir()]}
    assert rights == {"home": 0o700, "yujing.db": 0o600, "yujing.db-journal": 0o600}


def test_open_database_sqlite_settings_hold_on_every_connection(tmp_path: Path) -> None:
    engine = open_database(f"sqlite:///{tmp_path / 'yujing.db'}")
    with engine.connect() as first, engine.connect() as second:
        found = [{name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in SQLITE_PRAGMAS} for connection in (first, second)]
    engine.dispose()

    assert found == [SQLITE_PRAGMAS, SQLITE_PRAGMAS]


def test_open_database_sqlite_that_stays_in_wal_is_refused(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "yujing.db")
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("CREATE TABLE held (n)")
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreError, match=r"Close other programs|database is locked"):
        open_database(f"sqlite:///{tmp_path / 'yujing.db'}")
    other.close()


@pytest.mark.dialect("postgresql")
def test_reading_beyond_the_last_connection_is_told_as_an_error_of_the_store(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("features.database.engine.KEPT_CONNECTIONS", 1)
    monkeypatch.setattr("features.database.engine.MORE_CONNECTIONS", 0)
    engine = open_database(database_url)
    monkeypatch.setattr(engine.pool, "_timeout", 0.01)

    with reading(engine), pytest.raises(StoreError, match="open to reading"), reading(engine):
        pass
    engine.dispose()


def test_writing_error_rolls_back_and_says_so_in_one_line(engine: Engine) -> None:
    twice = insert(feed).values([{"name": "hotline", "spec": {}}, {"name": "hotline", "spec": {}}])

    with pytest.raises(StoreError, match="nothing is stored twice") as caught, writing(engine) as connection:
        connection.execute(twice)
    with engine.connect() as connection:
        assert connection.execute(select(feed)).all() == []
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("table", [*APPEND_ONLY, *APPEND_ONLY_UNDERTAKINGS, audit], ids=lambda table: table.name)
def test_append_only_tables_refuse_changes(engine: Engine, table: Table) -> None:
    parents = [key.column.table for key in table.foreign_keys]
    with writing(engine) as connection:
        for filled in (*parents, table):
            connection.execute(insert(filled).values(example(filled)))
    column = next(column.name for column in table.columns if not column.primary_key)
    replace = insert(table).values(example(table)).prefix_with("OR REPLACE")
    last = replace if engine.dialect.name == "sqlite" else text(f"TRUNCATE {table.name} CASCADE")

    for change in (update(table).values({column: example(table)[column]}), delete(table), last):
        with pytest.raises(DBAPIError, match="append-only"), engine.begin() as connection:
            connection.execute(change)


def example(table: Table) -> dict[str, object]:
    values: dict[type, object] = {
        PackedText: "{}",
        String: "x",
        Date: date(2026, 1, 1),
        UtcTime: datetime(2026, 1, 1, tzinfo=UTC),
        Integer: 1,
        BigInteger: 1,
        Float: 1.0,
        Boolean: True,
    }
    return {column.name: values[type(column.type)] for column in table.columns}
