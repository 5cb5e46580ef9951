"""The work list shows every alert in reach, overdue and priority first, with true counts."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from features.database.alert_tables import alert
from features.database.engine import writing
from serving.accounts.permissions import Scope
from serving.alerts.feedback import Feedback, KindRecord, ReasonFeedback, give_feedback, read_track_record
from serving.alerts.transitions import take_step
from serving.alerts.worklist import AreaBacklog, Filter, Part, Worklist, backlog_below, open_at, open_now, read_worklist
from serving.rankings.publishing import release
from serving.settings import DueHours
from tests.serving.alerts.conftest import ANALYST, COMMAND, DISTRICT, NOW, QUIET, STRANGER, TOWNSHIP, WORKER, Days
from tests.support.databases import drop_trigger

HOURS = DueHours(acknowledge=24, start=72, close=168)
ALL = 500
WHOLE = Filter()


@pytest.fixture
def read(days: Days) -> Callable[..., Worklist]:
    """Return a function that reads the list of somebody at some hour."""

    def list_of(wanted: Filter = WHOLE, actor=COMMAND, hours: float = 1, page: tuple[int, int] = (ALL, 0)) -> Worklist:
        return read_worklist(days.engine, actor, wanted, HOURS, NOW + timedelta(hours=hours), page)

    return list_of


def test_every_one_of_154_alerts_is_reached_once_page_by_page(raise_alerts, read) -> None:
    raise_alerts(154)
    pages = [read(page=(40, start)) for start in range(0, 160, 40)]

    assert [len(page.alerts) for page in pages] == [40, 40, 40, 34]
    assert {page.total for page in pages} == {154}
    assert len({each.alert_id for page in pages for each in page.alerts}) == 154


def test_overdue_stand_before_supervised_and_these_before_priority(days, read, asked) -> None:
    days.publish()
    days.publish(days=2)  # the alerts of the first day are not answered by then
    with writing(days.engine) as connection:
        drop_trigger(connection, "alert", "UPDATE")
        connection.execute(update(alert).values(level="watch"))
        connection.execute(update(alert).where(alert.c.grid_id == "g1").values(level="watch", since=NOW - timedelta(days=2)))
        connection.execute(update(alert).where(alert.c.grid_id == "g2").values(level="priority"))

    assert [each.grid_id for each in read().alerts] == ["g1", "g2"]
    g2 = next(each for each in days.alerts() if each.grid_id == "g2")
    take_step(days.engine, DISTRICT, g2.alert_id, asked("supervise"), NOW)
    assert [each.grid_id for each in read().alerts] == ["g1", "g2"]
    assert [each.grid_id for each in read(Filter(Part.SUPERVISED)).alerts] == ["g2"]
    assert [each.grid_id for each in read(Filter(Part.OVERDUE)).alerts] == ["g1"]


def test_counts_are_those_of_the_reader_whatever_the_filter(days, read, asked) -> None:
    days.publish()
    first = next(each for each in days.alerts() if each.grid_id == "g1")
    take_step(days.engine, WORKER, first.alert_id, asked("acknowledge"), NOW)

    assert read(Filter(text="nowhere")).counts == {"open": 2, "waiting": 1, "in_hand": 1, "overdue": 0, "supervised": 0, "ended": 0}
    assert read(actor=TOWNSHIP).counts[Part.OPEN] == 1
    assert read(hours=30, actor=STRANGER).counts[Part.OVERDUE] == 1


@pytest.mark.parametrize(
    ("wanted", "grids"),
    [
        (Filter(area="d/t1"), ["g1"]),
        (Filter(level="elevated"), ["g1", "g2"]),
        (Filter(level="priority"), []),
        (Filter(kind="labor_wage"), ["g2"]),
        (Filter(text="2"), ["g2"]),
        (Filter(text="%"), []),
        (Filter(Part.ENDED), []),
    ],
)
def test_filter_keeps_what_fits(days, read, wanted, grids) -> None:
    days.publish()
    with writing(days.engine) as connection:
        drop_trigger(connection, "alert", "UPDATE")
        connection.execute(update(alert).where(alert.c.grid_id == "g2").values(kind="labor_wage"))

    assert sorted(each.grid_id for each in read(wanted).alerts) == grids


def test_track_record_counts_what_staff_found_and_a_verdict_outweighs_a_calm_visit(days, asked) -> None:
    days.publish()
    one, other = days.alerts()
    take_step(days.engine, COMMAND, one.alert_id, asked("close", reason="calm"), NOW)
    take_step(days.engine, COMMAND, other.alert_id, asked("close", reason="calm"), NOW)
    agreed = Feedback(group=one.text.reasons[0].group, verdict=ReasonFeedback.AGREES)
    give_feedback(days.engine, COMMAND, one.alert_id, agreed, "key-of-feedback", NOW)

    assert read_track_record(days.engine, COMMAND, NOW) == [KindRecord("neighbor", raised=2, real=1, not_real=1)]
    assert read_track_record(days.engine, TOWNSHIP, NOW)[0].raised == 1
    assert read_track_record(days.engine, COMMAND, NOW + timedelta(days=181)) == []


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
