"""Dependencies of routes: the cache of lists, the clock, and when a list is stale."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from features.storage.home import Home
from serving.operations.health import OperationalHealth, read_operational_health
from serving.operations.integrity import IntegrityWatch
from serving.rankings.expiry import Expiry, PublishingTerms, announced
from serving.server.auth import Clock
from serving.server.list_cache import Head, RankingCache
from serving.server.responses import Freshness, ShownList
from serving.settings import AlertSettings, ServingSettings
from serving.text import Text

Overdue = Callable[[datetime], Sequence[Text]]


def nothing_overdue(_: datetime) -> Sequence[Text]:
    """Return nothing, where no work runs beside the service."""
    return ()


@dataclass(frozen=True)
class AppState:
    """One application's sources."""

    shelf: RankingCache
    freshness: Freshness
    now: Clock
    cursor_key: bytes
    alerts: AlertSettings
    home: Home
    limits: ServingSettings
    """When lists are old and data late, among others."""
    overdue: Overdue
    """Work beside the service that is due and not done, at a moment."""
    integrity: IntegrityWatch
    terms: PublishingTerms

    def expiries(self) -> list[Expiry]:
        """Return until when lists may be published, as seen now."""
        return self.terms.expiries(self.shelf.audit, self.now())

    def health(self) -> OperationalHealth:
        """Return the operational problems of this moment."""
        damaged = {*self.integrity.failed, *(["ledger"] if self.shelf.damaged else [])}
        found = read_operational_health(self.shelf.engine, self.limits, self.now(), sorted(damaged))
        return replace(found, ends=announced(self.expiries()))

    def local_now(self) -> datetime:
        """Return the time in the zone of the local day."""
        return self.now().astimezone(self.freshness.zone)

    def show(self, head: Head) -> ShownList:
        """Return a list as it looks now."""
        return ShownList(head, self.freshness.stale(head.entry, self.now()))


async def _reading(request: Request) -> AppState:
    reading: AppState = request.state.reading
    return reading


ReadingOf = Annotated[AppState, Depends(_reading)]


async def _unpaused(reading: ReadingOf) -> AppState:
    if reading.shelf.pause:
        raise reading.shelf.pause.error()
    return reading


ListsOf = Annotated[AppState, Depends(_unpaused)]
"""Reader of lists, as long as nobody paused publishing."""
