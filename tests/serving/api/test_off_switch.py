"""Publishing is paused and resumed in another process, and this one follows."""

import asyncio
import json
import time

import pytest

from serving.accounts.sessions import open_session
from serving.alerts.queries import Wanted, list_alerts
from serving.app import create_app
from serving.rankings.pause_reasons import PauseReason
from serving.rankings.publishing import pause, resume
from serving.server import list_cache
from serving.server.auth import COOKIE
from serving.settings import Settings
from tests.support.access_matrix import Request, by, running
from tests.support.audit_entries import newest_entries
from tests.support.townships import NOW, OVERSEER, fill
from tests.support.visitors import PASSWORD, Clock, sign_up

FOLLOWS_WITHIN_SECONDS = 5


@pytest.fixture
def engine(empty_engine):
    fill(empty_engine)
    return empty_engine


@pytest.fixture
def account(engine):
    return sign_up(engine, NOW)


@pytest.fixture
def ask(engine, account):
    """Return requests for the list, as a program and as a person asks for it, and for a step of an alert."""
    actor, token = account
    secret, _ = open_session(engine, actor.name, PASSWORD, NOW)
    alert = list_alerts(engine, OVERSEER, Wanted(), 1)[0]
    headers = by(token) | {"If-Match": f'"{alert.alert_id}-{alert.version}"', "Idempotency-Key": "key-00000001"}
    body = json.dumps({"action": "acknowledge", "reason": "phoned"})
    return {
        "list": Request("GET", "/v1/rankings", headers=by(token)),
        "page": Request("GET", "/", headers={"cookie": f"{COOKIE}={secret}"}),
        "step": Request("POST", f"/v1/alerts/{alert.alert_id}/transitions", body=body, headers=headers),
    }


async def follow(application, request, status):
    """Ask until an answer has a status, or the time is over, and return the last answer."""
    end = time.monotonic() + FOLLOWS_WITHIN_SECONDS
    while (answer := await application.ask(request)).status != status and time.monotonic() < end:
        await asyncio.sleep(0)
    return answer


async def switch_off_and_on(home, engine, by_whom, ask):
    """Return the answers while publishing is paused, and the status of the list once it is resumed."""
    async with running(create_app(Settings(), home, Clock(NOW))) as application:
        before = await application.ask(ask["list"])
        pause(engine, by_whom, PauseReason.MODEL_FAULT, NOW)
        answers = {name: await follow(application, ask[name], 503) for name in ("list", "page")}
        answers["step"] = await application.ask(ask["step"])
        resume(engine, by_whom, NOW)
        return answers, [before.status, (await follow(application, ask["list"], 200)).status]


def test_lists_are_gone_within_five_seconds_and_back_as_soon_while_alerts_stay_workable(home, engine, account, ask):
    account_id = account[0].account_id

    answers, open_statuses = asyncio.run(switch_off_and_on(home, engine, account_id, ask))

    assert {"list": 503, "page": 503, "step": 200} == {name: answer.status for name, answer in answers.items()}
    assert [200, 200] == open_statuses
    said = json.loads(answers["list"].body)["detail"]
    assert f"{account_id} paused publishing at {NOW.isoformat()} (model_fault)" in said
    assert f"{account_id}于2026-01-09 16:00暂停发布" in answers["page"].body.decode()
    assert ["publishing.pause", "publishing.resume"] == [
        each.action for each in reversed(newest_entries(engine, 9)) if each.actor_id == account_id and each.action.startswith("publishing")
    ]


@pytest.mark.full
def test_service_that_never_looks_at_the_switch_would_be_found(home, engine, account, ask, monkeypatch):
    monkeypatch.setattr(list_cache, "paused", lambda _: None)

    answers, _ = asyncio.run(switch_off_and_on(home, engine, account[0].account_id, ask))

    assert {"list": 200, "page": 200, "step": 200} == {name: answer.status for name, answer in answers.items()}
