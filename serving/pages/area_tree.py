"""Tree of areas and grids to pick from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from serving.maps.place_names import Gazetteer

MOST_GRIDS = 2_000
"""Grids that a page can list; beyond, a grid is named by its code."""


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
