"""What those on duty switch: the pause, silences and held lists, each by those who may and in their own area alone."""

import re

from serving.accounts.permissions import Scope
from serving.alerts.silences import list_silences
from serving.rankings.ledger import newest
from serving.rankings.publishing import hold
from tests.support.audit_entries import newest_entries
from tests.support.people import NOW, OTHER, TOWNSHIP, token_of

WORKS = {"area": TOWNSHIP, "hours": "48", "reason": "known_event"}


def send(client, address, **fields):
    return client.post(address, data={"csrf": token_of(client.get("/service").text), **fields})


def silent(world) -> list[str]:
    return [each.area.path for each in list_silences(world.engine, Scope(""), NOW)]


def test_pause_hides_the_lists_until_it_is_ended(own_world, enter_own) -> None:
    centre = enter_own("centre")
    shown = centre.get("/").status_code
    send(centre, "/service/pause", reason="data_fault")
    hidden, page = centre.get("/").status_code, centre.get("/service").text
    send(centre, "/service/pause")

    assert (200, 503, 200) == (shown, hidden, centre.get("/").status_code)
    assert 'role="status"' in page
    assert {"publishing.pause", "publishing.resume"} <= {entry.action for entry in newest_entries(own_world.engine, 5)}


def test_silence_of_an_area_is_seen_there_and_ended_there(own_world, enter_own) -> None:
    town = enter_own("town")
    answer = send(town, "/service/silences", **WORKS)
    assert (303, [TOWNSHIP]) == (answer.status_code, silent(own_world))

    stranger = enter_own("stranger")
    assert 'action="/service/silences/end"' not in stranger.get("/service").text
    send(stranger, "/service/silences/end", area=TOWNSHIP)
    assert [TOWNSHIP] == silent(own_world)

    send(town, "/service/silences/end", area=TOWNSHIP)
    send(town, "/service/silences/end", area=TOWNSHIP)
    assert [] == silent(own_world)


def test_silence_elsewhere_too_long_or_without_a_reason_is_refused(own_world, enter_own) -> None:
    town, wrong = enter_own("town"), ({"area": OTHER}, {"hours": "0"}, {"hours": "337"}, {"reason": "holiday at home"})
    refused = [send(town, "/service/silences", **WORKS | changed).status_code for changed in wrong]

    assert [403, 422, 422, 422] == refused
    assert [] == silent(own_world)


def test_held_list_is_shown_once_an_analyst_released_it(own_world, enter_own) -> None:
    entry = newest(own_world.engine)
    with own_world.engine.begin() as connection:
        hold(connection, entry.id, NOW)
    analyst = enter_own("analyst")
    offered = re.findall(r'action="(/service/lists/[0-9a-f]+/release)"', analyst.get("/service").text)
    assert [f"/service/lists/{entry.ranking_id}/release"] == offered

    send(analyst, offered[0])
    assert [] == re.findall(r'action="/service/lists/', analyst.get("/service").text)


def test_forms_are_offered_to_those_who_may_alone(enter) -> None:
    forms = {
        name: set(re.findall(r'action="/service/(\w+)"', enter(name).get("/service").text))
        for name in ("centre", "town", "worker", "analyst")
    }

    assert {"centre": {"pause", "silences"}, "town": {"silences"}, "worker": set(), "analyst": set()} == forms
