"""Areas of a published list that a reader may see, and the tree of areas and grids to pick from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from features.errors import NotFoundError
from serving.accounts.permissions import EVERYTHING, Scope
from serving.maps.place_names import Gazetteer
from serving.pages.list_query import ShownDay
from serving.rankings.schemas import AreaRow, Level
from serving.server.list_cache import PublishedList

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
