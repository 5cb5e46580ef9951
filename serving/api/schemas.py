"""Bodies of the API, field by field: lists, grids, areas, and alerts with what is accepted about them."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from serving.alerts.corrections import About, CorrectionStep
from serving.alerts.feedback import ReasonFeedback
from serving.alerts.lifecycle import Action
from serving.alerts.rule import Outcome
from serving.alerts.schemas import Alert, AlertStep
from serving.alerts.silences import SilenceReason
from serving.rankings.entries import Frozen, ListHead
from serving.rankings.schemas import AreaRow, Count, GridRow, Level, Score
from serving.text import Text, Withheld

Code = Annotated[str, Field(max_length=40, pattern=r"^[a-z_]+$", description="Code of the closed list of the action")]


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
    audited_at: datetime | None = Field(
        description="When its audit passed, from which its right to publish runs, UTC; null in entries of an earlier program",
        examples=["2026-01-04T03:00:00Z"],
    )


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


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AlertPage(_Answer):
    """One page of alerts."""

    notices: tuple[Text, ...] = Field(description="What alerts are for, and what they are not")
    next: str | None = Field(description="Cursor of the next page; null on the last", examples=[None])
    alerts: list[Alert] = Field(description="Newest window first, within a day by place; never by rank")


class AlertPageOfOne(_Answer):
    """One alert with its history."""

    notices: tuple[Text, ...] = Field(description="What alerts are for, and what they are not")
    alert: Alert
    due_at: datetime | None = Field(description="When the next step is due, UTC; null once it ended", examples=["2026-01-09T22:00:00Z"])
    history: list[AlertStep] = Field(description="First step first")


class StepOrder(_Order):
    """A step to take; there is no free text."""

    action: Action = Field(description="What to do", examples=["acknowledge"])
    reason: Code = Field(examples=["phoned"])
    to: str | None = Field(
        None, max_length=500, description="Only for hand_over: the alert's grid, an area above it, or a grid of one's own", examples=[None]
    )
    department: str | None = Field(None, max_length=40, description="Only for hand_over: code of a department instead", examples=[None])


class Verdicts(_Answer):
    """Verdicts of the field on one reason."""

    group: str = Field(description="Reason group", examples=["backlog_dispute"])
    counts: dict[ReasonFeedback, int] = Field(description="How often each verdict was given", examples=[{"agrees": 2}])


class CorrectionOrder(_Order):
    """Order to contest an alert."""

    about: About = Field(description="What is contested", examples=["data"])
    reason: Code = Field(examples=["count"])


class CorrectionAnswer(_Order):
    """Decision on a correction."""

    step: CorrectionStep = Field(description="Acknowledged, then accepted or refused", examples=["acknowledged"])


class CorrectionState(_Answer):
    """A correction, and how far its answer is."""

    id: int = Field(ge=1, description="Number of the correction", examples=[1])
    grid_id: str = Field(description="Grid it is about", examples=["330483101005003"])
    alert_id: str | None = Field(description="Alert it is about", examples=["5d1c09b7e2f84a36"])
    about: About = Field(description="What is contested", examples=["data"])
    reason: str = Field(description="Code", examples=["count"])
    at: datetime = Field(description="Moment it was entered, UTC", examples=["2026-01-09T03:00:00Z"])
    acknowledged_at: datetime | None = Field(description="Within 15 days, UTC", examples=[None])
    decided_at: datetime | None = Field(description="Within 60 days, UTC", examples=[None])
    accepted: bool | None = Field(description="Null until it is decided", examples=[None])
    rescored_at: datetime | None = Field(description="When a list computed since its acceptance was there, UTC", examples=[None])
    before: str | None = Field(description="Name of the list that stood when it was accepted", examples=[None])
    after: str | None = Field(description="Name of the list that followed; the same where nothing moved", examples=[None])
    due_at: datetime | None = Field(description="When its next step is due, UTC; null once all is done", examples=["2026-01-24T03:00:00Z"])
    overdue: bool = Field(description="True where the next step is late", examples=[False])


class SilenceOrder(_Order):
    """An area that shall raise no alerts for a while."""

    area: str = Field(max_length=500, description="Path of the area or grid", examples=["330483/330483101"])
    hours: float = Field(ge=1, le=14 * 24, description="Hours from now; 14 days at most", examples=[48])
    reason: SilenceReason = Field(description="Why", examples=["data_fault"])


class SilenceState(_Answer):
    """An area that raises no alerts now or soon."""

    area: str = Field(description="Path of the area or grid", examples=["330483/330483101"])
    starts_at: datetime = Field(description="From, UTC", examples=["2026-01-09T03:00:00Z"])
    ends_at: datetime = Field(description="Until, UTC", examples=["2026-01-11T03:00:00Z"])
    reason: SilenceReason = Field(description="Why", examples=["data_fault"])


class NotAlerted(_Answer):
    """Grids above the threshold that raised no alert; nothing is dropped in silence."""

    as_of: date = Field(description="Date of the list", examples=["2026-01-09"])
    grids: dict[str, Outcome] = Field(description="grid_id and what held it", examples=[{"330483101005003": "capacity"}])


class DataNotices(_Answer):
    """Grids that could not be rated, which does not mean calm."""

    places: dict[str, int] = Field(
        description="Places in which no grid could be rated, and how many grids they have; an area speaks for all below it",
        examples=[{"330483/330483101": 12}],
    )


class Released(_Answer):
    """A list that is out now."""

    ranking_id: str = Field(description="Name of the list", examples=["3f2c9a0d51b7e846"])


States = Literal["open", "ended", "all"]
