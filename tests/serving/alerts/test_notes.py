"""No grid stays on the lists for ever without a word by a person."""

from datetime import timedelta

import pytest

from serving.accounts.permissions import EVERYTHING
from serving.alerts.queries import not_alerted
from serving.alerts.rule import MOST_LISTED, OF_LISTS
from serving.alerts.transitions import take_step
from tests.serving.alerts.conftest import AS_OF, COMMAND, NOW, QUIET

RESTLESS = QUIET.model_copy(update={"cool_down_days": 0})
LISTS = 36


def listed_by_day(days, grid_id: str) -> list[bool]:
    """Tell of each list whether it named a grid: its alert was raised that day, or stood open and was not held for a note."""
    raised = {each.starts for each in days.alerts() if each.grid_id == grid_id}
    held = [not_alerted(days.engine, EVERYTHING, AS_OF + timedelta(days=number)) for number in range(LISTS)]
    return [AS_OF + timedelta(days=number) in raised or held[number].get(grid_id) == "open_alert" for number in range(LISTS)]


def most_listed(named: list[bool]) -> int:
    return max(sum(named[start : start + OF_LISTS]) for start in range(len(named) - OF_LISTS + 1))


def test_no_grid_is_on_more_than_eight_of_twelve_lists_without_a_note(days, record_property):
    for number in range(LISTS):
        days.publish(days=number, settings=RESTLESS)

    record_property("lists of twelve that name one grid, at most", most_listed(listed_by_day(days, "g1")))
    assert most_listed(listed_by_day(days, "g1")) == MOST_LISTED
    assert not_alerted(days.engine, EVERYTHING, AS_OF + timedelta(days=8)) == {"g1": "needs_note", "g2": "needs_note"}


def test_without_the_rule_the_same_lists_name_a_grid_every_day(days, monkeypatch):
    monkeypatch.setattr("serving.alerts.raising.awaiting_review", lambda *_: frozenset())
    for number in range(LISTS):
        days.publish(days=number, settings=RESTLESS)

    assert most_listed(listed_by_day(days, "g1")) > MOST_LISTED


@pytest.mark.parametrize("ended", [False, True])
def test_note_by_a_person_lets_a_grid_be_listed_on(days, asked, ended):
    """A remark can be made on an alert that has ended as well, or a grid without an open one could not be noted."""
    for number in range(8):
        days.publish(days=number, settings=RESTLESS)
    (alert,) = (each for each in days.alerts() if each.grid_id == "g1")
    if ended:
        alert = take_step(days.engine, COMMAND, alert.alert_id, asked("not_needed"), NOW + timedelta(days=7, hours=1))
    days.publish(days=8, settings=RESTLESS)
    noted = take_step(days.engine, COMMAND, alert.alert_id, asked("comment", alert.version, reason="reviewed"), NOW + timedelta(days=8))
    days.publish(days=9, settings=RESTLESS)

    assert not_alerted(days.engine, EVERYTHING, AS_OF + timedelta(days=8)) == {"g1": "needs_note", "g2": "needs_note"}
    assert noted.state == alert.state
    assert not_alerted(days.engine, EVERYTHING, AS_OF + timedelta(days=9)) == {"g2": "needs_note"} | ({} if ended else {"g1": "open_alert"})
