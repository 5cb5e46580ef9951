"""What the service does beside answering: look for newer lists, and write down where the chains stand."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from features.errors import StoreError

log = logging.getLogger(__name__)


@asynccontextmanager
async def repeating(chore: Callable[[], object], seconds: float) -> AsyncIterator[None]:
    """Do a chore in a thread again and again while the block runs; a store or disk that cannot be used is told and tried again."""
    task = asyncio.create_task(_repeat(chore, seconds))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _repeat(chore: Callable[[], object], seconds: float) -> None:
    while True:
        try:
            await asyncio.to_thread(chore)
        except (StoreError, OSError) as error:
            log.warning("tried again later: %s", error)
        await asyncio.sleep(seconds)
