"""The list that a page shows: of which date, which area of it, and in which form; and the tree of areas to pick from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import ranking
from features.errors import NotFoundError
from serving.accounts.permissions import EVERYTHING, Scope
from serving.maps.place_names import Gazetteer
from serving.pages.ranked_lists import ListName
from serving.rankings.entries import Entry
from serving.rankings.publishing import shown
from serving.rankings.schemas import AreaRow, Level
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


LEVELS: tuple[Level, ...] = ("district", "township", "community")
"""Level of an area by the number of codes in its path, from one on."""
UNRATED = b'"score":null'
"""In the row of a grid that is not rated, as rows are stored."""

MOST_GRIDS = 2_000
"""Grids that a page can list; beyond, a grid is named by its code."""


@dataclass(frozen=True)
class Area:
    """A part of the district that is shown."""

    node: str
    """Its path; empty is all that the reader may see of everything."""
    rows: Sequence[bytes]
    """Its grids, by rank."""
    below: Mapping[Level, Sequence[AreaRow]]
    """Its areas by level, itself included."""

    @property
    def level(self) -> Level | None:
        """Level of the area; None for the whole."""
        return LEVELS[min(self.node.count("/"), 2)] if self.node else None

    @property
    def own(self) -> AreaRow | None:
        """Its own sums; None where the list has none."""
        return next((row for rows in self.below.values() for row in rows if row.path == self.node), None)

    @property
    def child_level(self) -> Level | None:
        """Level of the areas one step down; None where grids come next."""
        depth = self.node.count("/") + 1 if self.node else 0
        return LEVELS[depth] if depth < len(LEVELS) else None

    @property
    def children(self) -> Sequence[AreaRow]:
        """The areas one step down, by code."""
        return [row for row in self.below[self.child_level] if row.path != self.node] if self.child_level else ()


def find_area(scope: Scope, day: ShownDay, node: str | None) -> Area:
    """Return an area of a list; without one the widest that the reader may see and that is more than a wrapper of one district.

    Raises:
        NotFoundError: the list has no such area, or the reader may not see it.
    """
    wanted = scope.meet(Scope(scope.path if node is None else node))
    rows = day.listed.within(scope, "grid", wanted.path) if wanted else ()
    if wanted is None or not rows or (node is not None and wanted.path != node):
        raise NotFoundError("No such area is on this list.")
    read: dict[Level, Sequence[AreaRow]] = {
        level: [AreaRow.model_validate_json(row) for row in day.listed.within(scope, level, wanted.path)] for level in LEVELS
    }
    path = wanted.path
    if not path and len(read["district"]) == 1:
        path = read["district"][0].path
    return Area(path, rows, read)


def name_crumbs(area: Area, scope: Scope, names: Gazetteer) -> tuple[tuple[str, str], ...]:
    """Return path and name of the areas that lead to an area, as far as the reader may see them."""
    codes = area.node.split("/") if area.node else []
    paths = ["/".join(codes[:depth]) for depth in range(1, len(codes) + 1)]
    return tuple((path, names.area(path)) for path in paths if scope.covers(path))


def count_rated(listed: PublishedList) -> int:
    """Return how many grids of a whole list are rated: what every rank is out of, whoever reads it."""
    return sum(UNRATED not in row for row in listed.within(EVERYTHING, "grid"))


@dataclass(frozen=True)
class AreaNode:
    """An area or grid and what lies in it."""

    path: str
    name: str
    below: tuple["AreaNode", ...] = ()

    def holds(self, path: str) -> bool:
        """Tell whether a path lies below this node, so that the tree is open there."""
        return path.startswith(f"{self.path}/")


def area_tree(names: Gazetteer) -> tuple[AreaNode, ...]:
    """Return the nodes at the top, each with those below it, by code; one district without a name is the whole, and left out."""
    with_grids = len(names.grids) <= MOST_GRIDS
    below: dict[str, set[str]] = defaultdict(set)
    for grid in names.grids:
        codes = grid.split("/")
        for depth in range(1, len(codes) + with_grids):
            below["/".join(codes[: depth - 1])].add("/".join(codes[:depth]))
    top = _nodes(below, "", names)
    return top[0].below if len(top) == 1 and top[0].name == top[0].path else top


def _nodes(below: Mapping[str, set[str]], above: str, names: Gazetteer) -> tuple[AreaNode, ...]:
    paths: Sequence[str] = sorted(below.get(above, ()))
    return tuple(AreaNode(path, _name(path, names), _nodes(below, path, names)) for path in paths)


def _name(path: str, names: Gazetteer) -> str:
    """Return the name of a node within the one above it, with its code."""
    code = path.rsplit("/", 1)[-1]
    name = names.place(path).grid if path in names.grids else names.area(path)
    return name if name == code else f"{name} {code}"
