"""Chores beside the service, in a thread of their own: one that fails is told and tried again."""

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress

from features.errors import StoreError, YujingError

log = logging.getLogger(__name__)

Chore = Callable[[], object]


@contextmanager
def run_in_background(chores: Sequence[Chore], seconds: float) -> Iterator[None]:
    """Do chores again and again while the block runs; the round that is under way is finished first."""
    stop = threading.Event()
    thread = threading.Thread(target=_repeat, args=(chores, seconds, stop), name="chores", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _repeat(chores: Sequence[Chore], seconds: float, stop: threading.Event) -> None:
    while True:
        for chore in chores:
            try:
                chore()
            except YujingError as error:
                log.warning("tried again later: %s", error)
        if stop.wait(seconds):
            return


@asynccontextmanager
async def repeating(chore: Callable[[], object], seconds: float) -> AsyncIterator[None]:
    """Do a chore in a thread again and again while the block runs; the round that is under way is finished first.

    A store or disk that cannot be used is told and tried again.
    """
    task = asyncio.create_task(_repeat_async(chore, seconds))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat_async(chore: Callable[[], object], seconds: float) -> None:
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
