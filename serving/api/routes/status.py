"""GET and POST /v1/publishing: whether lists are shown, and the switch.

GET /v1/models/current: which model made the newest list, and who put it there.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from serving.accounts.permissions import Actor, Right
from serving.api.schemas import ModelPage, ModelPublication
from serving.rankings.entries import ListHead
from serving.rankings.pause_reasons import PauseReason
from serving.rankings.publishing import pause, publications, resume
from serving.server.auth import needs
from serving.server.dependencies import AppState, ReadingOf

router = APIRouter(prefix="/v1", tags=["publishing"])

Switcher = Annotated[Actor, Depends(needs(Right.PAUSE))]

model_router = APIRouter(prefix="/v1", tags=["model"])


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
