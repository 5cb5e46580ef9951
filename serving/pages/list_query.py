"""Which list a page shows, which part of it and how, and the dates beside it."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import ranking
from features.errors import NotFoundError
from serving.pages.ranked_lists import ListName
from serving.rankings.entries import Entry
from serving.rankings.publishing import shown
from serving.rankings.schemas import Level
from serving.server.dependencies import AppState
from serving.server.list_cache import PublishedList
from serving.text import IsoDay

USUAL = {("show", "attention"), ("page", 1)}
"""Values that an address need not state."""


@dataclass(frozen=True)
class ShownDay:
    """One published list, and its neighbours in time."""

    listed: PublishedList
    previous: date | None
    """Date of the list before; None where it is the first."""
    next: date | None
    dates: tuple[date, ...]
    """All dates of its target, the newest first."""
    targets: tuple[str, ...]
    """Targets of all lists of its date, by name."""

    @property
    def entry(self) -> Entry:
        """The list's entry in the ledger."""
        return self.listed.head.entry

    @property
    def as_of(self) -> date:
        """The list's date."""
        return self.entry.origin.as_of

    @property
    def target(self) -> str:
        """Target of the list."""
        return self.entry.origin.target


def find_day(reading: AppState, wanted: date | None, target: str | None = None) -> ShownDay:
    """Return the newest list, or that of a date; of the target of the newest where none is named.

    Raises:
        NotFoundError: none was published.
        DamagedError: there are lists, and the newest are not what was published.
    """
    current = reading.shelf.current
    of = target or (current.head.entry.origin.target if current else None)
    listed = current if current is None or (wanted, target) == (None, None) else reading.shelf.on(wanted, of)
    if listed is None:
        reading.shelf.require_sound()
        raise NotFoundError("No such list was published. Run `yujing rank --as-of DATE`, or choose another date or target.")
    origin = listed.head.entry.origin
    dates = published_dates(reading.shelf.engine, origin.target)
    earlier, later = [day for day in dates if day < origin.as_of], [day for day in dates if day > origin.as_of]
    targets = published_targets(reading.shelf.engine, origin.as_of)
    return ShownDay(listed, max(earlier, default=None), min(later, default=None), dates, targets)


def published_dates(engine: Engine, target: str) -> tuple[date, ...]:
    """Return the dates on which lists of a target are out, the newest first."""
    query = select(ranking.c.as_of).where(ranking.c.target == target, shown(ranking.c.id)).distinct().order_by(ranking.c.as_of.desc())
    with reading(engine) as connection:
        return tuple(connection.execute(query).scalars())


def published_targets(engine: Engine, as_of: date) -> tuple[str, ...]:
    """Return the targets of which a list of a date is out, by name."""
    query = select(ranking.c.target).where(ranking.c.as_of == as_of, shown(ranking.c.id)).distinct().order_by(ranking.c.target)
    with reading(engine) as connection:
        return tuple(connection.execute(query).scalars())


class ListQuery(BaseModel):
    """A list."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    target: str | None = Field(None, max_length=100)
    """That of the newest list where it is None."""

    @property
    def target_named(self) -> dict[str, str]:
        """Part of an address that keeps the target which somebody chose."""
        return {"target": self.target} if self.target else {}

    def grid_address(self, grid_id: str) -> str:
        """Return the address of a grid's page, of the same target."""
        return f"/grids/{quote(grid_id, safe='')}" + (f"?{urlencode(self.target_named)}" if self.target else "")


class MapQuery(ListQuery):
    """Part of a list."""

    date: IsoDay | None = None
    area: str | None = Field(None, max_length=500)


class FiguresQuery(ListQuery):
    """One grid of a list."""

    date: IsoDay
    grid: str = Field(max_length=100)


class BoardQuery(MapQuery):
    """Part of a list, and its presentation."""

    level: Level | None = None
    """Level of the map; the finest where it is None."""
    show: ListName | Literal["areas"] = "attention"
    page: int = Field(1, ge=1, le=10_000)

    @property
    def list_name(self) -> ListName:
        """The list whose grids are marked on the map; beside the table of areas it is the first."""
        return "attention" if self.show == "areas" else self.show

    def address(self, **changed: object) -> str:
        """Return the address of the screen with some of it changed; back to the first page unless that is named."""
        wanted = self.model_dump(exclude={"page"}, exclude_none=True) | changed
        given = {name: value for name, value in wanted.items() if value and (name, value) not in USUAL}
        return f"/?{urlencode(given)}" if given else "/"
