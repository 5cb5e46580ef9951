from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from features.database.access_tables import audit
from features.errors import ChangedError, ConflictError, ForbiddenError, NotFoundError
from serving.alerts.lifecycle import State
from serving.alerts.queries import Wanted, count_alerts, find_alert, history, overdue
from serving.alerts.transitions import take_step
from serving.settings import DueHours
from tests.serving.alerts.conftest import ANALYST, COMMAND, NOW, STRANGER, TOWNSHIP, WORKER


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
