"""Names of areas, found in the names of their grids: nothing else names them."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

TOWNSHIP = re.compile(r".+?(?:街道|镇|乡|开发区|园区|农场)")
COMMUNITY = re.compile(r".+?(?:社区|居委会|村委会|村|居)")


@dataclass(frozen=True)
class PlaceName:
    """A grid's name, taken apart."""

    township: str
    community: str
    grid: str
    """The rest: the grid within its community."""


@dataclass(frozen=True)
class Gazetteer:
    """Names of places."""

    areas: Mapping[str, str]
    """Path -> name, for areas whose grids tell it."""
    grids: Mapping[str, str]
    """Path of a grid, itself last -> its full name."""

    @classmethod
    def of(cls, grids: Mapping[str, str]) -> "Gazetteer":
        """Read the names of all grids, by path."""
        members: dict[str, list[str]] = defaultdict(list)
        for path, name in grids.items():
            codes = path.split("/")
            for depth in range(2, len(codes)):
                members["/".join(codes[:depth])].append(name)
        names = {path: _shared(found, path.count("/")) for path, found in members.items()}
        return cls({path: name for path, name in names.items() if name}, grids)

    def area(self, path: str) -> str:
        """Return what an area is called: its name, else its code."""
        return self.areas.get(path) or path.rsplit("/", 1)[-1]

    def title(self, path: str) -> str:
        """Return the full name of a grid or area, else its code."""
        return self.grids.get(path) or self.area(path)

    def place(self, path: str) -> PlaceName:
        """Return what the grid at a path is called."""
        codes = path.split("/")
        township, community = ("/".join(codes[:depth]) if depth < len(codes) else None for depth in (2, 3))
        return self.take_apart(self.grids.get(path, codes[-1]), township, community)

    def take_apart(self, name: str, township: str | None, community: str | None) -> PlaceName:
        """Return a grid's name without the names of the areas it lies in."""
        above, beside = self.area(township or ""), self.area(community or "")
        return PlaceName(above, beside, name.removeprefix(above).removeprefix(beside) or name)


def _shared(names: list[str], depth: int) -> str:
    """Return the name of the area that all grids of these names lie in; empty where they do not say it.

    >>> _shared(["甲街道滨河社区第1网格", "甲街道滨江社区第1网格"], depth=1)
    '甲街道'
    >>> _shared(["甲街道滨河社区第1网格", "甲街道滨河社区第2网格"], depth=2)
    '滨河社区'
    >>> _shared(["第1网格", "第2网格"], depth=1)
    ''
    """
    first, last = min(names), max(names)
    common = first[: next((place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), len(first))]
    township = TOWNSHIP.match(common)
    if depth == 1:
        return township[0] if township else ""
    community = COMMUNITY.match(common, township.end() if township else 0)
    return community[0] if community else ""
