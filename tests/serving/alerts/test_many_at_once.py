"""Sixteen people at once work on the same alerts: nothing illegal is taken, nothing that was taken is lost."""

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import Engine, select

from features.database.alert_tables import alert_transition
from features.database.engine import reading
from features.errors import ChangedError, ConflictError, ForbiddenError, StoreError
from serving.alerts import transitions
from serving.alerts.lifecycle import REASONS, STEPS, Action, State, reasons_for
from serving.alerts.queries import Wanted, find_alert, list_alerts
from serving.alerts.schemas import Alert
from serving.alerts.transitions import TransitionRequest, take_step
from tests.serving.alerts.conftest import COMMAND, NOW, QUIET, Days

PEOPLE = 16
PATIENCE = 10
"""How often somebody asks a store again that is busy for seconds each time."""
REPEATED, STALE = 0.1, 0.1
"""Shares of what is asked: again under its key, and for a version that is over."""


@dataclass
class Person:
    """Somebody who does whatever comes to mind with alerts that others work on too."""

    engine: Engine
    number: int
    taken: list[tuple[str, TransitionRequest, Alert]] = field(default_factory=list)
    other_answers: int = 0
    """How often a repeated key was not answered as before."""

    def work(self, operations: int) -> None:
        rng = random.Random(self.number)  # noqa: S311 - what comes to mind needs a seed, not secrecy
        alert_ids = [each.alert_id for each in insist(list_alerts, self.engine, COMMAND, Wanted(), 500)]
        for operation in range(operations):
            if self.taken and rng.random() < REPEATED:
                alert_id, asked, answer = rng.choice(self.taken)
                self.other_answers += insist(take_step, self.engine, COMMAND, alert_id, asked, NOW) != answer
                continue
            before = insist(find_alert, self.engine, COMMAND, rng.choice(alert_ids))
            asked = self.think_of(before, f"key-{self.number}-{operation}", rng)
            try:
                after = insist(take_step, self.engine, COMMAND, before.alert_id, asked, NOW)
            except (ChangedError, ConflictError, ForbiddenError):
                continue
            self.taken.append((before.alert_id, asked, after))
            if asked.action is Action.REOPEN:
                alert_ids[alert_ids.index(before.alert_id)] = after.alert_id

    def think_of(self, before: Alert, key: str, rng: random.Random) -> TransitionRequest:
        """Mostly comment or hand over, which leave an alert open; do the rest, legal or not, now and then."""
        action = rng.choice((*[Action.COMMENT] * 8, Action.HAND_OVER, *Action))
        to = ("d" if before.owner != "d" else before.path) if action is Action.HAND_OVER else None
        return TransitionRequest(
            action, next(iter(reasons_for(before.state, action) or REASONS[action])), before.version - (rng.random() < STALE), key, to
        )


def insist(ask: Callable[..., Any], *arguments: Any) -> Any:
    """Ask again, under the same key, where the store was too busy to take it."""
    for _ in range(PATIENCE):
        with suppress(StoreError):
            return ask(*arguments)
    return ask(*arguments)


def work_together(engine: Engine, operations: int) -> list[Person]:
    people = [Person(engine, number) for number in range(PEOPLE)]
    with ThreadPoolExecutor(PEOPLE) as threads:
        for done in [threads.submit(person.work, operations // PEOPLE) for person in people]:
            done.result()
    return people


def faults(engine: Engine, people: list[Person]) -> Counter[str]:
    """Return how often a step was illegal, taken for another version, lost, or done by nobody; and other answers to the same key."""
    with reading(engine) as connection:
        query = select(alert_transition).order_by(alert_transition.c.alert_id, alert_transition.c.version)
        rows = connection.execute(query).all()
    taken = [step for person in people for step in person.taken]
    found = Counter({"other answer": sum(person.other_answers for person in people)})
    found["other version"] = sum(after.version != asked.version + 1 for _, asked, after in taken if asked.action is not Action.REOPEN)
    answered = Counter((after.alert_id, after.version, asked.action) for _, asked, after in taken)
    stored = Counter((row.alert_id, row.version, row.action) for row in rows if row.action != "raised")
    found["lost"], found["by nobody"] = (answered - stored).total(), (stored - answered).total()
    for before, row in zip([None, *rows], rows, strict=False):
        if before is None or before.alert_id != row.alert_id:
            found["illegal"] += row.version != 1
        else:
            legal = STEPS.get((State(before.state), Action(row.action)))
            found["illegal"] += (row.version, row.state) != (before.version + 1, legal)
    return +found


@pytest.fixture
def hurried(days: Days) -> Days:
    """Eight alerts."""
    days.publish(settings=QUIET.model_copy(update={"enter_share": 1.0, "leave_share": 1.0}))
    return days


@pytest.mark.parametrize("operations", [400, pytest.param(20_000, marks=pytest.mark.full)])
def test_steps_of_many_at_once_are_legal_kept_and_answered_alike(
    hurried: Days, operations: int, record_property: Callable[[str, object], None]
) -> None:
    people = work_together(hurried.engine, operations)

    record_property(f"operations of {PEOPLE} people at once", operations)
    assert faults(hurried.engine, people) == Counter()
    assert sum(len(person.taken) for person in people) > operations / 10


def test_steps_of_many_at_once_that_compare_no_versions_are_caught(hurried: Days, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken variant."""
    step = transitions._step

    def forget(connection, actor, before, asked, now, departments):
        return step(connection, actor, before, replace(asked, version=before.version), now, departments)

    monkeypatch.setattr(transitions, "_step", forget)

    assert faults(hurried.engine, work_together(hurried.engine, 200))["other version"] > 0
