"""GET /: the command screen."""

from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from features.errors import NotFoundError
from serving.accounts.permissions import Right, Role
from serving.dates import IsoDay
from serving.pages.command_view import CommandView, find_area, view_command
from serving.pages.layout import HEADERS, day_text, end_text, moment_text, render
from serving.pages.list_dates import ShownDay, find_day
from serving.pages.map_view import address
from serving.pages.page import ListViewer, PageRoute, Viewer, Visitor
from serving.pages.translations import Translator
from serving.rankings.schemas import Level
from serving.server.auth import keep_wall_signed_in

router = APIRouter(route_class=PageRoute, include_in_schema=False)


class CommandQuery(BaseModel):
    """Which part of which list."""

    model_config = ConfigDict(extra="forbid")

    date: IsoDay | None = None
    area: str | None = Field(None, max_length=500)
    level: Level | None = None


@router.get("/")
def show_command(request: Request, query: Annotated[CommandQuery, Query()], viewer: Visitor) -> Response:
    """Show a day's list to the command centre; staff begin at their notices, auditors at what is contested."""
    if viewer.actor.role in (Role.GRID_WORKER, Role.DEPARTMENT):
        return RedirectResponse("/alerts")
    if not viewer.actor.may(Right.READ_LISTS):
        return RedirectResponse("/corrections")
    settings = viewer.site.settings
    day = find_day(viewer.reading, query.date)
    stale = query.date is None and viewer.reading.freshness.stale(day.entry, viewer.now)
    view = view_command(viewer, day, query.area or None, query.level, timedelta(days=settings.ranking.stale_source_days))
    page = render(
        request,
        "command.html",
        viewer.actor,
        view=view,
        day=day,
        node=query.area,
        date=query.date,
        newest=query.date is None,
        stale=stale,
        address=address,
        export_address=f"/export?{urlencode({'date': day.as_of, 'area': view.area.node})}",
        grids_address=f"/grids?{urlencode({'date': day.as_of, 'area': view.area.node})}",
        headline=_headline(view, viewer.t, newest=day.next is None and not stale),
        **_said(viewer, day, view),
    )
    if viewer.actor.role == Role.WALL:
        keep_wall_signed_in(request, page, secure=settings.serving.behind_proxy)
    return page


@router.get("/map")
def show_map(query: Annotated[CommandQuery, Query()], viewer: ListViewer) -> Response:
    """Return the grids of an area with the colours of a day, as a file for the browser to draw."""
    day = find_day(viewer.reading, query.date)
    area = find_area(viewer.scope, day, query.area)
    if not viewer.site.atlas.has_polygons(viewer.engine, day.listed.head.ranking_id, area.node):
        raise NotFoundError("No borders of these grids are known. Ingest a grid file with geometry.")
    drawn = viewer.site.atlas.packed(viewer.engine, day.listed, area.node)
    return Response(drawn.file + drawn.levels, headers=HEADERS, media_type="application/octet-stream")


def _said(viewer: Viewer, day: ShownDay, view: CommandView) -> dict[str, Any]:
    t, zone, origin = viewer.t, viewer.site.settings.tz, day.entry.origin
    last = day.as_of + timedelta(days=origin.horizon_days - 1)
    return {
        "said_day": day_text(day.as_of, t, weekday=True),
        "published": moment_text(day.entry.published_at, t, zone),
        "data_through": end_text(origin.data_through, t, zone),
        "valid_days": t("valid_days", start=_short(day.as_of, t), end=_short(last, t)),
        "source_said": [
            t("late_days", n=source.days_behind)
            if source.days_behind
            else t("source_through", at=moment_text(source.through, t, zone))
            if source.through
            else t("source_never")
            for source in view.sources
        ],
    }


def _headline(view: CommandView, t: Translator, *, newest: bool) -> str:
    count, entered = view.totals.levels["3"], view.totals.entered
    if not newest:
        return t("headline_past", n=count)
    if not count:
        return t("headline_calm")
    return t("headline", n=count, new=entered) if entered else t("headline_first", n=count)


def _short(day: date, t: Translator) -> str:
    return t("short_day", month=day.month, day=day.day)
