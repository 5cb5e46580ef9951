"""An acknowledged event is neither lost nor doubled, whatever call of an ingest fails or is the last one."""

import os
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from features.database.bulk import insert_rows
from features.database.engine import open_database, writing
from features.database.tables import grid
from features.intake.pseudonyms import deployment_key
from features.storage.home import Home
from tests.support.traced import Call, Job, Traced, failing_from, needs_strace, traced_program

FIRST = pytest.mark.parametrize("first", [12, pytest.param(60, marks=pytest.mark.full)])
"""Every one of so many first calls is a point to kill at; of those after, only the ones that are not mere writes of a page."""

pytestmark = needs_strace


@dataclass(frozen=True)
class Client:
    """The process that forks one ingest per job."""

    program: Traced

    def ingest(self, home: Path, *injected: str, keyed: bool = True, file: Path | None = None) -> int:
        """Run one ingest, under strace if something is to be injected ("" only records), and return its wait status."""
        return self.program.run(self._job(home, keyed, file), *injected)

    def calls(self, home: Path, file: Path | None = None) -> list[Call]:
        """Run one ingest undisturbed and return its traced calls, in order."""
        return self.program.calls_of(self._job(home, True, file))

    def _job(self, home: Path, keyed: bool, file: Path | None) -> Job:
        return {"home": str(home), "keyed": keyed, "file": file and str(file)}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with traced_program(Path(__file__).with_name("ingest_client.py"), tmp_path_factory.mktemp("client")) as program:
        yield Client(program)


@pytest.fixture(scope="module")
def new_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Return a function that makes a home with open tables and one grid."""
    folder = tmp_path_factory.mktemp("homes")
    engine = open_database(Home(folder / "empty").database_url)
    with writing(engine) as connection:
        insert_rows(connection, grid, pl.DataFrame({"grid_id": ["g1"], "name": "", "parent_path": ""}))
    engine.dispose()
    (folder / "empty" / "acknowledged").mkdir()

    def copy() -> Path:
        shutil.rmtree(folder / "used", ignore_errors=True)
        return shutil.copytree(folder / "empty", folder / "used")

    return copy


@pytest.fixture(scope="module")
def calls(client: Client, new_home: Callable[[], Path]) -> list[Call]:
    """The traced calls of one undisturbed ingest, in order."""
    return client.calls(new_home())


@pytest.fixture(scope="module")
def whole(client: Client, new_home: Callable[[], Path]) -> dict[str, list[tuple]]:
    """What one undisturbed ingest leaves behind."""
    home = new_home()
    client.ingest(home)
    return stored(home)


def stored(home: Path) -> dict[str, list[tuple]]:
    """All that is in the log and its copy, except the keys."""
    connection = sqlite3.connect(home / "yujing.db")
    tables = ("event", "event_transition", "quarantine", "sequence", "feed", "segment")
    found = {table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in tables}
    found["batch"] = connection.execute("SELECT feed, read, accepted, duplicate, quarantined FROM batch ORDER BY id").fetchall()
    found["integrity"] = connection.execute("PRAGMA integrity_check").fetchall()
    connection.close()
    found["copy"] = pl.read_parquet(home / "segments" / "*.parquet").sort("seq").rows()
    return found


LOADS = 60
"""Points at which the load of a file is killed."""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A file of six batches: each repeats a case of the batch before and brings news of another."""
    rows = ["event_id,grid_id,event_type,category,occurred_at,reported_at,resolved_at"]
    for number in range(120):
        case = number - 20 if number >= 20 and number % 20 in (0, 1) else number
        resolved = f"2026-02-{case % 28 + 1:02d} 08:00" if number % 20 == 1 and number >= 20 else ""
        rows.append(f"E{case},g1,dispute,neighbor,2026-01-{case % 28 + 1:02d} 08:00,2026-01-{case % 28 + 1:02d} 09:00,{resolved}")
    path = tmp_path / "ledger.csv"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def keyed_home(new_home: Callable[[], Path], tmp_path: Path) -> Callable[[], Path]:
    """Return a function that makes homes with one and the same key."""
    first = shutil.copytree(new_home(), tmp_path / "first")
    engine = open_database(Home(first).database_url)
    deployment_key(Home(first), engine)
    engine.dispose()

    def copy() -> Path:
        shutil.rmtree(tmp_path / "used", ignore_errors=True)
        return shutil.copytree(first, tmp_path / "used")

    return copy


@pytest.mark.full
def test_first_load_of_a_file_killed_at_sixty_points_loses_and_doubles_nothing(client, keyed_home, ledger, record_property) -> None:
    home = keyed_home()
    calls = client.calls(home, ledger)
    at = [calls[place * len(calls) // LOADS] for place in range(LOADS)]
    whole, damaged = stored(home), []

    for call in at:
        home = keyed_home()
        killed = client.ingest(home, call.killing, file=ledger)
        if killed != signal.SIGKILL or client.ingest(home, file=ledger) != 0 or stored(home) != whole:
            damaged.append(call)

    record_property("points at which the first load of a file was killed, and logs damaged", f"{len(at)}, {len(damaged)}")
    assert (len(calls) > LOADS, damaged) == (True, [])


def points(calls: list[Call], first: int) -> list[Call]:
    """The calls to kill or fail at."""
    return calls[:first] + [call for call in calls[first:] if call.name != "pwrite64"]


def commits(calls: list[Call]) -> list[Call]:
    """The calls that follow a truncated journal: the batch is stored, and its client does not know yet."""
    return [after for before, after in pairwise(calls) if before.name == "ftruncate"]


def damaged_by_kills(client: Client, new_home: Callable[[], Path], whole: dict, at: list[Call], *, keyed: bool) -> list[Call]:
    """Kill an ingest at each point, let the client go on, and return the points after which the log was not whole."""
    damaged = []
    for call in at:
        home = new_home()
        assert client.ingest(home, call.killing, keyed=keyed) == signal.SIGKILL
        if client.ingest(home, keyed=keyed) != 0 or stored(home) != whole:
            damaged.append(call)
    return damaged


@dataclass(frozen=True)
class Errors:
    """Calls of an ingest that fail: one, or all from one on."""

    calls: list[Call]
    lasting: bool

    def at(self, place: int) -> list[str]:
        """Return what strace is told so that the call of this place fails."""
        error, call = ("EIO", "ENOSPC")[place % 2], self.calls[place]
        return failing_from(self.calls, place, error) if self.lasting else [f"{call.name}:error={error}:when={call.ordinal}"]


def damaged_by_errors(
    client: Client, new_home: Callable[[], Path], whole: dict, at: list[Call], errors: Errors, *, keyed: bool
) -> list[Call]:
    """Let each point fail in turn, send and read once more, and return those after which the log was not whole.

    Where the Parquet copy could not be written the log was read without it; the next reading makes it.
    """
    damaged = []
    for call in at:
        home = new_home()
        failed = client.ingest(home, *errors.at(errors.calls.index(call)), keyed=keyed)
        again = client.ingest(home, keyed=keyed)
        if (failed and not errors.lasting) or os.WIFSIGNALED(failed) or again or stored(home) != whole:
            damaged.append(call)
    return damaged


@FIRST
def test_ingest_killed_at_any_call_loses_and_doubles_nothing(client, new_home, whole, calls, first, record_property) -> None:
    at = points(calls, first)
    damaged = damaged_by_kills(client, new_home, whole, at, keyed=True)

    record_property("calls at which an ingest was killed, and logs damaged", f"{len(at)}, {len(damaged)}")
    assert damaged == []


def test_ingest_killed_and_resumed_after_the_last_acknowledgement_is_caught(client, new_home, whole, calls) -> None:
    """The broken variant: what is not acknowledged is sent again without its key."""
    assert damaged_by_kills(client, new_home, whole, commits(calls), keyed=False) != []


@pytest.mark.parametrize(
    ("first", "lasting"),
    [(12, False), pytest.param(60, False, marks=pytest.mark.full), pytest.param(60, True, marks=pytest.mark.full)],
)
def test_ingest_failing_at_any_call_loses_and_doubles_nothing(
    client, new_home, whole, calls, first, record_property, *, lasting: bool
) -> None:
    at = points(calls, first)
    damaged = damaged_by_errors(client, new_home, whole, at, Errors(calls, lasting), keyed=True)

    record_property(f"calls of an ingest that failed{', with all after them' * lasting}, and logs damaged", f"{len(at)}, {len(damaged)}")
    assert damaged == []


@pytest.mark.parametrize("lasting", [False, pytest.param(True, marks=pytest.mark.full)])
def test_ingest_failing_and_repeated_with_a_new_key_is_caught(client, new_home, whole, calls, *, lasting: bool) -> None:
    """The broken variant: an error is taken to mean that nothing was stored."""
    assert damaged_by_errors(client, new_home, whole, commits(calls), Errors(calls, lasting), keyed=False) != []
