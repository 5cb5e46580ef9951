"""Departments see what they were handed and nothing else; the unit above supervises; where an alert goes is bounded."""

import pytest
from sqlalchemy import select

from features.database.alert_tables import alert
from features.errors import ConflictError, ForbiddenError, NotFoundError
from serving.accounts.permissions import Actor, Role, Scope
from serving.accounts.row_security import reading_within
from serving.alerts.corrections import list_corrections
from serving.alerts.feedback import Found, Visit, log_visit, visits_of_alert
from serving.alerts.lifecycle import OPEN, Action
from serving.alerts.queries import find_alert, history
from serving.alerts.transitions import permitted_actions, take_step
from serving.settings import DEPARTMENTS, Department
from tests.serving.alerts.conftest import AS_OF, COMMAND, DISTRICT, LABOUR, NOW, STRANGER, TOWNSHIP, WORKER

NEIGHBOUR = Actor("aneighbour", "neighbour", Role.GRID_WORKER, Scope("d/t1/g5"))


@pytest.fixture
def first(days):
    days.publish()
    return next(each for each in days.alerts() if each.grid_id == "g1")


@pytest.fixture
def take(days, asked):
    """Return a function that takes a step with an alert as it stands."""

    def step(actor, found, action, **given):
        return take_step(days.engine, actor, found.alert_id, asked(action, found.version, **given), NOW, DEPARTMENTS)

    return step


def test_department_sees_what_it_was_handed_and_nothing_else(days, first, take):
    assert days.alerts(LABOUR) == []

    handed = take(TOWNSHIP, first, "hand_over", department="labour")

    assert [each.alert_id for each in days.alerts(LABOUR)] == [first.alert_id]
    assert days.alerts(LABOUR, mine=True) == days.alerts(LABOUR)
    assert days.alerts(Actor("aland", "land", Role.DEPARTMENT, Scope("", "land"))) == []
    assert (handed.owner, handed.department) == ("d/t1/g1", "labour")
    assert days.alerts(WORKER, mine=True) == []
    assert [each.alert_id for each in days.alerts(TOWNSHIP)] == [first.alert_id]


@pytest.mark.dialect("postgresql")
def test_department_sees_no_other_row_through_a_query_without_conditions(days, first, take):
    take(TOWNSHIP, first, "hand_over", department="labour")

    with reading_within(days.engine, LABOUR.scope) as connection:
        assert connection.execute(select(alert.c.grid_id)).scalars().all() == ["g1"]
    with reading_within(days.engine, Scope("", "land")) as connection:
        assert connection.execute(select(alert.c.grid_id)).scalars().all() == []


def test_department_answers_and_hands_back_to_where_it_came_from_only(days, first, take):
    handed = take(TOWNSHIP, first, "hand_over", department="labour")
    signed = take(LABOUR, handed, "acknowledge")
    for elsewhere in ({"to": "d"}, {"department": "land"}):
        with pytest.raises(ConflictError):
            take(LABOUR, signed, "hand_over", **elsewhere)

    back = take(LABOUR, signed, "hand_over", to="d/t1/g1", reason="returned")

    assert (back.owner, back.department, back.state) == ("d/t1/g1", None, "acknowledged")
    assert days.alerts(LABOUR) == []
    told = [(step.action, step.unit, step.unit_department) for step in history(days.engine, TOWNSHIP, first.alert_id)]
    assert told[1:] == [("hand_over", "d/t1", None), ("acknowledge", None, "labour"), ("hand_over", None, "labour")]
    with pytest.raises(NotFoundError):
        take(LABOUR, back, "start")


def test_department_that_is_not_configured_for_the_place_is_refused(days, first, asked):
    far = (Department(code="far", name="外区部门", name_en="far office", area="d/t2"),)

    for code in ("far", "nobody"):
        with pytest.raises(ConflictError, match="must be one that does not have the alert yet, of none"):
            take_step(days.engine, TOWNSHIP, first.alert_id, asked("hand_over", department=code), NOW, far)


def test_department_raises_a_correction_that_the_township_sees(days, first, take):
    handed = take(TOWNSHIP, first, "hand_over", department="labour")
    take(LABOUR, handed, "data_wrong", reason="count")

    assert [(each.grid_id, each.reason) for each in list_corrections(days.engine, TOWNSHIP)] == [("g1", "count")]


def test_department_records_a_visit_on_what_it_has_and_nowhere_else(days, first, take):
    made = Visit(grid_id="g1", alert_id=first.alert_id, visited_on=AS_OF, found=Found.NO)
    with pytest.raises(NotFoundError):
        log_visit(days.engine, LABOUR, made, "key-visit-1", NOW)
    take(TOWNSHIP, first, "hand_over", department="labour")
    log_visit(days.engine, LABOUR, made, "key-visit-2", NOW)

    assert [(each.found, each.own) for each in visits_of_alert(days.engine, LABOUR, first.alert_id)] == [("no", True)]
    with pytest.raises(NotFoundError):
        log_visit(days.engine, LABOUR, made.model_copy(update={"alert_id": None}), "key-visit-3", NOW)


def test_another_grid_gets_sight_of_what_it_is_handed_and_loses_it_again(days, first, take):
    with pytest.raises(NotFoundError):
        find_alert(days.engine, NEIGHBOUR, first.alert_id)

    handed = take(TOWNSHIP, first, "hand_over", to="d/t1/g5")

    assert find_alert(days.engine, NEIGHBOUR, first.alert_id) == handed
    take(TOWNSHIP, handed, "hand_over", to="d/t1/g1")
    with pytest.raises(NotFoundError):
        find_alert(days.engine, NEIGHBOUR, first.alert_id)


@pytest.mark.parametrize(
    ("actor", "place"), [(TOWNSHIP, "d/t2/g4"), (TOWNSHIP, "d/t1/nowhere"), (WORKER, "d/t1/g5"), (TOWNSHIP, "d/t1/g1")]
)
def test_hand_over_beyond_ones_own_grids_is_refused(first, take, actor, place):
    with pytest.raises(ConflictError, match="Name such a place"):
        take(actor, first, "hand_over", to=place)


def test_supervision_goes_from_asking_to_striking_off_and_only_the_unit_above_gives_it(days, first, take):
    handed = take(WORKER, first, "hand_over", to="d/t1")
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


def test_reopened_alert_stays_under_supervision_and_leaves_the_department(days, first, take):
    listed = take(DISTRICT, first, "supervise")
    handed = take(TOWNSHIP, listed, "hand_over", department="labour")
    again = take(TOWNSHIP, take(LABOUR, handed, "not_needed"), "reopen")

    assert (again.supervision, again.department, again.owner) == ("listed", None, "d/t1/g1")


@pytest.mark.parametrize("actor", [COMMAND, TOWNSHIP, WORKER, LABOUR])
def test_permitted_actions_are_those_that_are_not_refused(days, first, take, actor):
    handed = take(TOWNSHIP, first, "hand_over", department="labour")
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
