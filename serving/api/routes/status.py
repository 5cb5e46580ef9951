"""GET and POST /v1/publishing: whether lists are shown, and the switch. GET /v1/models/current: the model of the newest list.

GET /healthz and /readyz: does the process answer, and can it read the ledger.
"""

from datetime import datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException
from pydantic import BaseModel, ConfigDict, Field

from features.storage.home import check_free_disk
from serving.accounts.permissions import Actor, Right
from serving.api.schemas import Health, ModelPage, ModelPublication, Readiness
from serving.rankings.entries import ListHead
from serving.rankings.pause_reasons import PauseReason
from serving.rankings.publishing import pause, publications, resume
from serving.server.auth import needs
from serving.server.dependencies import AppState, ReadingOf

router = APIRouter(prefix="/v1", tags=["publishing"])

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


@router.get("/publishing", dependencies=[Depends(needs(Right.READ_LISTS))])
async def read_publishing(reading: ReadingOf) -> PublishingState:
    """Tell whether lists are shown, and if not, since when, by whom and why."""
    return _state(reading)


@router.post("/publishing")
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
