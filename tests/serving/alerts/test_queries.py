"""Reading alerts: each account sees its own part of the tree, in an order that ranks no place."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from features.database.alert_tables import alert
from features.database.engine import writing
from features.errors import NotFoundError
from serving.accounts.permissions import Scope
from serving.alerts.lifecycle import OPEN, State
from serving.alerts.queries import (
    Wanted,
    alerts_of_grid,
    count_alerts,
    count_open,
    edited_alerts,
    find_alert,
    history,
    list_alerts,
    not_alerted,
    overdue,
)
from serving.alerts.rule import Outcome
from serving.alerts.transitions import take_step
from serving.settings import DueHours
from tests.serving.alerts.conftest import ANALYST, AS_OF, COMMAND, DISTRICT, LABOUR, NOW, QUIET, STRANGER, TOWNSHIP, WORKER

EVERY = QUIET.model_copy(update={"enter_share": 1.0, "leave_share": 1.0})
HOURS = DueHours(acknowledge=24, start=72, close=168)


def grids(found) -> list[str]:
    return [each.grid_id for each in found]


def test_list_is_by_place_whatever_the_rank_and_pages_join_without_a_gap(days):
    days.publish(settings=EVERY)
    whole = days.alerts()
    first = list_alerts(days.engine, COMMAND, Wanted(), 3)
    rest = list_alerts(days.engine, COMMAND, Wanted(last=first[-1].alert_id), 500)

    assert ["g1", "g3", "g5", "g7", "g2", "g4", "g6", "g8"] == grids(whole)
    assert whole == [*first, *rest]


@pytest.mark.parametrize(
    ("actor", "expected"),
    [(COMMAND, 8), (DISTRICT, 8), (TOWNSHIP, 4), (STRANGER, 4), (WORKER, 1), (LABOUR, 0)],
)
def test_account_sees_the_alerts_of_its_scope_alone(days, actor, expected):
    days.publish(settings=EVERY)

    assert expected == len(days.alerts(actor)) == sum(count_alerts(days.engine, actor, Wanted()).values())


def test_filters_must_all_hold(days, asked):
    days.publish(settings=EVERY)
    one = days.alerts(WORKER)[0]
    take_step(days.engine, WORKER, one.alert_id, asked("acknowledge"), NOW)

    assert ["g1"] == grids(days.alerts(states=frozenset({State.ACKNOWLEDGED})))
    assert [] == days.alerts(states=frozenset({State.ACKNOWLEDGED}), area="d/t2")
    assert ["g2"] == grids(days.alerts(area="d/t2/g2"))
    assert {State.PUBLISHED: 3, State.ACKNOWLEDGED: 1} == {
        state: count for state, count in count_alerts(days.engine, TOWNSHIP, Wanted(OPEN)).items() if count
    }


@pytest.mark.parametrize("read", [find_alert, history, lambda engine, actor, last: list_alerts(engine, actor, Wanted(last=last), 1)])
def test_foreign_alert_and_none_at_all_cannot_be_told_apart(days, read):
    days.publish()
    foreign = days.alerts(WORKER)[0].alert_id

    told = []
    for alert_id in (foreign, "0" * 16):
        with pytest.raises(NotFoundError) as caught:
            read(days.engine, STRANGER, alert_id)
        told.append(str(caught.value))
    assert told[0] == told[1]


def test_history_tells_who_asks_of_its_own_steps_alone(days, asked):
    days.publish()
    one = days.alerts(WORKER)[0]
    take_step(days.engine, WORKER, one.alert_id, asked("acknowledge"), NOW)

    assert [False, True] == [step.own for step in history(days.engine, WORKER, one.alert_id)]
    assert [False, False] == [step.own for step in history(days.engine, COMMAND, one.alert_id)]


def test_alerts_of_a_grid_are_the_newest_first(days, asked):
    for number in (0, 20):
        days.publish(days=number)
        for each in days.alerts(WORKER, states=OPEN):
            take_step(days.engine, WORKER, each.alert_id, asked("not_needed"), NOW + timedelta(days=number))

    found = alerts_of_grid(days.engine, COMMAND, "g1", 5)
    assert [AS_OF + timedelta(days=20), AS_OF] == [each.starts for each in found]
    assert found[:1] == alerts_of_grid(days.engine, COMMAND, "g1", 1)
    assert [] == alerts_of_grid(days.engine, STRANGER, "g1", 5)


def test_alert_is_overdue_once_its_hours_have_passed(days):
    days.publish()
    in_time, late = NOW + timedelta(hours=24), NOW + timedelta(hours=24, seconds=1)

    assert ([], ["g1"]) == tuple(grids(overdue(days.engine, WORKER, HOURS, moment)) for moment in (in_time, late))
    assert ((2, 0), (2, 2)) == tuple(count_open(days.engine, HOURS, moment) for moment in (in_time, late))
    assert ["g1"] == grids(days.alerts(WORKER, overdue=(HOURS, late)))


def test_not_alerted_says_why_within_a_scope(days):
    days.publish(settings=EVERY.model_copy(update={"per_township": 1}))

    assert {"g3", "g5", "g7"} == set(not_alerted(days.engine, Scope("d/t1"), AS_OF))
    assert {Outcome.CAPACITY} == set(not_alerted(days.engine, Scope(""), AS_OF).values())
    assert {} == not_alerted(days.engine, Scope(""), AS_OF + timedelta(days=1))


def test_edited_alert_is_found(days):
    days.publish()
    assert [] == edited_alerts(days.engine)

    with writing(days.engine) as connection:
        connection.execute(update(alert).where(alert.c.grid_id == "g1").values(state=State.CLOSED))

    assert [each.alert_id for each in days.alerts(WORKER)] == edited_alerts(days.engine)


def test_held_list_is_seen_by_those_who_may_release_it_alone(days):
    days.publish(settings=QUIET.model_copy(update={"review": True}))

    assert ([], ["g1", "g2"]) == (days.alerts(COMMAND), grids(days.alerts(ANALYST)))
