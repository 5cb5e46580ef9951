import json
from dataclasses import replace
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
from tests.serving.alerts.conftest import QUIET
from tests.support.audit_entries import newest_entries
from tests.support.published_world import PUBLISHED_AT
from tests.support.townships import NOW, OVERSEER, township
from tests.support.visitors import Clock, open_client, sign_up

RAISED = 9
"""Alerts of the world's list: its top quarter."""
ELSEWHERE = "990101/990101002"


def step(client, alert, action="acknowledge", reason="phoned", tag=None, key="key-00000001", **body):
    tag = tag or f'"{alert["alert_id"]}-{alert["version"]}"'
    headers = {"If-Match": tag, "Idempotency-Key": key}
    return client.post(f"/v1/alerts/{alert['alert_id']}/transitions", json={"action": action, "reason": reason, **body}, headers=headers)


def test_alerts_are_listed_page_by_page_and_within_the_area(ask):
    client = ask()
    whole = client.get("/v1/alerts").json()["alerts"]
    first = client.get("/v1/alerts", params={"limit": 3}).json()
    rest = client.get("/v1/alerts", params={"limit": 500, "cursor": first["next"]}).json()

    assert len(whole) == RAISED
    assert first["alerts"] + rest["alerts"] == whole
    assert rest["next"] is None
    township = whole[0]["path"].rpartition("/")[0]
    inside = client.get("/v1/alerts", params={"area": township}).json()["alerts"]
    own = ask(Role.TOWNSHIP, township).get("/v1/alerts").json()["alerts"]
    assert [alert["alert_id"] for alert in inside] == [alert["alert_id"] for alert in own]
    assert 0 < len(inside) < len(whole)


def test_alert_is_shown_with_history_due_time_and_etag(ask, clock):
    client = ask()
    listed = client.get("/v1/alerts").json()["alerts"][0]

    answer = client.get(f"/v1/alerts/{listed['alert_id']}")

    assert answer.json()["alert"] == listed
    assert answer.json()["due_at"] == (PUBLISHED_AT + timedelta(hours=24)).isoformat().replace("+00:00", "Z")
    assert [each["action"] for each in answer.json()["history"]] == ["raised"]
    again = client.get(f"/v1/alerts/{listed['alert_id']}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_transition_answers_the_alert_and_refuses_what_is_stale_illegal_or_reused(ask):
    client = ask()
    alert = client.get("/v1/alerts").json()["alerts"][0]

    taken = step(client, alert)

    assert (taken.status_code, taken.json()["state"], taken.json()["version"]) == (200, "acknowledged", 2)
    assert step(client, alert).content == taken.content
    assert step(client, alert, reason="visited").status_code == 409
    assert step(client, alert, key="key-00000002").status_code == 412
    assert step(client, taken.json(), key="key-00000003").status_code == 409
    assert step(client, alert, tag='"nonsense"', key="key-00000004").status_code == 412
    assert step(client, taken.json(), "start", "mediation", key="key-00000005").json()["state"] == "in_action"


@pytest.mark.parametrize("hidden", ["closed_by", "role", "score", "jurisdiction", "state"])
def test_transition_with_a_field_of_its_own_is_refused(ask, hidden):
    client = ask()
    alert = client.get("/v1/alerts").json()["alerts"][0]

    assert step(client, alert, **{hidden: "x"}).status_code == 422


@pytest.mark.parametrize(("role", "status"), [(Role.ANALYST, 403), (Role.AUDITOR, 403), (Role.TOWNSHIP, 404)])
def test_transition_by_those_who_may_not_is_refused(ask, role, status):
    alert = ask().get("/v1/alerts").json()["alerts"][0]

    client = ask(role, ELSEWHERE if role is Role.TOWNSHIP else "")

    assert step(client, alert).status_code == status


def test_foreign_and_missing_alert_are_answered_with_the_same_bytes(ask):
    alert = ask().get("/v1/alerts").json()["alerts"][0]
    client = ask(Role.TOWNSHIP, ELSEWHERE)

    assert client.get(f"/v1/alerts/{alert['alert_id']}").content == client.get(f"/v1/alerts/{'0' * 16}").content
    assert {True} == {each["path"].startswith(ELSEWHERE) for each in client.get("/v1/alerts", params={"state": "all"}).json()["alerts"]}


def test_feedback_visits_and_corrections_are_kept(ask):
    client = ask()
    alert = client.get("/v1/alerts").json()["alerts"][0]
    path, key = f"/v1/alerts/{alert['alert_id']}", {"Idempotency-Key": "key-00000009"}
    group = alert["text"]["reasons"][0]["group"]

    given = client.post(f"{path}/feedback", json={"group": group, "verdict": "agrees"}, headers=key)
    made = {"grid_id": alert["grid_id"], "alert_id": alert["alert_id"], "visited_on": "2026-01-09", "found": "yes"}
    visited = client.post("/v1/visits", json=made, headers={"Idempotency-Key": "key-00000010"})
    contested = client.post(f"{path}/corrections", json={"about": "data", "reason": "count"})

    assert given.json() == {"group": group, "verdict": "agrees"}
    assert client.get(f"{path}/feedback").json() == [{"group": group, "counts": {"agrees": 1}}]
    assert {"kind": "listed", "model_prompted": True, "selection_probability": 1.0}.items() <= visited.json().items()
    number = contested.json()["id"]
    assert client.post(f"/v1/corrections/{number}/steps", json={"step": "acknowledged"}).json()["acknowledged_at"]
    assert client.post(f"/v1/corrections/{number}/steps", json={"step": "accepted"}).status_code == 403
    ask()
    assert client.post(f"/v1/corrections/{number}/steps", json={"step": "accepted"}).json()["accepted"] is True
    assert client.post(f"/v1/corrections/{number}/steps", json={"step": "refused"}).status_code == 409
    assert [each["id"] for each in client.get("/v1/corrections").json()] == [number]


def test_suppressed_alerts_are_not_told_while_publishing_is_paused(ask):
    client = ask()
    before = client.get("/v1/suppressed-alerts")

    client.post("/v1/publishing", json={"pause": "data_fault"})
    paused = client.get("/v1/suppressed-alerts")
    alerts = client.get("/v1/alerts")

    assert [200, 503, 200] == [answer.status_code for answer in (before, paused, alerts)]


def test_feedback_on_an_alert_that_is_not_there_is_not_found(ask):
    assert 404 == ask().get("/v1/alerts/none/feedback").status_code


def test_feedback_about_a_reason_that_was_not_given_and_visit_of_tomorrow_are_refused(ask):
    client = ask()
    alert = client.get("/v1/alerts").json()["alerts"][0]
    key = {"Idempotency-Key": "key-00000011"}
    made = {"grid_id": alert["grid_id"], "visited_on": "2027-01-09", "found": "no"}

    assert (
        client.post(f"/v1/alerts/{alert['alert_id']}/feedback", json={"group": "none", "verdict": "agrees"}, headers=key).status_code == 409
    )
    assert client.post("/v1/visits", json=made, headers=key).status_code == 409


def test_overdue_silences_and_what_was_not_alerted_are_listed(ask, clock):
    client = ask()
    clock.now = PUBLISHED_AT + timedelta(hours=25)
    area = client.get("/v1/alerts").json()["alerts"][0]["path"]

    assert len(client.get("/v1/alerts", params={"overdue": True}).json()["alerts"]) == RAISED
    assert set(client.get("/v1/data-notices").json()["places"].values()) == {1}
    assert client.get("/v1/suppressed-alerts").json() == {"as_of": "2026-01-09", "grids": {}}
    assert client.post("/v1/silences", json={"area": area, "hours": 24 * 14 + 1, "reason": "data_fault"}).status_code == 422
    assert client.post("/v1/silences", json={"area": area, "hours": 48, "reason": "data_fault"}).json()["area"] == area
    assert [each["area"] for each in client.get("/v1/silences").json()] == [area]
    assert ask(Role.TOWNSHIP, ELSEWHERE).post("/v1/silences", json={"area": area, "hours": 1, "reason": "data_fault"}).status_code == 403
    assert client.delete("/v1/silences", params={"area": area}).status_code == 403
    ask()
    assert [area] == [each["area"] for each in client.delete("/v1/silences", params={"area": area}).json()]
    assert (404, []) == (client.delete("/v1/silences", params={"area": area}).status_code, client.get("/v1/silences").json())


def test_held_list_is_released_by_an_analyst_alone(world, clock):
    review = QUIET.model_copy(update={"review": True})
    reviewed = replace(world, settings=world.settings.model_copy(update={"alerts": review}))
    entry = reviewed.rank()
    with open_client(create_app(reviewed.settings, world.home, clock)) as client:

        def as_(role):
            client.headers["Authorization"] = f"Bearer {sign_up(world.engine, PUBLISHED_AT, role)[1]}"
            return client

        assert as_(Role.COMMAND).get("/v1/rankings").status_code == 404
        assert client.get("/v1/alerts").json()["alerts"] == []
        assert client.post(f"/v1/rankings/{entry.ranking_id}/release").status_code == 403
        assert as_(Role.ANALYST).get("/v1/releases").json() == [{"ranking_id": entry.ranking_id}]
        assert client.post(f"/v1/rankings/{entry.ranking_id}/release").status_code == 200
        assert as_(Role.COMMAND).get("/v1/rankings").headers["X-Ranking-Id"] == entry.ranking_id
        assert len(client.get("/v1/alerts").json()["alerts"]) == RAISED


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
