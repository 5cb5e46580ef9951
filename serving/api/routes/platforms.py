"""POST /v1/platforms/{name}/answers: an outside platform answers an alert in the name of a person, by a signed message.

The message is signed as Standard Webhooks say, with the key `platform-NAME` of the home's keys. The account that it names needs the right
as if it had signed in itself; that a platform spoke for it is kept in the history and the audit trail, which auditors alone read.
"""

import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from features.database.known_keys import known_secret
from features.errors import InputRefusedError, NotFoundError, NotSignedInError
from serving.accounts.accounts import find_account
from serving.accounts.permissions import Right
from serving.alerts.lifecycle import Action
from serving.alerts.messages import signature_of
from serving.alerts.schemas import Alert
from serving.alerts.transitions import TransitionRequest, take_step
from serving.server.dependencies import AppState, ReadingOf
from serving.server.errors import described

router = APIRouter(prefix="/v1", tags=["platforms"])

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


@router.post("/platforms/{name}/answers", responses=described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT))
async def receive_answer(
    name: PlatformName, request: Request, state: ReadingOf, message_id: MessageId, moment: Moment, signature: Signature
) -> Alert:
    """Take an answer in the name of an account, and return the alert as it stands then."""
    body = await request.body()
    return await run_in_threadpool(_take, state, name, (message_id, moment, signature), body)


def _take(state: AppState, name: str, proof: tuple[str, str, str], body: bytes) -> Alert:
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
    asked = TransitionRequest(answer.action, answer.reason, answer.version, proof[0], answer.to, answer.department, platform=name)
    return take_step(engine, actor, answer.alert_id, asked, state.local_now(), state.alerts.departments)


def _check_signature(state: AppState, name: str, proof: tuple[str, str, str], body: bytes) -> None:
    message_id, moment, signatures = proof
    signed_at = datetime.fromtimestamp(int(moment), UTC)
    if name not in {each.name for each in state.alerts.platforms} or abs(state.now() - signed_at) > SIGNED_WITHIN:
        raise NotSignedInError(REFUSED)
    key = known_secret(state.home, state.shelf.engine, f"platform-{name}")
    expected = f"v1,{signature_of(key, message_id, moment, body)}"
    if not any(hmac.compare_digest(expected, given) for given in signatures.split()):
        raise NotSignedInError(REFUSED)
