"""Acknowledged records survive a power cut, in every state that a trace of an ingest says it could leave."""

import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from features.storage.home import Home
from tests.features.ingest_client import send_batches
from tests.features.test_kills import new_home, stored
from tests.support import crash_states
from tests.support.crash_states import Disk
from tests.support.traced import Traced, needs_strace, traced_program

pytestmark = needs_strace

__all__ = ["new_home"]
"""A fixture."""

DELETED_JOURNAL = {"journal_mode": "delete"}
"""The broken variant: that the journal is gone is not synced, so that it may come back and undo an acknowledged batch."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traced]:
    script = Path(__file__).with_name("ingest_client.py")
    with traced_program(script, tmp_path_factory.mktemp("client"), crash_states.CALLS, crash_states.OPTIONS) as program:
        yield program


class Cuts:
    """Power cuts during one ingest, each followed by a look at what is left and by the same ingest once more."""

    def __init__(self, client: Traced, home: Path, batches: int, pragmas: dict[str, object] | None = None) -> None:
        self.home, self.batches = home, batches
        self.disk = Disk(home)
        assert client.run({"home": str(home), "batches": batches, "pragmas": pragmas or {}}, "") == 0
        self.trace = client.trace.read_text(encoding="ascii")
        self.whole = stored(home)
        self.unsynced_at_acknowledgement: list[list[str]] = []
        self.states = self.acknowledged = 0

    def damage(self, every: int, tries: int) -> list[object]:
        """Cut at every so manieth call, without all that was not synced and in so many random states; return what was found damaged."""
        rng, damaged = random.Random(self.batches), []  # noqa: S311 - states need a seed, not secrecy
        for number, call in enumerate(self.disk.follow(self.trace)):
            made = [Path(name).name for name in self.disk.made if Path(name).parent.name == "acknowledged"]
            if call.startswith("mkdir") and len(made) > self.acknowledged:
                self.unsynced_at_acknowledgement.append(self.disk.unsynced())
            self.acknowledged = len(made)
            if number % every == 0:
                for chance in (None, *[rng] * tries):
                    self.states += 1
                    self.disk.put_after_cut(chance)
                    if not self._survives(made):
                        damaged.append((number, call, made))
        return damaged

    def _survives(self, acknowledged: list[str]) -> bool:
        for folder in ("segments", "acknowledged", *(f"acknowledged/{name}" for name in acknowledged)):
            (self.home / folder).mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.home / "yujing.db")
        keys = {key for (key,) in connection.execute("SELECT key FROM batch")}
        sound = connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
        if not sound or not keys >= {f"batch-{name}" for name in acknowledged}:
            return False
        send_batches(Home(self.home), batches=self.batches)
        return stored(self.home) == self.whole


@pytest.mark.parametrize(("batches", "every", "tries"), [(2, 15, 1), pytest.param(5, 2, 3, marks=pytest.mark.full)])
def test_ingest_survives_a_power_cut_at_any_call_whatever_of_the_unsynced_is_lost(
    client: Traced,
    new_home: Callable[[], Path],
    batches: int,
    every: int,
    tries: int,
    *,
    record_property: Callable[[str, object], None],
) -> None:
    cuts = Cuts(client, new_home(), batches)

    damaged = cuts.damage(every, tries)

    record_property("states after a power cut, and those in which something acknowledged was lost", f"{cuts.states}, {len(damaged)}")
    assert damaged == []
    assert [[]] * batches == cuts.unsynced_at_acknowledgement


def test_ingest_with_a_journal_that_is_deleted_is_caught(client: Traced, new_home: Callable[[], Path]) -> None:
    cuts = Cuts(client, new_home(), 2, DELETED_JOURNAL)

    assert cuts.damage(11, 0) != []
    assert [[]] * 2 != cuts.unsynced_at_acknowledgement
