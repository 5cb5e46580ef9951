"""A daily run that is killed leaves its list with all that belongs to it, or nothing of it; the next run makes the same list."""

import random
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from features.eventlog.parquet_copy import read_copy
from features.eventlog.read import log_state
from serving.rankings.entries import Entry
from serving.rankings.ledger import verify
from tests.serving.conftest import MakeWorld
from tests.support.databases import Databases, all_rows
from tests.support.published_world import World, new_world
from tests.support.traced import CALLS, Job, Traced, needs_strace, traced_program

pytestmark = [needs_strace, pytest.mark.full]

KILLS = 24


@pytest.fixture(scope="module")
def ranking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    """The program that makes lists; what it sends to a database counts as a call."""
    with traced_program(Path(__file__).with_name("rank_client.py"), tmp_path_factory.mktemp("ranking"), (*CALLS, "sendto")) as program:
        yield program


def job_of(world: World) -> Job:
    """Return the order to make a list in a home whose columnar copy is gone, so that it is made on the way."""
    shutil.rmtree(world.home.segments)
    return {"home": str(world.home.root), "url": world.settings.database_url}


def copy_is_whole(world: World) -> bool:
    """Tell whether the copy holds the log and is used as it stands, once a run has mended it."""
    last = log_state(world.engine).sequence
    copy = read_copy(world.home.segments, world.engine, last)
    return copy.records["seq"].to_list() == list(range(1, last + 1)) and copy.rebuilt == ()


def rows_apart_from_the_copy(world: World) -> dict[str, list[tuple[object, ...]]]:
    return {name: rows for name, rows in all_rows(world.engine).items() if name != "segment"}


def test_rank_killed_at_any_moment_leaves_the_whole_list_or_none_and_is_made_again(
    ranking: Traced,
    databases: Databases,
    make_trained: MakeWorld,
    dialect: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    trained, damaged = make_trained(dialect), []
    with new_world(databases, dialect, tmp_path / "whole", trained) as world:
        before = rows_apart_from_the_copy(world)
        world.engine.dispose()
        calls = ranking.calls_of(job_of(world))
        whole, entry = rows_apart_from_the_copy(world), verify(world.engine)
    rng = random.Random(KILLS)  # noqa: S311 - when to kill needs a seed, not secrecy
    late = [call for call in calls[len(calls) // 2 :] if call.name != "pwrite64"]
    at = rng.sample(calls, min(KILLS, len(calls)) // 2) + rng.sample(late, min(KILLS // 2, len(late)))
    for call in at:
        with new_world(databases, dialect, tmp_path / "killed", trained) as world:
            status = ranking.run(job_of(world), call.killing)
            after = rows_apart_from_the_copy(world)
            again = world.rank()
            if status != signal.SIGKILL or after not in (before, whole) or not is_as(world, entry, again, whole):
                damaged.append((call, status))
        shutil.rmtree(tmp_path / "killed")

    record_property(f"kills of a daily run on {dialect}, and homes damaged", f"{len(at)}, {len(damaged)}")
    assert damaged == []


def is_as(world: World, entry: Entry | None, again: Entry, whole: dict[str, list[tuple[object, ...]]]) -> bool:
    return again == entry == verify(world.engine) and rows_apart_from_the_copy(world) == whole and copy_is_whole(world)
