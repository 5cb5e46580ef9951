"""/v1/alerts: what is to be looked at, how it stands, and the steps people take.

Routes of the field: feedback per reason, visits, and corrections.
"""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from features.errors import ChangedError
from serving.accounts.permissions import Actor, Right
from serving.alerts.corrections import Correction, answer_correction, contest, list_corrections
from serving.alerts.feedback import Feedback, LoggedVisit, Visit, give_feedback, log_visit, verdicts
from serving.alerts.lifecycle import OPEN, State, due_at
from serving.alerts.queries import Wanted, find_alert, history, list_alerts
from serving.alerts.schemas import Alert
from serving.alerts.transitions import TransitionRequest, take_step
from serving.api.schemas import AlertPage, AlertPageOfOne, CorrectionAnswer, CorrectionOrder, CorrectionState, States, StepOrder, Verdicts
from serving.server.auth import needs
from serving.server.dependencies import AppState, ReadingOf
from serving.server.errors import described
from serving.server.responses import UNCHANGED
from serving.text import NOTICES

router = APIRouter(prefix="/v1", tags=["alerts"])

AlertReader = Annotated[Actor, Depends(needs(Right.READ_ALERTS))]
Answering = Annotated[Actor, Depends(needs(Right.ANSWER_ALERTS))]
AlertId = Annotated[str, Path(max_length=64, description="Name of the alert", examples=["5d1c09b7e2f84a36"])]
IdempotencyKey = Annotated[
    str, Header(min_length=8, max_length=64, description="Chosen by the caller; repeating it repeats the answer", examples=["6f1d2c3b"])
]
READ = described(HTTPStatus.NOT_FOUND)
CHANGE = described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
IN_STATES: dict[States, frozenset[State] | None] = {"open": OPEN, "ended": frozenset(State) - OPEN, "all": None}

field_router = APIRouter(prefix="/v1", tags=["field"])

CorrectionReader = Annotated[Actor, Depends(needs(Right.READ_CORRECTIONS))]
Deciding = Annotated[Actor, Depends(needs(Right.DECIDE_CORRECTIONS))]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the correction", examples=[1])]


class AlertQuery(BaseModel):
    """Filter of alerts."""

    model_config = ConfigDict(extra="forbid")

    state: States = Field("open", description="Still open, ended, or all", examples=["open"])
    owner: Literal["anyone", "mine"] = Field("anyone", description="`mine` are those with one's own unit", examples=["anyone"])
    area: str | None = Field(None, max_length=500, description="Path of an area or grid", examples=["330483/330483101"])
    overdue: bool = Field(False, description="True for open alerts whose next step is overdue", examples=[False])
    limit: int = Field(50, ge=1, le=500, description="Alerts per page", examples=[50])
    cursor: str | None = Field(None, max_length=64, description="`next` of the page before")


@router.get("/alerts", responses=READ)
def read_alerts(query: Annotated[AlertQuery, Query()], actor: AlertReader, reading: ReadingOf) -> AlertPage:
    """Return alerts of one's own area, those with the newest window first; units and places are never ranked."""
    overdue = (reading.alerts.due_hours, reading.now()) if query.overdue else None
    wanted = Wanted(IN_STATES[query.state], query.area, query.owner == "mine", query.cursor, overdue)
    found = list_alerts(reading.shelf.engine, actor, wanted, query.limit + 1)
    further = found[query.limit - 1].alert_id if len(found) > query.limit else None
    return AlertPage(notices=NOTICES, next=further, alerts=found[: query.limit])


@router.get("/alerts/{alert_id}", response_model=AlertPageOfOne, responses=READ | UNCHANGED)
def read_alert(request: Request, alert_id: AlertId, actor: AlertReader, reading: ReadingOf) -> Response:
    """Return one alert: its words as they were raised, where it stands, and its history without names."""
    found = find_alert(reading.shelf.engine, actor, alert_id)
    if found.sequel is None and found.etag in request.headers.get("if-none-match", ""):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=_headers(found))
    due = due_at(found.state, found.since, reading.alerts.due_hours)
    page = AlertPageOfOne(notices=NOTICES, alert=found, due_at=due, history=history(reading.shelf.engine, actor, alert_id))
    return Response(page.model_dump_json(), headers=_headers(found), media_type="application/json")


@router.post("/alerts/{alert_id}/transitions", response_model=Alert, responses=CHANGE | described(HTTPStatus.PRECONDITION_FAILED))
def transition_alert(
    alert_id: AlertId,
    order: StepOrder,
    actor: Answering,
    reading: ReadingOf,
    if_match: Annotated[str, Header(max_length=100, description="ETag of the alert as it was read", examples=['"5d1c09b7e2f84a36-1"'])],
    idempotency_key: IdempotencyKey,
) -> Response:
    """Take a step. Nothing happens to an alert but what people do, and its end with its window."""
    asked = TransitionRequest(order.action, order.reason, _version(alert_id, if_match), idempotency_key, order.to, order.department)
    after = take_step(reading.shelf.engine, actor, alert_id, asked, reading.local_now(), reading.alerts.departments)
    return Response(after.model_dump_json(), headers=_headers(after), media_type="application/json")


def _headers(found: Alert) -> dict[str, str]:
    return {"ETag": found.etag, "Cache-Control": "private, no-cache"}


def _version(alert_id: str, tag: str) -> int:
    """Read the version out of an ETag of this alert.

    Raises:
        ChangedError: it is none, so the alert does not match it.
    """
    start, _, version = tag.strip().removeprefix("W/").strip('"').rpartition("-")
    if start != alert_id or not (version.isascii() and version.isdigit()):
        raise ChangedError("If-Match must carry the ETag of this alert. Load it again and decide anew.")
    return int(version)


@field_router.get("/alerts/{alert_id}/feedback", responses=READ)
def read_feedback(alert_id: AlertId, actor: AlertReader, reading: ReadingOf) -> list[Verdicts]:
    """Return what was said of each reason, counted; never by whom."""
    found = verdicts(reading.shelf.engine, actor, alert_id)
    return [Verdicts(group=group, counts=dict(counts)) for group, counts in sorted(found.items())]


@field_router.post("/alerts/{alert_id}/feedback", responses=CHANGE)
def add_feedback(alert_id: AlertId, given: Feedback, actor: Answering, reading: ReadingOf, idempotency_key: IdempotencyKey) -> Feedback:
    """Say of one reason whether it holds: agrees, does_not, or cannot_tell."""
    return give_feedback(reading.shelf.engine, actor, alert_id, given, idempotency_key, reading.now())


@field_router.post("/visits", responses=CHANGE)
def add_visit(made: Visit, actor: Answering, reading: ReadingOf, idempotency_key: IdempotencyKey) -> LoggedVisit:
    """Enter a visit, prompted by an alert or of the usual round; what prompted it is kept with it."""
    return log_visit(reading.shelf.engine, actor, made, idempotency_key, reading.local_now())


@field_router.post("/alerts/{alert_id}/corrections", responses=CHANGE)
def add_correction(alert_id: AlertId, order: CorrectionOrder, actor: Answering, reading: ReadingOf) -> CorrectionState:
    """Contest data, a boundary or an explanation; it is acknowledged within 15 days and decided within 60."""
    return _state(contest(reading.shelf.engine, actor, alert_id, order.about, order.reason, reading.now()), reading)


@field_router.get("/corrections")
def read_corrections(actor: CorrectionReader, reading: ReadingOf) -> list[CorrectionState]:
    """Return what is contested in one's own area, the oldest first; auditors see it too."""
    return [_state(each, reading) for each in list_corrections(reading.shelf.engine, actor)]


@field_router.post("/corrections/{number}/steps", responses=CHANGE)
def step_correction(number: Number, order: CorrectionAnswer, actor: Deciding, reading: ReadingOf) -> CorrectionState:
    """Acknowledge a correction, or accept or refuse it."""
    return _state(answer_correction(reading.shelf.engine, actor, number, order.step, reading.now()), reading)


def _state(found: Correction, reading: AppState) -> CorrectionState:
    stated = {name: getattr(found, name) for name in CorrectionState.model_fields if name != "overdue"}
    return CorrectionState(**stated, overdue=found.overdue(reading.now()))
