"""A period with a scope moves the threshold there, for its time alone."""

from datetime import date

from features.database.engine import writing
from features.eventlog.undertakings import append_by_hand
from features.undertakings.undertaking import Undertaking
from tests.serving.alerts.conftest import AS_OF, NOW

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
