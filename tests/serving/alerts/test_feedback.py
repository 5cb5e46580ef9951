"""Feedback and visits: who may give them, once each, and what is told of them."""

from collections import Counter
from datetime import timedelta

import pytest

from features.errors import ConflictError, ForbiddenError, NotFoundError, NotReadyError
from serving.alerts.feedback import Feedback, Found, ReasonFeedback, Visit, give_feedback, log_visit, verdicts, visits_of_alert
from serving.alerts.schemas import Alert
from tests.serving.alerts.conftest import ANALYST, AS_OF, COMMAND, NOW, STRANGER, TOWNSHIP, WORKER


@pytest.fixture
def raised(days) -> Alert:
    """Return the alert of grid g1, in township d/t1."""
    days.publish()
    return next(each for each in days.alerts() if each.grid_id == "g1")


@pytest.fixture
def agreed(raised) -> Feedback:
    return Feedback(group=raised.text.reasons[0].group, verdict=ReasonFeedback.AGREES)


def test_verdicts_are_counted_per_reason_and_sent_twice_is_counted_once(days, raised, agreed):
    for actor, key in ((WORKER, "key-of-the-worker"), (WORKER, "key-of-the-worker"), (TOWNSHIP, "key-of-the-town")):
        assert agreed == give_feedback(days.engine, actor, raised.alert_id, agreed, key, NOW)

    assert {agreed.group: Counter({ReasonFeedback.AGREES: 2})} == verdicts(days.engine, COMMAND, raised.alert_id)


@pytest.mark.parametrize(("actor", "error"), [(ANALYST, ForbiddenError), (STRANGER, NotFoundError)])
def test_feedback_by_who_may_not_answer_or_see_the_alert_is_refused(days, raised, agreed, actor, error):
    with pytest.raises(error):
        give_feedback(days.engine, actor, raised.alert_id, agreed, "key-of-nobody", NOW)

    assert {} == verdicts(days.engine, COMMAND, raised.alert_id)


def test_feedback_on_a_reason_that_the_alert_does_not_give_is_refused(days, raised):
    with pytest.raises(ConflictError, match="about a reason of the alert"):
        give_feedback(days.engine, WORKER, raised.alert_id, Feedback(group="weather", verdict="agrees"), "key-of-weather", NOW)


def test_verdicts_of_a_foreign_alert_are_not_told(days, raised):
    with pytest.raises(NotFoundError):
        verdicts(days.engine, STRANGER, raised.alert_id)


def test_visit_after_an_alert_is_kept_with_what_chose_the_grid(days, raised):
    logged = log_visit(days.engine, WORKER, Visit(grid_id="g1", alert_id=raised.alert_id, visited_on=AS_OF, found=Found.NO), "visit-1", NOW)

    assert ("listed", True) == (logged.kind, logged.model_prompted)
    assert [(Found.NO, True)] == [(each.found, each.own) for each in visits_of_alert(days.engine, WORKER, raised.alert_id)]
    assert [False] == [each.own for each in visits_of_alert(days.engine, COMMAND, raised.alert_id)]
    assert [] == visits_of_alert(days.engine, STRANGER, raised.alert_id)


def test_routine_visit_is_prompted_by_nothing_of_ours(days):
    logged = log_visit(days.engine, TOWNSHIP, Visit(grid_id="g5", visited_on=AS_OF, found=Found.UNCLEAR), "visit-2", NOW)

    assert ("routine", False, None) == (logged.kind, logged.model_prompted, logged.selection_probability)


@pytest.mark.parametrize(
    ("actor", "grid_id", "days_ahead", "error"),
    [
        (ANALYST, "g5", 0, ForbiddenError),
        (TOWNSHIP, "g5", 1, NotReadyError),
        (TOWNSHIP, "g6", 0, NotFoundError),
        (TOWNSHIP, "g99", 0, NotFoundError),
    ],
)
def test_visit_without_the_right_ahead_or_elsewhere_is_refused(days, actor, grid_id, days_ahead, error):
    with pytest.raises(error):
        log_visit(days.engine, actor, Visit(grid_id=grid_id, visited_on=AS_OF + timedelta(days=days_ahead), found=Found.NO), "visit-3", NOW)


def test_visit_of_another_grid_than_that_of_its_alert_is_refused(days, raised):
    with pytest.raises(NotFoundError):
        log_visit(days.engine, TOWNSHIP, Visit(grid_id="g5", alert_id=raised.alert_id, visited_on=AS_OF, found=Found.NO), "visit-4", NOW)
