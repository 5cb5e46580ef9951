"""Periodic tasks beside the service, each in a thread of its own: failures are logged and retried."""

import asyncio
import logging
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress

from features.errors import StoreError

log = logging.getLogger(__name__)

Task = Callable[[], object]

ROUND_SECONDS = 2 * 3600.0
"""A round that takes longer counts as stuck; every task bounds itself well below that."""
STOP_SECONDS = 10.0
"""Longest time that a round under way may take to end at a stop."""


class PeriodicTask:
    """Run a task again and again until it is stopped, whatever a round of it raises."""

    def __init__(self, name: str, task: Task, seconds: float) -> None:
        self.name = name
        self._task = task
        self._seconds = seconds
        self._stop = threading.Event()
        self._round_start = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the first round."""
        self._thread.start()

    def stop(self) -> None:
        """Start no further round, and give the one under way its time to end."""
        self._stop.set()
        self._thread.join(STOP_SECONDS)

    def is_stuck(self) -> bool:
        """Tell whether its thread ended, or one round takes too long."""
        return not self._thread.is_alive() or time.monotonic() - self._round_start > ROUND_SECONDS

    def _run(self) -> None:
        while True:
            self._round_start = time.monotonic()
            try:
                self._task()
            except Exception as error:
                log.warning("%s failed and will be retried: %s", self.name, error, exc_info=error)
            self._round_start = time.monotonic() + self._seconds
            if self._stop.wait(self._seconds):
                return


@contextmanager
def run_in_background(tasks: Mapping[str, Task], seconds: float) -> Iterator[list[PeriodicTask]]:
    """Run tasks, by name, while the block runs."""
    running = [PeriodicTask(name, task, seconds) for name, task in tasks.items()]
    for task in running:
        task.start()
    try:
        yield running
    finally:
        for task in running:
            task.stop()


@asynccontextmanager
async def repeating(chore: Callable[[], object], seconds: float) -> AsyncIterator[None]:
    """Do a chore in a thread again and again while the block runs; the round that is under way is finished first.

    A store or disk that cannot be used is told and tried again.
    """
    task = asyncio.create_task(_repeat(chore, seconds))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat(chore: Callable[[], object], seconds: float) -> None:
    while True:
        under_way = asyncio.ensure_future(asyncio.to_thread(chore))
        try:
            await asyncio.shield(under_way)
        except (StoreError, OSError) as error:
            log.warning("tried again later: %s", error)
        except asyncio.CancelledError:
            await asyncio.wait([under_way])
            raise
        await asyncio.sleep(seconds)
