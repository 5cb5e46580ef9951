"""The life of alerts as a state machine: whatever people do, and in whatever order, the store and a model of it agree."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import Engine, select

from features.database.alert_tables import alert_transition
from features.database.engine import open_database
from features.errors import ChangedError, ConflictError, ForbiddenError
from serving.alerts import transitions
from serving.alerts.lifecycle import OPEN, REASONS, STEPS, Action, State, reasons_for
from serving.alerts.queries import Wanted, list_alerts
from serving.alerts.schemas import Alert
from serving.alerts.transitions import TransitionRequest, permitted_actions, take_step
from tests.serving.alerts.conftest import COMMAND, NOW, Days
from tests.support.databases import Databases

EXAMPLES, STEPS_EACH = 44, 100


class Life(RuleBasedStateMachine):
    """People work on the alerts of two grids, with stale versions and repeated keys among what they ask."""

    copy_template: Callable[[], AbstractContextManager[Engine]]
    operations: int

    def __init__(self) -> None:
        super().__init__()
        self.opened = ExitStack()
        self.engine = self.opened.enter_context(Life.copy_template())
        self.model = {each.alert_id: each for each in list_alerts(self.engine, COMMAND, Wanted(), 500)}
        self.asked: list[tuple[str, TransitionRequest, Alert]] = []

    @rule(which=st.integers(0, 99), action=st.sampled_from(list(Action)), behind=st.sampled_from([0, 0, 0, 1]))
    def act(self, which: int, action: Action, behind: int) -> None:
        Life.operations += 1
        before = list(self.model.values())[which % len(self.model)]
        to = ("d" if before.owner != "d" else before.path) if action is Action.HAND_OVER else None
        reason = next(iter(reasons_for(before.state, action) or REASONS[action]))
        asked = TransitionRequest(action, reason, before.version - behind, f"key-{Life.operations}", to)
        try:
            after = take_step(self.engine, COMMAND, before.alert_id, asked, NOW)
        except (ChangedError, ConflictError, ForbiddenError):
            assert behind or not self.allows(before, action), f"{action} was refused from {before.state}"
            return
        assert not behind, "a step for another version was taken"
        assert self.allows(before, action), f"{action} was taken from {before.state}"
        assert (after.state, after.version) == (STEPS[before.state, action], 1 if action is Action.REOPEN else before.version + 1)
        self.model[after.alert_id] = after
        self.asked.append((before.alert_id, asked, after))

    @rule(which=st.integers(0, 99))
    def repeat(self, which: int) -> None:
        if self.asked:
            Life.operations += 1
            alert_id, asked, answer = self.asked[which % len(self.asked)]
            assert take_step(self.engine, COMMAND, alert_id, asked, NOW) == answer

    def allows(self, before: Alert, action: Action) -> bool:
        """A grid has one open alert, so reopening waits for it."""
        busy = any(each.grid_id == before.grid_id and each.state in OPEN for each in self.model.values())
        return action in permitted_actions(COMMAND, before) and not (action is Action.REOPEN and busy)

    def teardown(self) -> None:
        """Nothing was lost, and every history is a path without gaps."""
        try:
            assert {each.alert_id: each for each in list_alerts(self.engine, COMMAND, Wanted(), 500)} == self.model
            with self.engine.connect() as connection:
                rows = connection.execute(select(alert_transition).order_by(alert_transition.c.alert_id, alert_transition.c.version)).all()
            reached: dict[str, tuple[int, State | None]] = {}
            for row in rows:
                version, state = reached.get(row.alert_id, (0, None))
                assert row.version == version + 1
                assert state is None or STEPS[state, Action(row.action)] == row.state
                reached[row.alert_id] = (row.version, State(row.state))
        finally:
            self.opened.close()


@pytest.fixture
def life(days: Days, dialect: str, databases: Databases, tmp_path: Path) -> type[Life]:
    """The machine on a store with two alerts to begin with."""
    days.publish()
    days.engine.dispose()

    @contextmanager
    def copy_template() -> Iterator[Engine]:
        with TemporaryDirectory() as folder:
            if dialect == "sqlite":
                shutil.copy(str(days.engine.url.database), folder)
            with databases.new(dialect, Path(folder), days.engine.url) as url:
                opened = open_database(url)
                yield opened
                opened.dispose()

    Life.copy_template, Life.operations = staticmethod(copy_template), 0
    return Life


def run(life: type[Life]) -> None:
    often = {"max_examples": EXAMPLES, "stateful_step_count": STEPS_EACH, "phases": [Phase.generate]}
    repeatable = {"derandomize": True, "database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}
    run_state_machine_as_test(life, settings=settings(**often, **repeatable))


def test_life_of_alerts_over_two_thousand_operations_loses_nothing_and_takes_no_illegal_step(life, record_property):
    run(life)

    record_property("operations", life.operations)
    assert life.operations >= 2_000


def test_life_that_forgets_to_compare_versions_would_be_noticed(life, monkeypatch):
    step = transitions._step
    monkeypatch.setattr(transitions, "_step", lambda c, a, before, asked, *rest: step(c, a, before, replace_version(asked, before), *rest))

    with pytest.raises(AssertionError):
        run(life)


def replace_version(asked: TransitionRequest, before: Alert) -> TransitionRequest:
    return TransitionRequest(asked.action, asked.reason, before.version, asked.key, asked.to)
