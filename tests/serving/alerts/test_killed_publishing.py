"""A list that is killed, or loses its power, while it is published is there with its alerts or not at all; the next run publishes it."""

import random
import shutil
import signal
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import insert

from features.database.engine import open_database, writing
from features.database.tables import grid
from features.storage.home import Home
from serving.rankings.ledger import verify
from tests.serving.alerts.conftest import Days
from tests.support import crash_states
from tests.support.crash_states import Disk
from tests.support.databases import all_rows
from tests.support.traced import Call, Job, Traced, needs_strace, traced_program

pytestmark = needs_strace

FIRST = pytest.mark.parametrize("first", [0, pytest.param(1000, marks=pytest.mark.full)])
"""Every one of so many first calls is a point to kill at; of those after, only the ones that are not mere writes of a page."""

State = dict[str, list[tuple[object, ...]]]


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    with traced_program(Path(__file__).with_name("publish_client.py"), tmp_path_factory.mktemp("publisher")) as program:
        yield program


@pytest.fixture(scope="module")
def new_job(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Job]:
    """Return a function that makes a home with the list and the alerts of one day, and the order to publish the next."""
    folder = tmp_path_factory.mktemp("homes")
    engine = open_database(Home(folder / "first").database_url)
    with writing(engine) as connection:
        connection.execute(insert(grid), [{"grid_id": f"g{n}", "name": "", "parent_path": f"d/t{1 + (n - 1) % 2}"} for n in range(1, 9)])
    Days(engine).publish()
    engine.dispose()

    def copy(*, apart: bool = False) -> Job:
        shutil.rmtree(folder / "used", ignore_errors=True)
        return {"home": str(shutil.copytree(folder / "first", folder / "used")), "apart": apart}

    return copy


def state(job: Job) -> State:
    """Read all tables of a home whose ledger holds together."""
    engine = open_database(Home(Path(job["home"])).database_url)
    verify(engine)
    rows = all_rows(engine)
    engine.dispose()
    return rows


def damaged_by_kills(publisher: Traced, new_job: Callable[[], Job], at: list[Call]) -> list[Call]:
    """Kill a publication at each point and let the next run publish; return the points where something was neither whole nor absent."""
    job = new_job()
    before = state(job)
    assert publisher.run(job) == 0
    whole, damaged = state(job), []
    assert before != whole
    for call in at:
        job = new_job()
        assert publisher.run(job, call.killing) == signal.SIGKILL
        after = state(job)
        if after not in (before, whole) or publisher.run(job) != 0 or state(job) != whole:
            damaged.append(call)
    return damaged


@FIRST
def test_publishing_killed_at_any_call_leaves_the_whole_list_or_none_of_it(
    publisher: Traced, new_job: Callable[[], Job], first: int, record_property: Callable[[str, object], None]
) -> None:
    calls = publisher.calls_of(new_job())
    at = calls[:first] + [call for call in calls[first:] if call.name != "pwrite64"]

    damaged = damaged_by_kills(publisher, new_job, at)

    record_property("calls at which a publication was killed, and ledgers damaged", f"{len(at)}, {len(damaged)}")
    assert damaged == []


def test_publishing_list_and_alerts_one_after_the_other_is_caught(publisher: Traced, new_job: Callable[..., Job]) -> None:
    """The broken variant."""

    def apart() -> Job:
        return new_job(apart=True)

    calls = publisher.calls_of(apart())
    commits = [after for before, after in pairwise(calls) if before.name == "ftruncate"]

    assert damaged_by_kills(publisher, apart, commits) != []


@pytest.mark.full
def test_publishing_survives_a_power_cut_at_any_call_whatever_of_the_unsynced_is_lost(
    new_job: Callable[[], Job], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    job, rng = new_job(), random.Random(1)  # noqa: S311 - states need a seed, not secrecy
    before, disk = state(job), Disk(Path(job["home"]))
    with traced_program(Path(__file__).with_name("publish_client.py"), tmp_path, crash_states.CALLS, crash_states.OPTIONS) as program:
        assert program.run(job, "") == 0
    whole, damaged, states = state(job), [], 0
    for number, _ in enumerate(disk.follow(program.trace.read_text(encoding="ascii"))):
        for chance in (None, rng, rng):
            disk.put_after_cut(chance)
            after = state(job)
            publish_next_day(job)
            states += 1
            if after not in (before, whole) or state(job) != whole:
                damaged.append(number)
    disk.put_after_cut(None)

    record_property("states after a power cut while a list was published, and those that were damaged", f"{states}, {len(damaged)}")
    assert ([], whole, []) == (damaged, state(job), disk.unsynced())


def publish_next_day(job: Job) -> None:
    engine = open_database(Home(Path(job["home"])).database_url)
    Days(engine).publish(days=1)
    engine.dispose()
