"""/v1/alerts: what is to be looked at, how it stands, and the steps people take.

Routes of the field: feedback per reason, visits, and corrections. POST /v1/platforms/{name}/answers: an outside platform answers an alert
in the name of a person. Its message is signed as Standard Webhooks say, with the key `platform-NAME` of the home's keys. The account that
it names needs the right as if it had signed in itself; that a platform spoke for it is kept in the history and the audit trail, which
auditors alone read.
"""

import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.database.known_keys import known_secret
from features.errors import ChangedError, InputRefusedError, NotFoundError, NotSignedInError
from serving.accounts.accounts import find_account
from serving.accounts.permissions import Actor, Right
from serving.alerts.corrections import Correction, answer_correction, contest, list_corrections
from serving.alerts.feedback import Feedback, LoggedVisit, Visit, give_feedback, log_visit, verdicts
from serving.alerts.lifecycle import OPEN, Action, State, due_at
from serving.alerts.messages import signature_of
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
    wanted = TransitionRequest(order.action, order.reason, _version(alert_id, if_match), idempotency_key, order.to, order.department)
    after = take_step(reading.shelf.engine, actor, alert_id, wanted, reading.local_now(), reading.alerts.departments)
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


platform_router = APIRouter(prefix="/v1", tags=["platforms"])

SIGNED_WITHIN = timedelta(minutes=5)
REFUSED = "a message must be signed with the key of a platform that is configured, within five minutes. Sign it anew."

PlatformName = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,40}$", description="Name of the platform", examples=["portal"])]
MessageId = Annotated[
    str,
    Header(alias="webhook-id", min_length=8, max_length=64, description="Repeating it repeats the answer", examples=["message-1"]),
]
Moment = Annotated[
    str,
    Header(alias="webhook-timestamp", pattern=r"^[0-9]{10}$", description="Unix seconds of the signature", examples=["1767949200"]),
]
Signature = Annotated[
    str,
    Header(alias="webhook-signature", max_length=500, description="v1,BASE64, several separated by blanks", examples=["v1,YQ=="]),
]


class PlatformAnswer(BaseModel):
    """Answer of a person there."""

    model_config = ConfigDict(extra="forbid")

    account: str = Field(max_length=64, description="Login name of who answered", examples=["li"])
    alert_id: str = Field(max_length=64, description="Alert it is about", examples=["5d1c09b7e2f84a36"])
    version: int = Field(ge=1, description="Version of the alert that was answered", examples=[1])
    action: Action = Field(description="What to do", examples=["acknowledge"])
    reason: str = Field(max_length=40, description="Code of the closed list of that action", examples=["phoned"])
    to: str | None = Field(None, max_length=500, description="Only for hand_over: where to", examples=[None])
    department: str | None = Field(None, max_length=40, description="Only for hand_over: department instead", examples=[None])


@platform_router.post("/platforms/{name}/answers", responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def receive_answer(
    name: PlatformName, request: Request, state: ReadingOf, message_id: MessageId, moment: Moment, signature: Signature
) -> Alert:
    """Take an answer in the name of an account, and return the alert as it stands then."""
    body = await request.body()
    return await run_in_threadpool(_take_answer, state, name, (message_id, moment, signature), body)


def _take_answer(state: AppState, name: str, proof: tuple[str, str, str], body: bytes) -> Alert:
    _check_signature(state, name, proof, body)
    try:
        answer = PlatformAnswer.model_validate_json(body)
    except ValidationError as error:
        raise InputRefusedError("ANSWER", f"an answer must fit its description: {error.errors()[0]['msg']}. Mend it.") from error
    engine = state.shelf.engine
    account = find_account(engine, answer.account)
    actor = replace(account.actor, must_change_password=False)  # whoever answers there need never have signed in here
    if account.disabled_at or not actor.may(Right.READ_ALERTS):
        raise NotFoundError("an account must be named that may read alerts, found none of that name. List the accounts.")
    wanted = TransitionRequest(answer.action, answer.reason, answer.version, proof[0], answer.to, answer.department, platform=name)
    return take_step(engine, actor, answer.alert_id, wanted, state.local_now(), state.alerts.departments)


def _check_signature(state: AppState, name: str, proof: tuple[str, str, str], body: bytes) -> None:
    message_id, moment, signatures = proof
    signed_at = datetime.fromtimestamp(int(moment), UTC)
    if name not in {each.name for each in state.alerts.platforms} or abs(state.now() - signed_at) > SIGNED_WITHIN:
        raise NotSignedInError(REFUSED)
    key = known_secret(state.home, state.shelf.engine, f"platform-{name}")
    expected = f"v1,{signature_of(key, message_id, moment, body)}"
    if not any(hmac.compare_digest(expected, given) for given in signatures.split()):
        raise NotSignedInError(REFUSED)
