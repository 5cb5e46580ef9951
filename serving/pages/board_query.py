"""Queries of the command screen: which part of which list is shown, and how."""

from typing import Literal
from urllib.parse import quote, urlencode

from pydantic import BaseModel, ConfigDict, Field

from serving.dates import IsoDay
from serving.pages.ranked_lists import ListName
from serving.rankings.schemas import Level

USUAL = {("show", "attention"), ("page", 1)}
"""Values that an address need not state."""


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
