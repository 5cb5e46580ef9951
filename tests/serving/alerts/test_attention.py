"""A period with a scope moves the threshold there, for its time alone."""

from datetime import date

from features.database.engine import writing
from features.eventlog.undertakings import append_by_hand
from features.undertakings.undertaking import Undertaking
from serving.accounts.permissions import Scope
from serving.alerts.capacity import expected_alerts_per_day
from tests.serving.alerts.conftest import AS_OF, NOW, QUIET

PERIOD = Undertaking("p", "period", "event", "d/t1", date(2026, 1, 1), AS_OF, date(2026, 1, 10), attention=2.0)


def enter(days, undertaking=PERIOD):
    with writing(days.engine) as connection:
        append_by_hand(connection, undertaking, "operator", NOW)


def test_period_raises_more_alerts_in_its_scope_and_ends_by_itself(days):
    enter(days)
    days.publish()

    assert sorted(each.grid_id for each in days.alerts()) == ["g1", "g2", "g3"]


def test_period_that_has_ended_moves_nothing(days):
    enter(days)
    days.publish(days=1)

    assert sorted(each.grid_id for each in days.alerts()) == ["g1", "g2"]


def test_forecast_tells_the_alerts_of_a_period_before_it_is_saved(days):
    days.publish()
    tried = ((Scope("d/t1"), 2.0),)
    before = (
        expected_alerts_per_day(days.engine, QUIET, "escalation"),
        expected_alerts_per_day(days.engine, QUIET, "escalation", tried=tried),
    )
    enter(days)

    assert [list(each.values()) for each in before] == [[2], [3]]
    assert list(expected_alerts_per_day(days.engine, QUIET, "escalation").values()) == [3]
