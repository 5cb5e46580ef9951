"""An outside platform answers in the name of a person: signed, within that person's rights, once, and seen by auditors alone."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select

from features.database.alert_tables import alert_transition
from features.database.engine import reading
from features.database.known_keys import known_secret
from serving.accounts.permissions import Role
from serving.alerts.messages import sign
from serving.alerts.queries import Wanted, history, list_alerts
from serving.app import create_app
from serving.settings import Platform
from tests.support.audit_entries import newest_entries
from tests.support.townships import NOW, OVERSEER, township
from tests.support.visitors import Clock, open_client, sign_up

PLATFORM = "portal"


@pytest.fixture
def app(townships):
    alerts = townships.settings.alerts.model_copy(update={"platforms": (Platform(name=PLATFORM),)})
    return create_app(townships.settings.model_copy(update={"alerts": alerts}), townships.home, Clock(NOW))


@pytest.fixture
def send(townships, app):
    """Return a function that sends an answer, signed unless told otherwise."""
    key = known_secret(townships.home, townships.engine, f"platform-{PLATFORM}")

    def post(answer, name=PLATFORM, key=key, at=NOW, message="message-1", sent=None):
        body = json.dumps(answer).encode()
        headers = sign(key, message, at, body)
        with open_client(app) as client:
            return client.post(f"/v1/platforms/{name}/answers", content=sent or body, headers=headers)

    return post


@pytest.fixture(scope="module")
def account(townships):
    return sign_up(townships.engine, NOW, Role.TOWNSHIP, township(1), "li")[0].name


@pytest.fixture
def answer(townships, account):
    first = next(each for each in list_alerts(townships.engine, OVERSEER, Wanted(), 500) if each.path.startswith(township(1)))
    return {"account": account, "alert_id": first.alert_id, "version": first.version, "action": "acknowledge", "reason": "phoned"}


def test_answer_in_a_persons_name_is_taken_once_and_recorded_as_such(townships, send, answer):
    taken = [send(answer) for _ in range(2)]

    assert [each.status_code for each in taken] == [200, 200]
    assert taken[0].json()["state"] == "acknowledged"
    assert taken[0].json() == taken[1].json()
    with reading(townships.engine) as connection:
        query = select(alert_transition.c.platform).where(alert_transition.c.alert_id == answer["alert_id"])
        assert connection.execute(query.order_by(alert_transition.c.version)).scalars().all() == [None, PLATFORM]
    assert PLATFORM in newest_entries(townships.engine, 1)[0].detail
    assert PLATFORM not in str(history(townships.engine, OVERSEER, answer["alert_id"])) + taken[0].text


@pytest.mark.parametrize(
    "forged",
    [
        {"key": b"x" * 32},
        {"name": "nobody"},
        {"at": NOW - timedelta(minutes=6)},
        {"at": NOW + timedelta(minutes=6)},
        {"sent": b"{}"},
    ],
)
def test_message_that_is_not_signed_by_a_platform_just_now_is_refused(send, answer, forged):
    assert send(answer, **forged).status_code == 401


def test_answer_beyond_the_rights_or_the_area_of_the_account_is_refused(townships, send, answer):
    foreign = next(each for each in list_alerts(townships.engine, OVERSEER, Wanted(), 500) if each.path.startswith(township(2)))

    assert send(answer | {"alert_id": foreign.alert_id, "version": foreign.version}).status_code == 404
    assert send(answer | {"account": "nobody"}, message="message-2").status_code == 404
    assert send(answer | {"version": 9}, message="message-3").status_code == 412
    assert send(answer | {"words": "free text"}, message="message-4").status_code == 422
