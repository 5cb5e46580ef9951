"""Every right of a role stands on a page: every step of an alert as a button, every other right as a form or link."""

import re

import pytest
from sqlalchemy import update

from features.database.alert_tables import alert
from features.database.engine import writing
from serving.accounts.accounts import accounts
from serving.accounts.permissions import RIGHTS, Actor, Right
from serving.alerts.lifecycle import ENDED, Action, State, Supervision
from serving.alerts.queries import find_alert
from serving.alerts.transitions import permitted_actions
from tests.serving.pages.test_pages import alerts_below
from tests.support.people import PEOPLE, TOWNSHIP, flat
from tests.support.published_world import World

OFFERED_AT = {
    Right.READ_LISTS: ("/grids", ""),
    Right.EXPLAIN: ("/grids", ""),
    Right.EXPORT: ("/export", 'action="/export"'),
    Right.SCORE: ("/score", 'action="/score"'),
    Right.INGEST: ("/data", 'action="/data/files"'),
    Right.TRAIN: ("/data", 'action="/data/train"'),
    Right.READ_MODELS: ("/models", ""),
    Right.READ_ALERTS: ("/alerts", ""),
    Right.READ_CORRECTIONS: ("/corrections", ""),
    Right.DECIDE_CORRECTIONS: ("/corrections", ""),
    Right.SILENCE: ("/service", 'action="/service/silences"'),
    Right.UNDERTAKE: ("/undertakings", 'action="/undertakings'),
    Right.RELEASE: ("/service", ""),
    Right.PAUSE: ("/service", 'action="/service/pause"'),
    Right.READ_AUDIT: ("/audit", ""),
    Right.ADMINISTER: ("/admin", 'action="/admin/accounts"'),
}
"""Page of each right that is not about one alert, and what must stand there."""
ON_ALERTS = {Right.ANSWER_ALERTS, Right.HAND_OVER, Right.SUPERVISE}


def forms(page: str) -> set[tuple[str, str]]:
    """Return action and reason of every button and choice of a page of an alert."""
    found = set()
    for form in re.findall(r"<form.*?</form>", flat(page)):
        for action in re.findall(r'name="action" value="(\w+)"', form):
            found |= {(action, reason) for reason in re.findall(r'(?:name="reason" value|<option value)="(\w+)"', form)}
    return found


def placed(world: World, alert_id: str, state: State, supervision: Supervision | None, department: str | None) -> None:
    with writing(world.engine) as connection:
        moved = {"state": state, "supervision": supervision, "department": department}
        connection.execute(update(alert).where(alert.c.alert_id == alert_id).values(moved))


def actor_named(world: World, name: str) -> Actor:
    return next(each.actor for each in accounts(world.engine) if each.actor.name == name)


@pytest.mark.parametrize("name", [name for name, (role, _) in PEOPLE.items() if Right.ANSWER_ALERTS in RIGHTS[role] and name != "stranger"])
def test_page_of_an_alert_offers_every_step_that_its_reader_may_take(own_world, enter_own, name) -> None:
    reader, actor = enter_own(name), actor_named(own_world, name)
    alert_id, _ = alerts_below(own_world, TOWNSHIP)[0]
    department = actor.scope.department or None
    seen: set[Action] = set()

    for state in State:
        for supervision in (None, *Supervision):
            placed(own_world, alert_id, state, supervision, department)
            permitted = permitted_actions(actor, find_alert(own_world.engine, actor, alert_id))
            offered = {action for action, _ in forms(reader.get(f"/alerts/{alert_id}").text)}
            assert offered == set(permitted), (name, state, supervision)
            seen |= offered
    assert {Action.ACKNOWLEDGE, Action.HAND_OVER, Action.COMMENT, Action.DATA_WRONG} <= seen
    assert state in ENDED


def test_page_that_left_out_a_step_would_be_noticed(own_world, enter_own, monkeypatch) -> None:
    from serving.pages import alert_view

    monkeypatch.delitem(alert_view.PANELS, "panel_supervision")
    with pytest.raises(AssertionError):
        test_page_of_an_alert_offers_every_step_that_its_reader_may_take(own_world, enter_own, "centre")


def test_every_right_has_a_page(seen_world, enter) -> None:
    offering = [(role, right) for role, rights in RIGHTS.items() for right in sorted(rights - ON_ALERTS)]

    assert {right for _, right in offering} | ON_ALERTS | {Right.ADMINISTER} == set(Right)
    for name, (role, _) in PEOPLE.items():
        browser = enter(name)
        for right in sorted(RIGHTS[role] - ON_ALERTS):
            address, needed = OFFERED_AT[right]
            page = browser.get(address)
            assert page.status_code == 200, (name, right)
            assert needed in page.text, (name, right)


def reach(browser) -> set[str]:
    """Return the pages that links lead to from the start, without their queries; of pages that differ by a code alone one."""
    reached, waiting = {}, ["/"]
    while waiting:
        address = waiting.pop(0)
        if (shape := re.sub(r"[^/]*\d[^/]*", "*", address)) not in reached:
            reached[shape] = browser.get(address, follow_redirects=True).text
            waiting += re.findall(r'<a [^>]*href="(/[^"?#]*)', reached[shape])
    return set(reached)


def test_links_lead_to_the_page_of_every_right(seen_world, enter) -> None:
    for name, (role, _) in PEOPLE.items():
        linked = reach(enter(name))
        needed = {OFFERED_AT[right][0] for right in RIGHTS[role] - ON_ALERTS}
        needed |= {"/changes"} if Right.READ_LISTS in RIGHTS[role] else set()
        assert needed - linked == set(), name
