from datetime import UTC, datetime, timedelta

import pytest

from features.errors import ConflictError
from serving.alerts.lifecycle import (
    AT_ONCE,
    OPEN,
    REASONS,
    STEPS,
    SUPERVISION_STEPS,
    Action,
    Position,
    State,
    Supervision,
    due_at,
    reasons_for,
    step,
)
from serving.settings import DueHours

NOW = datetime(2026, 1, 9, tzinfo=UTC)


def a_reason(action: Action, state: State = State.IN_ACTION) -> str:
    return next(iter(reasons_for(state, action) or REASONS[action]))


def test_step_follows_the_promised_path():
    walked = [Position(State.PUBLISHED)]
    for action in (Action.ACKNOWLEDGE, Action.START, Action.CLOSE):
        walked.append(step(walked[-1], action, a_reason(action, walked[-1].state)))

    assert [position.state for position in walked] == ["published", "acknowledged", "in_action", "closed"]


@pytest.mark.parametrize("supervision", [None, *Supervision])
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", Action)
def test_step_outside_the_tables_is_refused(state, supervision, action):
    position, reason = Position(state, supervision), a_reason(action, state)
    before, after = SUPERVISION_STEPS.get(action, (frozenset({supervision}), supervision))
    if (state, action) in STEPS and supervision in before:
        assert step(position, action, reason) == (STEPS[state, action], after)
        return
    with pytest.raises(ConflictError, match="not among them"):
        step(position, action, reason)


@pytest.mark.parametrize("state", sorted(OPEN - {State.IN_ACTION}))
def test_close_before_anything_was_started_is_for_a_calm_visit_alone(state):
    assert step(Position(state), Action.CLOSE, AT_ONCE).state is State.CLOSED
    with pytest.raises(ConflictError, match="must be one of calm here"):
        step(Position(state), Action.CLOSE, "settled")


def test_supervision_is_asked_for_listed_and_struck_off_once_the_alert_was_answered():
    listed = step(Position(State.PUBLISHED, Supervision.REQUESTED), Action.SUPERVISE, "asked_for")
    answered = step(listed, Action.NOT_NEEDED, "known")

    assert step(answered, Action.STRIKE_OFF, "answered") == (State.NOT_NEEDED, Supervision.STRUCK_OFF)
    with pytest.raises(ConflictError, match="strike_off is not among them"):
        step(listed, Action.STRIKE_OFF, "answered")


def test_step_reason_of_another_action_is_refused():
    with pytest.raises(ConflictError, match="must be one of"):
        step(Position(State.PUBLISHED), Action.ACKNOWLEDGE, "recurred")


@pytest.mark.parametrize("action", [Action.NOT_NEEDED, Action.DATA_WRONG])
def test_disagreeing_takes_one_step_like_agreeing_and_is_open_as_long(action):
    assert (State.PUBLISHED, Action.ACKNOWLEDGE) in STEPS
    assert all((state, action) in STEPS for state in OPEN)


def test_no_step_leads_to_expiry_and_every_action_has_reasons():
    assert State.EXPIRED not in {after for (before, _), after in STEPS.items() if before is not State.EXPIRED}
    assert set(REASONS) == set(Action)


def test_due_at_counts_from_the_state_and_ends_with_it():
    hours = DueHours(acknowledge=24, start=72, close=168)

    assert due_at(State.PUBLISHED, NOW, hours) == NOW + timedelta(hours=24)
    assert due_at(State.IN_ACTION, NOW, hours) == NOW + timedelta(hours=168)
    assert due_at(State.CLOSED, NOW, hours) is None
