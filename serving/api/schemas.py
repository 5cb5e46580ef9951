"""Bodies of the API, field by field."""

from datetime import date, datetime

from pydantic import Field

from serving.rankings.entries import Frozen, ListHead
from serving.rankings.schemas import AreaRow, Count, GridRow, Level, Score
from serving.text import Text, Withheld


class _OfList(Frozen):
    ranking: ListHead
    stale: bool = Field(description="True once a newer list should have been published", examples=[False])
    notices: tuple[Text, ...] = Field(description="What the list is for, and what it is not")


class RankingPage(_OfList):
    """One page of a list."""

    level: Level = Field(description="What a row stands for", examples=["grid"])
    parent: str | None = Field(description="Path of the area whose rows are listed; null for all", examples=["330483/330483101"])
    total: Count = Field(description="Rows on all pages", examples=[605])
    next: str | None = Field(description="Cursor of the next page of the same list; null on the last", examples=[None])
    rows: list[GridRow] | list[AreaRow] = Field(description="Grids by rank, those not rated last; areas by code, never ranked")


class AreaPage(_OfList):
    """One area of the newest list, and the areas right below it."""

    row: AreaRow
    below: list[AreaRow] = Field(description="Areas of the next level, by code, never ranked; empty for a community")


class PastScore(Frozen):
    """Standing of a grid on an earlier list."""

    as_of: date = Field(description="Date of the list", examples=["2026-01-02"])
    ranking_id: str = Field(description="Name of the list", examples=["3f2c9a0d51b7e846"])
    score: Score | None = Field(description="Null where the grid was not rated")
    withheld: Withheld | None = Field(description="Why it was not rated; null where it was", examples=[None])


class ExplanationPage(_OfList):
    """Explanation of the standing of one grid."""

    row: GridRow = Field(description="Its row with reasons, or with why it is not rated")
    published: bool = Field(description="False where the reasons were worked out now, the list being too long for all", examples=[True])


class GridPage(_OfList):
    """One grid: its row on the newest list, and how it stood on those before."""

    row: GridRow
    history: list[PastScore] = Field(description="Newest date first, the newest list included; each date as it was published last")


class ModelPublication(Frozen):
    """One change of the model in use."""

    target: str = Field(description="What the model predicts", examples=["escalation"])
    model_version: str = Field(description="Number in the registry", examples=["7"])
    model_hash: str = Field(description="SHA-256 of the model's manifest", examples=["9a" * 32])
    kind: str = Field(description="promote or rollback", examples=["promote"])
    published_at: datetime = Field(description="Moment from which it was in use, UTC", examples=["2026-01-05T03:00:00Z"])
    published_by: str = Field(description="Who decided", examples=["analyst-2"])
    reason: str = Field(description="Why", examples=["beats every baseline"])
    override: str | None = Field(description="What the gate objected to, where that was overruled", examples=[None])


class ModelPage(Frozen):
    """Models in use, now and before."""

    ranking: ListHead | None = Field(description="The newest list, with the model that made it; null while none is published")
    publications: list[ModelPublication] = Field(description="Newest first; the first of a target is its model now")


class Health(Frozen):
    """The process answers."""

    status: str = Field(description="Always ok", examples=["ok"])


class Readiness(Frozen):
    """The ledger can be read."""

    status: str = Field(description="Always ready", examples=["ready"])
    ranking_id: str | None = Field(description="The newest list; null while none is published", examples=["3f2c9a0d51b7e846"])
    attention: list[Text] = Field(description="What waits for whoever runs the service, and what to do; lists are served all the same")
