"""Tables go forward only, and what they were before is kept."""

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import create_engine
from typer.testing import CliRunner

from features.database.engine import open_database, read_due_migrations
from features.database.migrate import _config
from features.errors import StoreError
from features.storage.home import Home
from serving.cli.main import app

pytestmark = pytest.mark.dialect("sqlite")


def make_old(home: Home, revision: str = "0016") -> None:
    """Make a database of an earlier revision, with one row."""
    home.folder(home.root)
    engine, config = create_engine(home.database_url), _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.exec_driver_sql("INSERT INTO feed (name, spec) VALUES ('hotline', '{}')")
    engine.dispose()


def revision_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT version_num FROM alembic_version").fetchone()[0])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def test_check_lists_the_steps_and_changes_nothing(home: Home) -> None:
    make_old(home)

    checked = CliRunner().invoke(app, ["migrate", "--check", "--home", str(home.root)])

    due = read_due_migrations(home.database_url)
    assert (checked.exit_code, due.current, revision_of(home.database)) == (3, "0016", "0016")
    assert all(revision in checked.output and purpose in checked.output for revision, purpose in due.steps)
    assert [revision for revision, _ in due.steps][:2] == ["0017", "0018"]


def test_migrate_keeps_a_private_copy_of_before_and_only_the_last(home: Home) -> None:
    make_old(home)
    (home.root / "yujing.db.before-0009").write_text("an earlier copy", encoding="ascii")

    done = CliRunner().invoke(app, ["migrate", "--home", str(home.root)])
    again = CliRunner().invoke(app, ["migrate", "--check", "--home", str(home.root)])

    (kept,) = home.root.glob("yujing.db.before-*")
    assert (done.exit_code, again.exit_code) == (0, 0), done.output + again.output
    assert (kept.name, revision_of(kept)) == ("yujing.db.before-0016", "0016")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    with closing(sqlite3.connect(kept)) as connection:
        assert connection.execute("SELECT name FROM feed").fetchall() == [("hotline",)]


def test_new_database_leaves_no_copy(home: Home) -> None:
    open_database(home.database_url).dispose()

    assert list(home.root.glob("*before*")) == []


def test_tables_of_a_newer_version_are_refused_with_the_way_back(home: Home) -> None:
    open_database(home.database_url).dispose()
    with closing(sqlite3.connect(home.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")

    for attempt in (open_database, read_due_migrations):
        with pytest.raises(StoreError, match="never taken back"):
            attempt(home.database_url)
    assert CliRunner().invoke(app, ["migrate", "--check", "--home", str(home.root)]).exit_code == 1


def test_migration_without_room_for_the_copy_changes_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    make_old(home)

    def fail(*_: object) -> None:
        raise StoreError("no room")

    monkeypatch.setattr("features.database.sqlite_file.copy_file", fail)
    with pytest.raises(StoreError, match="no room"):
        open_database(home.database_url)
    assert revision_of(home.database) == "0016"
