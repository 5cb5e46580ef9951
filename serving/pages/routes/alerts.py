"""GET /alerts and /alerts/{alert_id}, and what is answered there: plain forms, sent once however often they are repeated."""

import secrets
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, ConfigDict, Field

from features.errors import ChangedError, ConflictError, NotFoundError
from serving.accounts.permissions import Right
from serving.alerts.feedback import Feedback, Found, ReasonFeedback, Visit, give_feedback, log_visit, visits_of_alert
from serving.alerts.lifecycle import REASONS, Action
from serving.alerts.queries import find_alert
from serving.alerts.transitions import TransitionRequest, take_step
from serving.alerts.worklist import Part
from serving.pages.alert_list_view import PAGE_SIZE, AlertsQuery, view_alerts
from serving.pages.alert_view import view_alert
from serving.pages.layout import moment_text, render
from serving.pages.page import PageRoute, Viewer, viewer_with
from serving.text import ATTENTION

router = APIRouter(route_class=PageRoute, include_in_schema=False)

AlertId = Annotated[str, Path(max_length=64)]
Key = Annotated[str, Form(min_length=16, max_length=64)]
AlertViewer = Annotated[Viewer, Depends(viewer_with(Right.READ_ALERTS))]
KEY_BYTES = 16
ASKED_WITHIN = timedelta(minutes=1)
"""Time in which a second visit is taken for a slip of the finger."""


@router.get("/alerts")
def show_alerts(request: Request, query: Annotated[AlertsQuery, Query()], viewer: AlertViewer) -> Response:
    """Show the alerts in reach, overdue ones first."""
    view = view_alerts(viewer, query)
    return render(
        request,
        "alerts.html",
        viewer.actor,
        view=view,
        listed=viewer.reading.shelf.current is not None,
        synced=moment_text(viewer.now, viewer.t, viewer.site.settings.tz),
        key=secrets.token_urlsafe(KEY_BYTES),
        Part=Part,
        levels=ATTENTION,
        sign_reasons=REASONS[Action.ACKNOWLEDGE],
    )


@router.post("/alerts/sign")
def sign_many(
    viewer: AlertViewer, reason: Annotated[str, Form(max_length=40)], key: Key, tag: Annotated[list[str] | None, Form()] = None
) -> Response:
    """Sign for all alerts that were ticked; those that changed meanwhile stay as they are, and are counted."""
    refused = 0
    for chosen in (tag or [])[:PAGE_SIZE]:
        alert_id, _, version = chosen.rpartition("-")
        asked = TransitionRequest(Action.ACKNOWLEDGE, reason, int(version) if version.isdecimal() else 0, f"{key}-{alert_id}")
        try:
            take_step(viewer.engine, viewer.actor, alert_id, asked, viewer.local_now)
        except (NotFoundError, ChangedError, ConflictError):
            refused += 1
    signed = len(tag or []) - refused
    return RedirectResponse(f"/alerts?signed={signed}&refused={refused}", HTTPStatus.SEE_OTHER)


@router.get("/alerts/{alert_id}")
def show_alert(request: Request, alert_id: AlertId, viewer: AlertViewer, *, again: Annotated[Found | None, Query()] = None) -> Response:
    """Show one alert; `again` asks whether a second visit within a minute is meant."""
    view = view_alert(viewer, alert_id, secrets.token_urlsafe(KEY_BYTES))
    zone, t = viewer.site.settings.tz, viewer.t
    last = view.alert.ends - timedelta(days=1)
    return render(
        request,
        "alert.html",
        viewer.actor,
        view=view,
        synced=moment_text(viewer.now, t, zone),
        last_day=t("short_day", month=last.month, day=last.day),
        Verdict=ReasonFeedback,
        Found=Found,
        again=again,
    )


class AnswerForm(BaseModel):
    """A step as a form sends it."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    reason: str = Field(max_length=40)
    version: int = Field(ge=1)
    key: str = Field(min_length=16, max_length=64)
    csrf: str = Field("", max_length=100)
    to: str | None = Field(None, max_length=500)
    department: str | None = Field(None, max_length=40)


@router.post("/alerts/{alert_id}/answer")
def answer_alert(alert_id: AlertId, viewer: AlertViewer, form: Annotated[AnswerForm, Form()]) -> Response:
    """Take a step; a copy of the page that is out of date is refused."""
    asked = TransitionRequest(form.action, form.reason, form.version, form.key, form.to or None, form.department or None)
    departments = viewer.site.settings.alerts.departments
    after = take_step(viewer.engine, viewer.actor, alert_id, asked, viewer.local_now, departments)
    try:
        find_alert(viewer.engine, viewer.actor, after.alert_id)
    except NotFoundError:  # it was handed to somebody else
        return RedirectResponse("/alerts", HTTPStatus.SEE_OTHER)
    return _back_to(after.alert_id)


@router.post("/alerts/{alert_id}/feedback")
def tell_of_reason(
    alert_id: AlertId,
    viewer: AlertViewer,
    group: Annotated[str, Form(max_length=100)],
    verdict: Annotated[ReasonFeedback, Form()],
    key: Key,
) -> Response:
    """Keep what the field says of a reason."""
    given = Feedback(group=group, verdict=verdict)
    give_feedback(viewer.engine, viewer.actor, alert_id, given, f"{key}-{group}-{verdict}", viewer.now)
    return _back_to(alert_id)


@router.post("/alerts/{alert_id}/visit")
def record_visit(
    alert_id: AlertId, viewer: AlertViewer, found: Annotated[Found, Form()], key: Key, again: Annotated[bool, Form()] = False
) -> Response:
    """Keep a visit of today; a second one within a minute is asked about first."""
    alert = find_alert(viewer.engine, viewer.actor, alert_id)
    recent = [each for each in visits_of_alert(viewer.engine, viewer.actor, alert_id) if each.own and viewer.now - each.at < ASKED_WITHIN]
    if recent and not again:
        return RedirectResponse(f"/alerts/{alert_id}?again={found}#visit", HTTPStatus.SEE_OTHER)
    made = Visit(grid_id=alert.grid_id, alert_id=alert_id, visited_on=viewer.local_now.date(), found=found)
    log_visit(viewer.engine, viewer.actor, made, f"{key}-visit", viewer.local_now)
    return _back_to(alert_id)


def _back_to(alert_id: str) -> Response:
    return RedirectResponse(f"/alerts/{alert_id}", HTTPStatus.SEE_OTHER)
