"""What a request reads from: the shelf of lists, the clock, and when a list is stale."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from serving.api.answers import Freshness, Shown
from serving.api.door import Clock
from serving.api.shelf import Head, Shelf


@dataclass(frozen=True)
class Reading:
    """One application's sources."""

    shelf: Shelf
    freshness: Freshness
    now: Clock
    cursor_key: bytes

    def show(self, head: Head) -> Shown:
        """Return a list as it looks now."""
        return Shown(head, self.freshness.stale(head.entry, self.now()))


async def _reading(request: Request) -> Reading:
    reading: Reading = request.state.reading
    return reading


ReadingOf = Annotated[Reading, Depends(_reading)]


async def _unpaused(reading: ReadingOf) -> Reading:
    if reading.shelf.pause:
        raise reading.shelf.pause.error()
    return reading


ListsOf = Annotated[Reading, Depends(_unpaused)]
"""What to read lists from, as long as nobody paused publishing."""
