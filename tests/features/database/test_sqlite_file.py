"""SQLite's file as a whole: copied, kept before its tables change, and made smaller."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.database.sqlite_file import compact, copy_file, keep_before
from features.errors import StoreError


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Return a file with one table of 500 long rows."""
    path = tmp_path / "log.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE note (words TEXT)")
        connection.executemany("INSERT INTO note VALUES (?)", [("x" * 2000,)] * 500)
    return path


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("SELECT count(*) FROM note").fetchone()[0])


def test_copy_file_holds_nothing_that_is_not_committed(database: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("INSERT INTO note VALUES ('not yet')")
        copy_file(database, tmp_path / "copy.db")

    assert 500 == rows(tmp_path / "copy.db")


def test_copy_file_onto_another_is_refused(database: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_bytes(b"something else")
    with pytest.raises(StoreError, match=r"log\.db must be open to copying into .*copy\.db, found: .*Mend that and repeat"):
        copy_file(database, tmp_path / "copy.db")

    assert b"something else" == (tmp_path / "copy.db").read_bytes()


def test_keep_before_stands_beside_the_database_for_its_owner_alone(database: Path) -> None:
    kept = keep_before(database, "0012")

    assert database.with_name("log.db.before-0012") == kept
    assert (500, 0o600) == (rows(kept), stat.S_IMODE(kept.stat().st_mode))


def test_keep_before_replaces_the_copy_of_an_earlier_change(database: Path) -> None:
    keep_before(database, "0011")
    keep_before(database, "0012")

    assert ["log.db", "log.db.before-0012"] == sorted(path.name for path in database.parent.iterdir())


def test_keep_before_that_fails_leaves_the_earlier_copy_and_nothing_half_done(database: Path) -> None:
    keep_before(database, "0011")
    database.write_bytes(b"no database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        keep_before(database, "0012")

    assert ["log.db", "log.db.before-0011"] == sorted(path.name for path in database.parent.iterdir())


@pytest.mark.dialect("sqlite")
def test_compact_gives_back_the_room_of_rows_that_left(engine: Engine) -> None:
    path = Path(str(engine.url.database))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE note AS SELECT hex(zeroblob(500000)) AS words")
        connection.execute("DROP TABLE note")
    before = path.stat().st_size
    compact(engine)

    assert path.stat().st_size < before - 900_000


@pytest.mark.dialect("sqlite")
def test_compact_while_somebody_writes_says_to_stop_the_service(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    path, connect = Path(str(engine.url.database)), sqlite3.connect
    with closing(connect(path)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        monkeypatch.setattr(sqlite3, "connect", lambda name: connect(name, timeout=0))
        with pytest.raises(StoreError, match=r"must be free to be rewritten, found: database is locked\. Stop the service and repeat"):
            compact(engine)


@pytest.mark.dialect("postgresql")
def test_compact_leaves_postgresql_to_itself(engine: Engine) -> None:
    compact(engine)
