from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from features.database.access_tables import audit
from features.database.alert_tables import alert
from features.errors import ChangedError, ConflictError, ForbiddenError, NotFoundError
from serving.accounts.permissions import Actor, Role, Scope
from serving.accounts.row_security import reading_within
from serving.alerts.corrections import list_corrections
from serving.alerts.feedback import Found, Visit, log_visit, visits_of_alert
from serving.alerts.lifecycle import OPEN, Action, State
from serving.alerts.queries import Wanted, count_alerts, find_alert, history, overdue
from serving.alerts.transitions import permitted_actions, take_step
from serving.settings import DEPARTMENTS, Department, DueHours
from tests.serving.alerts.conftest import ANALYST, AS_OF, COMMAND, DISTRICT, LABOUR, NOW, STRANGER, TOWNSHIP, WORKER


@pytest.fixture
def first(days):
    days.publish()
    return days.alerts()[0]


def test_take_step_walks_to_the_end_and_keeps_who_when_why(days, first, asked):
    later = NOW + timedelta(hours=1)
    for version, action in enumerate(("acknowledge", "start", "comment", "close"), start=1):
        closed = take_step(days.engine, WORKER, first.alert_id, asked(action, version), later)

    steps = history(days.engine, WORKER, first.alert_id)
    assert (closed.state, closed.version, closed.since) == ("closed", 5, later)
    assert [(step.action, step.state, step.own) for step in steps] == [
        ("raised", "published", False),
        ("acknowledge", "acknowledged", True),
        ("start", "in_action", True),
        ("comment", "in_action", True),
        ("close", "closed", True),
    ]
    assert find_alert(days.engine, WORKER, first.alert_id) == closed
    with days.engine.connect() as connection:
        deeds = connection.execute(select(audit.c.action, audit.c.actor_id).where(audit.c.subject == first.alert_id)).all()
    assert deeds == [(f"alert.{action}", "aworker") for action in ("acknowledge", "start", "comment", "close")]


def test_take_step_history_tells_others_nothing_of_who(days, first, asked):
    take_step(days.engine, WORKER, first.alert_id, asked("acknowledge"), NOW)

    assert "aworker" not in str(history(days.engine, TOWNSHIP, first.alert_id)) + str(find_alert(days.engine, TOWNSHIP, first.alert_id))
    assert [step.own for step in history(days.engine, TOWNSHIP, first.alert_id)] == [False, False]


@pytest.mark.parametrize(
    ("actor", "step", "error"),
    [
        (STRANGER, ("acknowledge", 1), NotFoundError),
        (ANALYST, ("acknowledge", 1), ForbiddenError),
        (ANALYST, ("hand_over", 1), ForbiddenError),
        (WORKER, ("supervise", 1), ForbiddenError),
        (WORKER, ("acknowledge", 2), ChangedError),
        (WORKER, ("close", 1), ConflictError),
        (WORKER, ("reopen", 1), ConflictError),
    ],
)
def test_take_step_that_may_not_be_is_refused_and_changes_nothing(days, first, asked, actor, step, error):
    with pytest.raises(error):
        take_step(days.engine, actor, first.alert_id, asked(*step), NOW)

    assert find_alert(days.engine, COMMAND, first.alert_id) == first


def test_take_step_missing_and_foreign_alert_cannot_be_told_apart(days, first, asked):
    said = []
    for alert_id in (first.alert_id, "0" * 16):
        with pytest.raises(NotFoundError) as caught:
            take_step(days.engine, STRANGER, alert_id, asked("acknowledge"), NOW)
        said.append(str(caught.value))

    assert said[0] == said[1]


def test_take_step_repeated_key_repeats_the_answer_and_another_request_is_refused(days, first, asked):
    once = asked("acknowledge", key="k")

    assert take_step(days.engine, WORKER, first.alert_id, once, NOW) == take_step(days.engine, WORKER, first.alert_id, once, NOW)
    assert len(history(days.engine, WORKER, first.alert_id)) == 2
    with pytest.raises(ConflictError, match="another"):
        take_step(days.engine, WORKER, first.alert_id, replace(once, reason="phoned"), NOW)


def test_hand_over_moves_an_alert_between_its_grid_and_the_areas_above(days, first, asked):
    handed = take_step(days.engine, TOWNSHIP, first.alert_id, asked("hand_over", to="d/t1"), NOW)

    assert (handed.owner, handed.state, handed.since) == ("d/t1", "published", first.since)
    assert [each.alert_id for each in days.alerts(TOWNSHIP, mine=True)] == [first.alert_id]
    assert days.alerts(WORKER, mine=True) == []
    for place in ("d/t2", "d/t1", None):
        with pytest.raises(ConflictError):
            take_step(days.engine, TOWNSHIP, first.alert_id, asked("hand_over", 2, to=place), NOW)
    with pytest.raises(ConflictError):
        take_step(days.engine, TOWNSHIP, first.alert_id, asked("acknowledge", 2, to="d"), NOW)


def test_reopen_makes_a_new_alert_and_leaves_the_old_one(days, first, asked):
    ended = take_step(days.engine, WORKER, first.alert_id, asked("not_needed"), NOW)

    again = take_step(days.engine, WORKER, first.alert_id, asked("reopen", 2), NOW + timedelta(days=2))

    assert (again.state, again.version, again.follows, again.text) == ("published", 1, first.alert_id, first.text)
    assert (again.starts - first.starts, again.ends - first.ends) == (timedelta(days=2), timedelta(days=2))
    assert find_alert(days.engine, WORKER, first.alert_id) == ended
    assert [step.action for step in history(days.engine, WORKER, again.alert_id)] == ["reopen"]
    with pytest.raises(ConflictError, match="one open alert"):
        take_step(days.engine, WORKER, first.alert_id, asked("reopen", 2), NOW)


def test_overdue_lists_what_waits_too_long_and_changes_nothing(days, first, asked):
    hours = DueHours(acknowledge=24, start=72, close=168)
    take_step(days.engine, WORKER, first.alert_id, asked("acknowledge"), NOW)

    found = {day: [each.grid_id for each in overdue(days.engine, COMMAND, hours, NOW + timedelta(days=day))] for day in (1, 2, 4)}

    assert found == {1: [], 2: ["g2"], 4: ["g1", "g2"]}
    assert count_alerts(days.engine, COMMAND, Wanted())[State.PUBLISHED] == 1


NEIGHBOUR = Actor("aneighbour", "neighbour", Role.GRID_WORKER, Scope("d/t1/g5"))


@pytest.fixture
def hand_over_first(days):
    days.publish()
    return next(each for each in days.alerts() if each.grid_id == "g1")


@pytest.fixture
def take(days, asked):
    """Return a function that takes a step with an alert as it stands."""

    def step(actor, found, action, **given):
        return take_step(days.engine, actor, found.alert_id, asked(action, found.version, **given), NOW, DEPARTMENTS)

    return step


def test_department_sees_what_it_was_handed_and_nothing_else(days, hand_over_first, take):
    assert days.alerts(LABOUR) == []

    handed = take(TOWNSHIP, hand_over_first, "hand_over", department="labour")

    assert [each.alert_id for each in days.alerts(LABOUR)] == [hand_over_first.alert_id]
    assert days.alerts(LABOUR, mine=True) == days.alerts(LABOUR)
    assert days.alerts(Actor("aland", "land", Role.DEPARTMENT, Scope("", "land"))) == []
    assert (handed.owner, handed.department) == ("d/t1/g1", "labour")
    assert days.alerts(WORKER, mine=True) == []
    assert [each.alert_id for each in days.alerts(TOWNSHIP)] == [hand_over_first.alert_id]


@pytest.mark.dialect("postgresql")
def test_department_sees_no_other_row_through_a_query_without_conditions(days, hand_over_first, take):
    take(TOWNSHIP, hand_over_first, "hand_over", department="labour")

    with reading_within(days.engine, LABOUR.scope) as connection:
        assert connection.execute(select(alert.c.grid_id)).scalars().all() == ["g1"]
    with reading_within(days.engine, Scope("", "land")) as connection:
        assert connection.execute(select(alert.c.grid_id)).scalars().all() == []


def test_department_answers_and_hands_back_to_where_it_came_from_only(days, hand_over_first, take):
    handed = take(TOWNSHIP, hand_over_first, "hand_over", department="labour")
    signed = take(LABOUR, handed, "acknowledge")
    for elsewhere in ({"to": "d"}, {"department": "land"}):
        with pytest.raises(ConflictError):
            take(LABOUR, signed, "hand_over", **elsewhere)

    back = take(LABOUR, signed, "hand_over", to="d/t1/g1", reason="returned")

    assert (back.owner, back.department, back.state) == ("d/t1/g1", None, "acknowledged")
    assert days.alerts(LABOUR) == []
    told = [(step.action, step.unit, step.unit_department) for step in history(days.engine, TOWNSHIP, hand_over_first.alert_id)]
    assert told[1:] == [("hand_over", "d/t1", None), ("acknowledge", None, "labour"), ("hand_over", None, "labour")]
    with pytest.raises(NotFoundError):
        take(LABOUR, back, "start")


def test_department_that_is_not_configured_for_the_place_is_refused(days, hand_over_first, asked):
    far = (Department(code="far", name="外区部门", name_en="far office", area="d/t2"),)

    for code in ("far", "nobody"):
        with pytest.raises(ConflictError, match="must be one that does not have the alert yet, of none"):
            take_step(days.engine, TOWNSHIP, hand_over_first.alert_id, asked("hand_over", department=code), NOW, far)


def test_department_raises_a_correction_that_the_township_sees(days, hand_over_first, take):
    handed = take(TOWNSHIP, hand_over_first, "hand_over", department="labour")
    take(LABOUR, handed, "data_wrong", reason="count")

    assert [(each.grid_id, each.reason) for each in list_corrections(days.engine, TOWNSHIP)] == [("g1", "count")]


def test_department_records_a_visit_on_what_it_has_and_nowhere_else(days, hand_over_first, take):
    made = Visit(grid_id="g1", alert_id=hand_over_first.alert_id, visited_on=AS_OF, found=Found.NO)
    with pytest.raises(NotFoundError):
        log_visit(days.engine, LABOUR, made, "key-visit-1", NOW)
    take(TOWNSHIP, hand_over_first, "hand_over", department="labour")
    log_visit(days.engine, LABOUR, made, "key-visit-2", NOW)

    assert [(each.found, each.own) for each in visits_of_alert(days.engine, LABOUR, hand_over_first.alert_id)] == [("no", True)]
    with pytest.raises(NotFoundError):
        log_visit(days.engine, LABOUR, made.model_copy(update={"alert_id": None}), "key-visit-3", NOW)


def test_another_grid_gets_sight_of_what_it_is_handed_and_loses_it_again(days, hand_over_first, take):
    with pytest.raises(NotFoundError):
        find_alert(days.engine, NEIGHBOUR, hand_over_first.alert_id)

    handed = take(TOWNSHIP, hand_over_first, "hand_over", to="d/t1/g5")

    assert find_alert(days.engine, NEIGHBOUR, hand_over_first.alert_id) == handed
    take(TOWNSHIP, handed, "hand_over", to="d/t1/g1")
    with pytest.raises(NotFoundError):
        find_alert(days.engine, NEIGHBOUR, hand_over_first.alert_id)


@pytest.mark.parametrize(
    ("actor", "place"), [(TOWNSHIP, "d/t2/g4"), (TOWNSHIP, "d/t1/nowhere"), (WORKER, "d/t1/g5"), (TOWNSHIP, "d/t1/g1")]
)
def test_hand_over_beyond_ones_own_grids_is_refused(hand_over_first, take, actor, place):
    with pytest.raises(ConflictError, match="Name such a place"):
        take(actor, hand_over_first, "hand_over", to=place)


def test_supervision_goes_from_asking_to_striking_off_and_only_the_unit_above_gives_it(days, hand_over_first, take):
    handed = take(WORKER, hand_over_first, "hand_over", to="d/t1")
    requested = take(TOWNSHIP, handed, "request_supervision")
    with pytest.raises(ForbiddenError, match="unit above"):
        take(TOWNSHIP, requested, "supervise")
    listed = take(DISTRICT, requested, "supervise")
    closed = take(WORKER, listed, "close", reason="calm")
    struck = take(DISTRICT, closed, "strike_off")

    assert [each.supervision for each in (requested, listed, closed, struck)] == ["requested", "listed", "listed", "struck_off"]
    assert [each.state for each in (listed, closed, struck)] == ["published", "closed", "closed"]
    with pytest.raises(NotFoundError):
        take(STRANGER, struck, "comment")


def test_reopened_alert_stays_under_supervision_and_leaves_the_department(days, hand_over_first, take):
    listed = take(DISTRICT, hand_over_first, "supervise")
    handed = take(TOWNSHIP, listed, "hand_over", department="labour")
    again = take(TOWNSHIP, take(LABOUR, handed, "not_needed"), "reopen")

    assert (again.supervision, again.department, again.owner) == ("listed", None, "d/t1/g1")


@pytest.mark.parametrize("actor", [COMMAND, TOWNSHIP, WORKER, LABOUR])
def test_permitted_actions_are_those_that_are_not_refused(days, hand_over_first, take, actor):
    handed = take(TOWNSHIP, hand_over_first, "hand_over", department="labour")
    permitted = permitted_actions(actor, handed)

    assert handed.state in OPEN
    for action in Action:
        elsewhere = {"to": "d/t1/g1"} if action is Action.HAND_OVER else {}
        reason = "calm" if action is Action.CLOSE else None
        if action not in permitted:
            with pytest.raises((ConflictError, ForbiddenError)):
                take(actor, handed, action, **elsewhere)
        else:
            handed = take(actor, handed, action, **elsewhere, **({"reason": reason} if reason else {}))
            break
