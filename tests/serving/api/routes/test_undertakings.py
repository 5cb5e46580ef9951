"""Undertakings for programs: entered and ended in one's own area, seen where they lie, refused in words."""

import pytest
from sqlalchemy import insert

from features.database.engine import writing
from features.database.tables import undertaking_review
from serving.accounts.permissions import Role
from serving.server.errors import Problem
from serving.text import NOTICES
from serving.undertakings.register import list_undertakings
from tests.support.audit_entries import newest_entries
from tests.support.townships import NOW, OVERSEER, place, township
from tests.support.visitors import open_client

ORDER = {
    "kind": "project",
    "sub_kind": "construction",
    "places": [township(1)],
    "name": "North Road",
    "public_at": "2026-01-01",
    "start_at": "2026-02-01",
    "end_at": "2026-08-01",
}


@pytest.fixture
def ask(app, accounts):
    """Return a function that makes a request as a role of a township."""
    with open_client(app) as client:

        def ask(number: int, role: Role, method: str, path: str = "", **given):
            headers = {"Authorization": f"Bearer {accounts[number, role]}"}
            return client.request(method, f"/v1/undertakings{path}", headers=headers, **given)

        yield ask


def seen(answer) -> list[str]:
    return [each["undertaking_id"] for each in answer.json()]


def test_undertaking_that_was_entered_is_seen_where_it_lies_and_not_beside_it(ask, townships):
    answer = ask(1, Role.TOWNSHIP, "POST", json=ORDER)
    entered = answer.json()

    assert (200, ORDER | {"assessed": None, "heard": None, "attention": None, "withdrawn": False}) == (
        answer.status_code,
        {name: value for name, value in entered.items() if name != "undertaking_id"},
    )
    places = [(1, Role.GRID_WORKER), (0, Role.COMMAND), (2, Role.TOWNSHIP)]
    assert [True, True, False] == [entered["undertaking_id"] in seen(ask(*reader, "GET")) for reader in places]
    assert "undertaking.enter" == newest_entries(townships.engine, 1)[0].action


def test_places_are_kept_each_once_and_in_one_order(ask):
    first, second = (f"9901{number}1g1" for number in (1, 2))
    entered = ask(0, Role.COMMAND, "POST", json=ORDER | {"places": [second, first, second]}).json()

    assert [first, second] == entered["places"]
    assert [] == ask(0, Role.COMMAND, "POST", json={**ORDER, "places": []}).json()["places"]


@pytest.mark.parametrize(
    ("number", "role", "places"),
    [
        (1, Role.TOWNSHIP, [township(2)]),
        (1, Role.TOWNSHIP, [township(1), township(2)]),
        (1, Role.TOWNSHIP, []),
        (1, Role.GRID_WORKER, [township(1)]),
    ],
)
def test_undertaking_beyond_one_s_own_area_or_right_is_forbidden_and_not_stored(ask, townships, number, role, places):
    before = len(list_undertakings(townships.engine, OVERSEER, NOW.date()))
    answer = ask(number, role, "POST", json=ORDER | {"places": places})

    assert 403 == answer.status_code == Problem.model_validate_json(answer.content).status
    assert before == len(list_undertakings(townships.engine, OVERSEER, NOW.date()))


@pytest.mark.parametrize(
    ("changed", "status", "words"),
    [
        ({"kind": "party"}, 422, "kind"),
        ({"sub_kind": "Fire!"}, 422, "sub_kind"),
        ({"sub_kind": "fire"}, 400, "sub_kind of a project must be one of"),
        ({"start_at": "2026-02-30"}, 422, "start_at"),
        ({"start_at": 1767225600}, 422, "start_at"),
        ({"end_at": "2026-02-01"}, 400, "must follow start_at"),
        ({"places": ["nowhere"]}, 400, "nowhere are not"),
        ({"places": ["g"] * 501}, 422, "places"),
        ({"name": "x" * 61}, 422, "name"),
        ({"name": "联系人13800138000"}, 400, "may not identify a person"),
        ({"attention": 4.1}, 422, "attention"),
        ({"assessed": "yes"}, 422, "assessed"),
        ({"by": "somebody"}, 422, "by"),
    ],
)
def test_undertaking_that_does_not_fit_is_refused_with_what_is_wrong(ask, changed, status, words):
    answer = ask(0, Role.COMMAND, "POST", json=ORDER | changed)

    assert (status, True) == (answer.status_code, words in answer.text)
    assert "13800138000" not in answer.text


def test_end_of_one_ahead_calls_it_off_and_a_second_end_is_not_found(ask):
    entered = ask(1, Role.TOWNSHIP, "POST", json=ORDER).json()["undertaking_id"]
    ended = ask(1, Role.TOWNSHIP, "POST", f"/{entered}/end")

    assert (200, True) == (ended.status_code, ended.json()["withdrawn"])
    assert 404 == ask(1, Role.TOWNSHIP, "POST", f"/{entered}/end").status_code


def test_end_of_one_under_way_is_today_and_of_a_foreign_one_not_found(ask):
    entered = ask(1, Role.TOWNSHIP, "POST", json=ORDER | {"start_at": "2026-01-05"}).json()["undertaking_id"]
    foreign = [ask(2, role, "POST", f"/{entered}/end").status_code for role in (Role.TOWNSHIP, Role.GRID_WORKER)]
    ended = ask(1, Role.TOWNSHIP, "POST", f"/{entered}/end").json()

    assert ([404, 403], ("2026-01-09", False)) == (foreign, (ended["end_at"], ended["withdrawn"]))


@pytest.mark.parametrize("undertaking_id", ["unheard", place(2)[0].replace("/", "%2F"), "%25"])
def test_end_of_an_unknown_one_is_not_found(ask, undertaking_id):
    assert 404 == ask(0, Role.COMMAND, "POST", f"/{undertaking_id}/end").status_code


def test_review_is_that_of_the_newest_month_and_says_what_it_is_not_for(ask, townships):
    before = ask(0, Role.ANALYST, "GET", "/review").json()
    body = '{"helped/treatment/estate_treatment": {"ratio": 0.62, "low": 0.41, "high": 0.94, "units": 24, "cases": 180}}'
    with writing(townships.engine) as connection:
        connection.execute(insert(undertaking_review), {"as_of": NOW.date(), "at": NOW, "body": body})
    after = ask(0, Role.ANALYST, "GET", "/review").json()

    assert (None, {}, len(NOTICES)) == (before["as_of"], before["estimates"], len(before["notices"]))
    assert ("2026-01-09", 0.62) == (after["as_of"], after["estimates"]["helped/treatment/estate_treatment"]["ratio"])


@pytest.mark.parametrize(("role", "status"), [(Role.ANALYST, 200), (Role.AUDITOR, 200), (Role.GRID_WORKER, 403)])
def test_review_is_for_those_who_read_models(ask, role, status):
    assert status == ask(0, role, "GET", "/review").status_code


def test_undertakings_are_told_to_nobody_who_is_not_signed_in(app):
    with open_client(app) as client:
        answers = [client.get("/v1/undertakings"), client.post("/v1/undertakings", json=ORDER), client.post("/v1/undertakings/x/end")]

    assert [401] * 3 == [answer.status_code for answer in answers]
