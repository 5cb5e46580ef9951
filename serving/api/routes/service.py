"""Operation of the service: its health, the model in use, and what those on duty switch.

GET and POST /v1/publishing: whether lists are shown, and the switch. GET /v1/models/current: the model of the newest list.
GET /healthz and /readyz: does the process answer, and can it read the ledger.
Supervision: suppressed alerts and why they were, silences, and the release of held lists.
"""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, HTTPException, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from features.errors import NotFoundError
from features.storage.home import check_free_disk
from serving.accounts.permissions import Actor, Right, Scope
from serving.alerts.queries import not_alerted, overdue
from serving.alerts.schemas import Alert
from serving.alerts.silences import Silence, data_notices, end_silence, list_silences, silence_area
from serving.api.routes.alerts import CHANGE, READ, AlertReader
from serving.api.schemas import (
    DataNotices,
    Health,
    ModelPage,
    ModelPublication,
    NotAlerted,
    Readiness,
    Released,
    SilenceOrder,
    SilenceState,
)
from serving.rankings.entries import ListHead
from serving.rankings.pause_reasons import PauseReason
from serving.rankings.publishing import held_lists, pause, publications, release, resume
from serving.rankings.schemas import GridRow
from serving.server.auth import needs
from serving.server.dependencies import AppState, ListsOf, ReadingOf
from serving.text import IsoDay

publishing_router = APIRouter(prefix="/v1", tags=["publishing"])

Switcher = Annotated[Actor, Depends(needs(Right.PAUSE))]

model_router = APIRouter(prefix="/v1", tags=["model"])

health_router = APIRouter(tags=["health"])

DAMAGED = "The newest list is not as it was published and not shown. yujing doctor says why; restore the backup."


class PublishingState(BaseModel):
    """Whether lists are shown."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    paused: bool = Field(description="True while lists are neither shown nor made; alerts stay workable", examples=[True])
    by: str | None = Field(None, description="Pseudonym of who paused it", examples=["a5c0ffee0123"])
    since: datetime | None = Field(None, description="Moment of the pause, UTC", examples=["2026-01-09T03:00:00Z"])
    reason: PauseReason | None = Field(None, description="Why", examples=["data_fault"])


class Switch(BaseModel):
    """Request to pause or resume."""

    model_config = ConfigDict(extra="forbid")

    pause: PauseReason | None = Field(description="Why lists are paused; null shows and makes them again", examples=["data_fault"])


@publishing_router.get("/publishing", dependencies=[Depends(needs(Right.READ_LISTS))])
async def read_publishing(reading: ReadingOf) -> PublishingState:
    """Tell whether lists are shown, and if not, since when, by whom and why."""
    return _state(reading)


@publishing_router.post("/publishing")
def switch_publishing(switch: Switch, actor: Switcher, reading: ReadingOf) -> PublishingState:
    """Pause publishing, or resume it; other processes follow within seconds."""
    if switch.pause:
        pause(reading.shelf.engine, actor.account_id, switch.pause, reading.now())
    else:
        resume(reading.shelf.engine, actor.account_id, reading.now())
    reading.shelf.refresh()
    return _state(reading)


def _state(reading: AppState) -> PublishingState:
    held = reading.shelf.pause
    return PublishingState(paused=True, **vars(held)) if held else PublishingState(paused=False)


@model_router.get("/models/current", dependencies=[Depends(needs(Right.READ_MODELS))])
def read_current_model(reading: ReadingOf) -> ModelPage:
    """Return the model behind the newest list and the dated record of what was in use, by whom and why."""
    current = reading.shelf.current
    return ModelPage(
        ranking=ListHead.of(current.head.entry) if current else None,
        publications=[ModelPublication(**row) for row in publications(reading.shelf.engine)],
    )


@health_router.get("/healthz")
async def read_health() -> Health:
    """Answer as long as the process lives."""
    return Health(status="ok")


@health_router.get("/readyz")
def read_readiness(reading: ReadingOf) -> Readiness:
    """Answer once the newest list is loaded, or it is certain that there is none; what waits for upkeep is said beside it.

    Raises:
        StoreError: the store cannot be read, or the disk is too full to publish.
        HTTPException: the newest list is damaged, a list is due and missing, or a task beside the service is stuck.
    """
    check_free_disk(reading.home)
    if overdue := reading.overdue(reading.now()):
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, "; ".join(text.en for text in overdue).capitalize() + ".")
    reading.shelf.refresh()
    if reading.shelf.fault:
        raise HTTPException(HTTPStatus.SERVICE_UNAVAILABLE, DAMAGED)
    current = reading.shelf.current
    waiting = list(reading.health())
    return Readiness(status="ready", ranking_id=current.head.ranking_id if current else None, attention=waiting)


supervision_router = APIRouter(prefix="/v1", tags=["supervision"])

Releasing = Annotated[Actor, Depends(needs(Right.RELEASE))]
Supervising = Annotated[Actor, Depends(needs(Right.SILENCE))]
RankingId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="Name of the list", examples=["3f2c9a0d51b7e846"])]


class DayQuery(BaseModel):
    """Day of the list."""

    model_config = ConfigDict(extra="forbid")

    date: IsoDay | None = Field(None, description="Date of the list; the newest without one", examples=["2026-01-09"])


@supervision_router.get("/overdue", include_in_schema=False)
def read_overdue(actor: AlertReader, reading: ReadingOf) -> list[Alert]:
    """Answer the old address of `/v1/alerts?overdue=true`: every overdue alert at once, by place."""
    return overdue(reading.shelf.engine, actor, reading.alerts.due_hours, reading.now())


@supervision_router.get("/suppressed-alerts", responses=READ)
def read_suppressed_alerts(query: Annotated[DayQuery, Query()], actor: AlertReader, reading: ListsOf) -> NotAlerted:
    """Return the grids of one's own area that were above the threshold and raised nothing, with the reason: capacity, say."""
    current = reading.shelf.current
    as_of = query.date or (current.head.entry.origin.as_of if current else None)
    if as_of is None:
        raise NotFoundError("No list was published. Run `yujing rank --as-of DATE`.")
    return NotAlerted(as_of=as_of, grids=not_alerted(reading.shelf.engine, actor.scope, as_of))


@supervision_router.get("/data-notices")
def read_data_notices(actor: AlertReader, reading: ListsOf) -> DataNotices:
    """Return the places of one's own area in which no grid could be rated on the newest list."""
    current = reading.shelf.current
    bodies = current.within(actor.scope, "grid") if current else ()
    return DataNotices(places=data_notices(GridRow.model_validate_json(body) for body in bodies))


@supervision_router.get("/silences")
def read_silences(actor: AlertReader, reading: ReadingOf) -> list[SilenceState]:
    """Return the silences of one's own area that have not ended."""
    return [_silence_state(each) for each in list_silences(reading.shelf.engine, actor.scope, reading.now())]


@supervision_router.post("/silences")
def add_silence(order: SilenceOrder, actor: Supervising, reading: ReadingOf) -> SilenceState:
    """Let an area raise no alerts for a while; what that mutes is still listed as not alerted."""
    now = reading.now()
    wanted = Silence(Scope(order.area), now, now + timedelta(hours=order.hours), order.reason)
    return _silence_state(silence_area(reading.shelf.engine, actor, wanted, now))


@supervision_router.delete("/silences", responses=CHANGE)
def end_silences(
    actor: Supervising, reading: ReadingOf, area: Annotated[str, Query(max_length=500, description="Path of the area or grid")]
) -> list[SilenceState]:
    """End at once what silences an area, and return what was ended."""
    return [_silence_state(each) for each in end_silence(reading.shelf.engine, actor, Scope(area), reading.now())]


class ReleaseQuery(BaseModel):
    """Selection of releases."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["pending"] = Field("pending", description="Held lists that nobody has released yet", examples=["pending"])


@supervision_router.get("/releases")
def read_releases(query: Annotated[ReleaseQuery, Query()], actor: Releasing, reading: ReadingOf) -> list[Released]:
    """Return the lists that wait for their release, the newest first."""
    del query
    return [Released(ranking_id=ranking_id) for ranking_id in held_lists(reading.shelf.engine, actor)]


@supervision_router.post("/rankings/{ranking_id}/release", responses=CHANGE)
def release_ranking(ranking_id: RankingId, actor: Releasing, reading: ReadingOf) -> Released:
    """Show a held list and its alerts from now on."""
    release(reading.shelf.engine, actor, ranking_id, reading.now())
    reading.shelf.refresh()
    return Released(ranking_id=ranking_id)


def _silence_state(found: Silence) -> SilenceState:
    return SilenceState(area=found.area.path, starts_at=found.starts_at, ends_at=found.ends_at, reason=found.reason)
