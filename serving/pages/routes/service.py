"""/service: what those on duty switch: the pause, the release of held lists, silences; and what was not alerted and why."""

from collections import Counter
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from features.errors import NotFoundError
from serving.accounts.permissions import Right, Scope
from serving.alerts.queries import not_alerted
from serving.alerts.silences import Silence, SilenceReason, end_silence, list_silences, silence_area
from serving.pages.handling_view import names_of
from serving.pages.layout import moment_text, render
from serving.pages.page import PageRoute, Viewer, viewer_with
from serving.rankings.pause_reasons import PauseReason
from serving.rankings.publishing import held_lists, pause, release, resume

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Viewer, Depends(viewer_with(Right.READ_LISTS))]
Switcher = Annotated[Viewer, Depends(viewer_with(Right.PAUSE))]
Releaser = Annotated[Viewer, Depends(viewer_with(Right.RELEASE))]
Silencer = Annotated[Viewer, Depends(viewer_with(Right.SILENCE))]
LONGEST_HOURS = 14 * 24


@router.get("/service")
def show_service(request: Request, viewer: Reader) -> Response:
    """Show the switches that the reader may use."""
    names, current, zone = names_of(viewer), viewer.reading.shelf.current, viewer.site.settings.tz
    held = not_alerted(viewer.engine, viewer.scope, current.head.entry.origin.as_of) if current else {}
    silent = [
        (each.area.path, names.title(each.area.path), viewer.t(f"silence_{each.reason}"), moment_text(each.ends_at, viewer.t, zone))
        for each in list_silences(viewer.engine, viewer.scope, viewer.now)
    ]
    areas = sorted(path for path in [*names.areas, viewer.scope.path] if path and viewer.scope.covers(path))
    return render(
        request,
        "service.html",
        viewer.actor,
        pause=viewer.reading.shelf.pause,
        reasons=tuple(PauseReason),
        held=held_lists(viewer.engine, viewer.actor) if viewer.actor.may(Right.RELEASE) else (),
        silences=silent,
        silence_reasons=tuple(SilenceReason),
        areas=[(path, names.title(path)) for path in dict.fromkeys(areas)],
        longest=LONGEST_HOURS,
        not_alerted=sorted(Counter(held.values()).items()),
    )


@router.post("/service/pause")
def switch(viewer: Switcher, reason: Annotated[PauseReason | None, Form()] = None) -> Response:
    """Pause publishing for a reason, or resume it without one."""
    if reason:
        pause(viewer.engine, viewer.actor.account_id, reason, viewer.now)
    else:
        resume(viewer.engine, viewer.actor.account_id, viewer.now)
    viewer.reading.shelf.refresh()
    return _back()


@router.post("/service/lists/{ranking_id}/release")
def release_list(viewer: Releaser, ranking_id: Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]) -> Response:
    """Show a held list and its alerts from now on."""
    release(viewer.engine, viewer.actor, ranking_id, viewer.now)
    viewer.reading.shelf.refresh()
    return _back()


@router.post("/service/silences")
def add_silence(
    viewer: Silencer,
    area: Annotated[str, Form(max_length=500)],
    hours: Annotated[int, Form(ge=1, le=LONGEST_HOURS)],
    reason: Annotated[SilenceReason, Form()],
) -> Response:
    """Let an area raise no alerts for a while."""
    asked = Silence(Scope(area), viewer.now, viewer.now + timedelta(hours=hours), reason)
    silence_area(viewer.engine, viewer.actor, asked, viewer.now)
    return _back()


@router.post("/service/silences/end")
def end(viewer: Silencer, area: Annotated[str, Form(max_length=500)]) -> Response:
    """Let a silenced area raise alerts again at once."""
    with suppress(NotFoundError):  # it ended while the page was read
        end_silence(viewer.engine, viewer.actor, Scope(area), viewer.now)
    return _back()


def _back() -> Response:
    return RedirectResponse("/service", HTTPStatus.SEE_OTHER)
