"""Names of places: of areas from the table of areas, of grids as a list or the grid table has them."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import area


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
    """Path -> name, of areas that have one."""
    grids: Mapping[str, str]
    """Path of a grid, itself last -> its full name."""

    @classmethod
    def read(cls, engine: Engine, grids: Mapping[str, str]) -> "Gazetteer":
        """Read the names of all areas, beside those of grids by path."""
        with reading(engine) as connection:
            return cls({row.path: row.name for row in connection.execute(select(area.c.path, area.c.name))}, grids)

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
