"""List that a page shows, and the dates beside it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import ranking
from features.errors import NotFoundError
from serving.rankings.entries import Entry
from serving.server.dependencies import AppState
from serving.server.list_cache import PublishedList


@dataclass(frozen=True)
class ShownDay:
    """One published list, and its neighbours in time."""

    listed: PublishedList
    previous: date | None
    """Date of the list before; None where it is the first."""
    next: date | None
    dates: tuple[date, ...]
    """All dates of its target, the newest first."""

    @property
    def entry(self) -> Entry:
        """The list's entry in the ledger."""
        return self.listed.head.entry

    @property
    def as_of(self) -> date:
        """The list's date."""
        return self.entry.origin.as_of


def find_day(reading: AppState, wanted: date | None) -> ShownDay:
    """Return the newest list, or that of a date, of the target of the newest.

    Raises:
        NotFoundError: none was published.
        DamagedError: there are lists, and the newest are not what was published.
    """
    current = reading.shelf.current
    listed = current if wanted is None or current is None else reading.shelf.on(wanted, current.head.entry.origin.target)
    if listed is None:
        reading.shelf.require_sound()
        raise NotFoundError("No such list was published. Run `yujing rank --as-of DATE`, or choose another date.")
    origin = listed.head.entry.origin
    dates = published_dates(reading.shelf.engine, origin.target)
    earlier, later = [day for day in dates if day < origin.as_of], [day for day in dates if day > origin.as_of]
    return ShownDay(listed, max(earlier, default=None), min(later, default=None), dates)


def published_dates(engine: Engine, target: str) -> tuple[date, ...]:
    """Return the dates on which lists of a target stand, the newest first."""
    query = select(ranking.c.as_of).where(ranking.c.target == target).distinct().order_by(ranking.c.as_of.desc())
    with reading(engine) as connection:
        return tuple(connection.execute(query).scalars())
