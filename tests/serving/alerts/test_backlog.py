"""The backlog of a moment: what was open then, what was overdue, what was under supervision."""

from datetime import timedelta

from serving.accounts.permissions import Scope
from serving.alerts.backlog import AreaBacklog, backlog_below, open_at, open_now
from serving.alerts.transitions import take_step
from serving.rankings.releases import release
from serving.settings import DueHours
from tests.serving.alerts.conftest import ANALYST, COMMAND, DISTRICT, NOW, QUIET, WORKER

HOURS = DueHours(acknowledge=24, start=72, close=168)
HOUR = timedelta(hours=1)


def test_backlog_below_is_in_the_order_of_codes(days, asked) -> None:
    days.publish()
    g2 = next(each for each in days.alerts() if each.grid_id == "g2")
    take_step(days.engine, DISTRICT, g2.alert_id, asked("supervise"), NOW)
    found = backlog_below(open_now(days.engine, Scope("d")), 2, HOURS, NOW + 30 * HOUR)

    assert found == [AreaBacklog("d/t1", 1, 1, 0), AreaBacklog("d/t2", 1, 1, 1)]
    assert backlog_below(open_now(days.engine, Scope("d/t2")), 2, HOURS, NOW) == [AreaBacklog("d/t2", 1, 0, 1)]


def test_open_at_shows_alerts_as_they_stood_at_an_earlier_moment(days, asked) -> None:
    days.publish()
    one, other = days.alerts()
    take_step(days.engine, WORKER if one.grid_id == "g1" else DISTRICT, one.alert_id, asked("acknowledge"), NOW + HOUR)
    take_step(days.engine, DISTRICT, other.alert_id, asked("supervise"), NOW + HOUR)
    take_step(days.engine, COMMAND, one.alert_id, asked("close", version=2, reason="calm"), NOW + 3 * HOUR)
    take_step(days.engine, COMMAND, other.alert_id, asked("close", version=2, reason="calm"), NOW + 5 * HOUR)
    take_step(days.engine, DISTRICT, other.alert_id, asked("strike_off", version=3), NOW + 6 * HOUR)

    def stood(hours: int) -> list[tuple[str, str, bool]]:
        return sorted((each.path, each.state, each.supervised) for each in open_at(days.engine, Scope("d"), NOW + hours * HOUR))

    first, second = sorted([one, other], key=lambda each: each.path)
    assert [path for path, _, _ in stood(0)] == [first.path, second.path]
    assert {(one.path, "acknowledged", False), (other.path, "published", True)} == set(stood(2))
    assert stood(4) == [(other.path, "published", True)]
    assert stood(7) == []
    assert open_now(days.engine, Scope("d")) == []
    assert open_at(days.engine, Scope("d"), NOW - HOUR) == []


def test_reopened_alert_was_supervised_from_its_first_step_on(days, asked) -> None:
    days.publish()
    one = days.alerts()[0]
    for version, (action, reason) in enumerate([("supervise", "major"), ("close", "calm"), ("reopen", "recurred")], start=1):
        take_step(days.engine, DISTRICT, one.alert_id, asked(action, version=version, reason=reason), NOW + version * HOUR)
    again = [each for each in open_at(days.engine, Scope("d"), NOW + 4 * HOUR) if each.path == one.path]

    assert [(each.raised_at, each.supervised) for each in again] == [(NOW + 3 * HOUR, True)]


def test_alerts_of_a_list_that_waits_for_its_release_are_not_counted(days) -> None:
    entry = days.publish(settings=QUIET.model_copy(update={"review": True}))

    assert [] == [*open_now(days.engine, Scope("d")), *open_at(days.engine, Scope("d"), NOW + HOUR)]
    release(days.engine, ANALYST, entry.ranking_id, NOW + HOUR)
    assert 2 == len(open_now(days.engine, Scope("d"))) == len(open_at(days.engine, Scope("d"), NOW + HOUR))
