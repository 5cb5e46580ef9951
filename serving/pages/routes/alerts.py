"""GET /alerts and /alerts/{alert_id}, and what is answered there: plain forms, sent once however often they are repeated."""

import secrets
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from fastapi.responses import RedirectResponse

from features.errors import ConflictError
from serving.access.actor import Right
from serving.alerts.answering import Asked, take_step
from serving.alerts.feedback import Feedback, Verdict, give_feedback
from serving.alerts.life import Action
from serving.alerts.store import find_alert
from serving.alerts.visits import Found, Visit, log_visit
from serving.pages.alert import view_alert, view_alerts
from serving.pages.frame import render, said_moment
from serving.pages.page_route import PageRoute
from serving.pages.viewer import Viewer, viewer_with

router = APIRouter(route_class=PageRoute, include_in_schema=False)

AlertId = Annotated[str, Path(max_length=64)]
Key = Annotated[str, Form(min_length=16, max_length=64)]
AlertViewer = Annotated[Viewer, Depends(viewer_with(Right.READ_ALERTS))]
KEY_BYTES = 16


@router.get("/alerts")
def show_alerts(request: Request, viewer: AlertViewer) -> Response:
    """Show the alerts in reach, those that wait for an answer first."""
    view = view_alerts(viewer)
    at = said_moment(viewer.now, viewer.t, viewer.site.settings.tz)
    return render(request, "alerts.html", viewer.actor, view=view, synced=at)


@router.get("/alerts/{alert_id}")
def show_alert(request: Request, alert_id: AlertId, viewer: AlertViewer) -> Response:
    """Show one alert."""
    view = view_alert(viewer, alert_id, secrets.token_urlsafe(KEY_BYTES))
    zone, t = viewer.site.settings.tz, viewer.t
    last = view.alert.ends - timedelta(days=1)
    return render(
        request,
        "alert.html",
        viewer.actor,
        view=view,
        synced=said_moment(viewer.now, t, zone),
        last_day=t("short_day", month=last.month, day=last.day),
        past=[(t(f"did_{each.action}"), said_moment(each.at, t, zone)) for each in view.past],
        Verdict=Verdict,
        Found=Found,
    )


@router.post("/alerts/{alert_id}/answer")
def answer_alert(
    alert_id: AlertId, viewer: AlertViewer, answer: Annotated[str, Form(max_length=100)], version: Annotated[int, Form(ge=1)], key: Key
) -> Response:
    """Take a step; a copy of the page that is out of date is refused."""
    action, _, reason = answer.partition(":")
    if action not in set(Action):
        raise ConflictError("an answer must be one of the buttons. Load the page again.")
    asked = Asked(Action(action), reason, version, key)
    after = take_step(viewer.engine, viewer.actor, alert_id, asked, viewer.local_now)
    return _back_to(after.alert_id)


@router.post("/alerts/{alert_id}/feedback")
def tell_of_reason(
    alert_id: AlertId, viewer: AlertViewer, group: Annotated[str, Form(max_length=100)], verdict: Annotated[Verdict, Form()], key: Key
) -> Response:
    """Keep what the field says of a reason."""
    given = Feedback(group=group, verdict=verdict)
    give_feedback(viewer.engine, viewer.actor, alert_id, given, f"{key}-{group}-{verdict}", viewer.now)
    return _back_to(alert_id)


@router.post("/alerts/{alert_id}/visit")
def tell_of_visit(alert_id: AlertId, viewer: AlertViewer, found: Annotated[Found, Form()], key: Key) -> Response:
    """Keep a visit of today."""
    alert = find_alert(viewer.engine, viewer.actor, alert_id)
    made = Visit(grid_id=alert.grid_id, alert_id=alert_id, visited_on=viewer.local_now.date(), found=found)
    log_visit(viewer.engine, viewer.actor, made, f"{key}-visit", viewer.local_now)
    return _back_to(alert_id)


def _back_to(alert_id: str) -> Response:
    return RedirectResponse(f"/alerts/{alert_id}", HTTPStatus.SEE_OTHER)
