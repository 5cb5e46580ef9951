"""What the service does beside answering: look for newer lists, and write down where the chains stand."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from features.errors import StoreError

log = logging.getLogger(__name__)


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
