from datetime import UTC, datetime, timedelta

import pytest

from features.errors import ConflictError
from serving.alerts.life import OPEN, REASONS, STEPS, Action, State, due_at, step
from serving.settings import DueHours

NOW = datetime(2026, 1, 9, tzinfo=UTC)


def a_reason(action: Action) -> str:
    return next(iter(REASONS[action]))


def test_step_follows_the_promised_path():
    walked = [State.PUBLISHED]
    for action in (Action.ACKNOWLEDGE, Action.START, Action.CLOSE):
        walked.append(step(walked[-1], action, a_reason(action)))

    assert walked == ["published", "acknowledged", "in_action", "closed"]


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("action", Action)
def test_step_outside_the_table_is_refused(state, action):
    if (state, action) in STEPS:
        assert step(state, action, a_reason(action)) is STEPS[state, action]
        return
    with pytest.raises(ConflictError, match="not among them"):
        step(state, action, a_reason(action))


def test_step_reason_of_another_action_is_refused():
    with pytest.raises(ConflictError, match="must be one of"):
        step(State.PUBLISHED, Action.ACKNOWLEDGE, "recurred")


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
