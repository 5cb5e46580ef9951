"""Cost of a step of the product: seconds, memory, and a ratio in the same run to a limit or to a peer.

A limit is what no program can leave out: a file read or written once, or the trees alone on the same rows.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any, TypeVar

T = TypeVar("T")

SAMPLE_SECONDS = 0.01
MIB = 2**20


@dataclass(frozen=True)
class Cost:
    """Cost of one step on a log of so many grids."""

    grids: int
    step: str
    wall: float
    cpu: float
    """Seconds."""
    peak_mib: float
    """Most memory of its own that the process had meanwhile beyond what it had before."""
    against: str | None = None
    """The limit or peer that the ratio is to."""
    ratio: float | None = None
    """CPU seconds over those of the limit or peer."""


Against = tuple[str, Callable[[], Any] | float]
"""Name of a limit or peer, and its work, or the CPU seconds that it took before."""


def measure(grids: int, step: str, work: Callable[[], T], against: Against | None = None) -> tuple[T, Cost]:
    """Do the work of one step, then that of its limit or peer; return what the step returned, and its cost."""
    with peak() as memory:
        wall, cpu, value = _timed(work)
    if against is None:
        return value, Cost(grids, step, wall, cpu, memory[0] / MIB)
    name, other = against
    limit = _timed(other)[1] if callable(other) else other
    return value, Cost(grids, step, wall, cpu, memory[0] / MIB, name, cpu / limit if limit else None)


def _timed(work: Callable[[], T]) -> tuple[float, float, T]:
    wall, cpu = time.perf_counter(), time.process_time()
    value = work()
    return time.perf_counter() - wall, time.process_time() - cpu, value


@contextmanager
def peak() -> Iterator[list[float]]:
    """Watch the memory of this process; the list holds the most it had beyond the beginning once the block has ended."""
    begin, done, most = _own_memory(), Event(), [0.0]

    def watch() -> None:
        while not done.wait(SAMPLE_SECONDS):
            most[0] = max(most[0], _own_memory() - begin)

    thread = Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        most[0] = max(most[0], _own_memory() - begin)
        done.set()
        thread.join()


def _own_memory() -> float:
    """Return the bytes that this process holds and no file backs."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next((float(line.split()[1]) * 1024 for line in lines if line.startswith("RssAnon")), 0.0)
