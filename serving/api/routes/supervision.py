"""Supervision: suppressed alerts and why they were, silences, and the release of held lists."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from features.errors import NotFoundError
from serving.accounts.permissions import Actor, Right, Scope
from serving.alerts.queries import not_alerted, overdue
from serving.alerts.schemas import Alert
from serving.alerts.silences import Silence, data_notices, end_silence, list_silences, silence_area
from serving.api.routes.alerts import CHANGE, READ, AlertReader
from serving.api.schemas import DataNotices, NotAlerted, Released, SilenceOrder, SilenceState
from serving.rankings.publishing import held_lists, release
from serving.rankings.schemas import GridRow
from serving.server.auth import needs
from serving.server.dependencies import ListsOf, ReadingOf
from serving.text import IsoDay

router = APIRouter(prefix="/v1", tags=["supervision"])

Releasing = Annotated[Actor, Depends(needs(Right.RELEASE))]
Supervising = Annotated[Actor, Depends(needs(Right.SILENCE))]
RankingId = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$", description="Name of the list", examples=["3f2c9a0d51b7e846"])]


class DayQuery(BaseModel):
    """Day of the list."""

    model_config = ConfigDict(extra="forbid")

    date: IsoDay | None = Field(None, description="Date of the list; the newest without one", examples=["2026-01-09"])


@router.get("/overdue", include_in_schema=False)
def read_overdue(actor: AlertReader, reading: ReadingOf) -> list[Alert]:
    """Answer the old address of `/v1/alerts?overdue=true`: every overdue alert at once, by place."""
    return overdue(reading.shelf.engine, actor, reading.alerts.due_hours, reading.now())


@router.get("/suppressed-alerts", responses=READ)
def read_suppressed_alerts(query: Annotated[DayQuery, Query()], actor: AlertReader, reading: ListsOf) -> NotAlerted:
    """Return the grids of one's own area that were above the threshold and raised nothing, with the reason: capacity, say."""
    current = reading.shelf.current
    as_of = query.date or (current.head.entry.origin.as_of if current else None)
    if as_of is None:
        raise NotFoundError("No list was published. Run `yujing rank --as-of DATE`.")
    return NotAlerted(as_of=as_of, grids=not_alerted(reading.shelf.engine, actor.scope, as_of))


@router.get("/data-notices")
def read_data_notices(actor: AlertReader, reading: ListsOf) -> DataNotices:
    """Return the places of one's own area in which no grid could be rated on the newest list."""
    current = reading.shelf.current
    bodies = current.within(actor.scope, "grid") if current else ()
    return DataNotices(places=data_notices(GridRow.model_validate_json(body) for body in bodies))


@router.get("/silences")
def read_silences(actor: AlertReader, reading: ReadingOf) -> list[SilenceState]:
    """Return the silences of one's own area that have not ended."""
    return [_state(each) for each in list_silences(reading.shelf.engine, actor.scope, reading.now())]


@router.post("/silences")
def add_silence(order: SilenceOrder, actor: Supervising, reading: ReadingOf) -> SilenceState:
    """Let an area raise no alerts for a while; what that mutes is still listed as not alerted."""
    now = reading.now()
    asked = Silence(Scope(order.area), now, now + timedelta(hours=order.hours), order.reason)
    return _state(silence_area(reading.shelf.engine, actor, asked, now))


@router.delete("/silences", responses=CHANGE)
def end_silences(
    actor: Supervising, reading: ReadingOf, area: Annotated[str, Query(max_length=500, description="Path of the area or grid")]
) -> list[SilenceState]:
    """End at once what silences an area, and return what was ended."""
    return [_state(each) for each in end_silence(reading.shelf.engine, actor, Scope(area), reading.now())]


class ReleaseQuery(BaseModel):
    """Selection of releases."""

    model_config = ConfigDict(extra="forbid")

    status: Literal["pending"] = Field("pending", description="Held lists that nobody has released yet", examples=["pending"])


@router.get("/releases")
def read_releases(query: Annotated[ReleaseQuery, Query()], actor: Releasing, reading: ReadingOf) -> list[Released]:
    """Return the lists that wait for their release, the newest first."""
    del query
    return [Released(ranking_id=ranking_id) for ranking_id in held_lists(reading.shelf.engine, actor)]


@router.post("/rankings/{ranking_id}/release", responses=CHANGE)
def release_ranking(ranking_id: RankingId, actor: Releasing, reading: ReadingOf) -> Released:
    """Show a held list and its alerts from now on."""
    release(reading.shelf.engine, actor, ranking_id, reading.now())
    reading.shelf.refresh()
    return Released(ranking_id=ranking_id)


def _state(found: Silence) -> SilenceState:
    return SilenceState(area=found.area.path, starts_at=found.starts_at, ends_at=found.ends_at, reason=found.reason)
