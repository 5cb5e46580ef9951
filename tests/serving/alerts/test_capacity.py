"""Capacity: alerts that a rule would have led to, and how long a grid waits for its turn."""

from datetime import date

from features.database.engine import writing
from features.eventlog.undertakings import append_by_hand
from features.undertakings.undertaking import Undertaking
from serving.accounts.permissions import Scope
from serving.alerts.capacity import expected_alerts_per_day, read_revisit_interval, revisit_interval_weeks
from serving.settings import AlertSettings
from tests.serving.alerts.conftest import AS_OF, NOW, QUIET

PERIOD = Undertaking("p", "period", "event", "d/t1", date(2026, 1, 1), AS_OF, date(2026, 1, 10), attention=2.0)


def enter(days, undertaking=PERIOD):
    with writing(days.engine) as connection:
        append_by_hand(connection, undertaking, "operator", NOW)


def test_expected_alerts_per_day_replays_the_rule_over_the_last_lists(days):
    for number in range(16):
        days.publish(days=number, settings=QUIET.model_copy(update={"enter_share": 0.01, "leave_share": 0.01}))

    counted = expected_alerts_per_day(days.engine, QUIET, "escalation")

    assert list(counted.values()) == [2, *[0] * 15]
    assert expected_alerts_per_day(days.engine, QUIET, "another") == {}
    free = QUIET.model_copy(update={"enter_share": 1.0, "leave_share": 1.0, "per_township": 1})
    assert list(expected_alerts_per_day(days.engine, free, "escalation").values())[:5] == [2, 2, 2, 2, 0]


def test_neglect_of_the_published_places_is_grids_over_drawn_slots(days):
    exploring = AlertSettings(exploration_share=0.1, per_township=3)

    assert read_revisit_interval(days.engine, exploring) is None

    days.publish()

    assert read_revisit_interval(days.engine, exploring) == revisit_interval_weeks(8, 1, exploring)
    assert round(revisit_interval_weeks(605, 1, AlertSettings(exploration_share=0.1, per_township=30)) * 7) == 202


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
