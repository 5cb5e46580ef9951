"""What a request reads from: the shelf of lists, the clock, and when a list is stale."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from features.home import Home
from serving.api.answers import Freshness, Shown
from serving.api.door import Clock
from serving.api.shelf import Head, Shelf
from serving.settings import AlertSettings


@dataclass(frozen=True)
class Reading:
    """One application's sources."""

    shelf: Shelf
    freshness: Freshness
    now: Clock
    cursor_key: bytes
    alerts: AlertSettings
    home: Home

    def local_now(self) -> datetime:
        """Return the time in the zone of the local day."""
        return self.now().astimezone(self.freshness.zone)

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
