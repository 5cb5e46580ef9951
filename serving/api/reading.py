"""What a request reads from: the shelf of lists, the clock, and when a list is stale."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from serving.api.answers import Freshness, Shown
from serving.api.shelf import Head, Shelf

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Reading:
    """One application's sources."""

    shelf: Shelf
    freshness: Freshness
    now: Clock

    def show(self, head: Head) -> Shown:
        """Return a list as it looks now."""
        return Shown(head, self.freshness.stale(head.entry, self.now()))


async def _reading(request: Request) -> Reading:
    reading: Reading = request.state.reading
    return reading


ReadingOf = Annotated[Reading, Depends(_reading)]
