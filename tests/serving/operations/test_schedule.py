import asyncio
import threading
from datetime import date, datetime, time, timedelta

import pytest

from serving.operations import schedule
from serving.operations.jobs import Run, record_run
from serving.operations.schedule import DailyRuns, due_days, missed_days, repeating, run_in_background, take_lease
from tests.serving.alerts.conftest import AS_OF, NOW, Days, days  # noqa: F401 - a fixture

SIX = time(6)


@pytest.fixture
def runs(days):  # noqa: F811 - the fixture
    """Return a function that starts a process's runs; every list is made by hand, and one day can be made to fail."""

    def start(holder: str = "one", failing: date | None = None) -> DailyRuns:
        def rank_day(day: date) -> str | None:
            if day == failing:
                return "every source is behind"
            days.publish(as_of=day, now=datetime.combine(day, SIX, NOW.tzinfo))
            ranked.append(day)
            return None

        ranked: list[date] = []
        return DailyRuns(days.engine, rank_day, SIX, holder)

    return start


def after(number: int, hour: int = 6) -> datetime:
    return NOW.replace(hour=hour) + timedelta(days=number)


def test_run_due_publishes_today_from_its_time_on_and_once(runs):
    daily = runs()

    assert daily.run_due(after(0, hour=5)) == []
    assert daily.run_due(after(0)) == [AS_OF]
    assert daily.run_due(after(0, hour=9)) == []
    assert daily.run_due(after(1, hour=0)) == []


@pytest.mark.parametrize(
    ("start_hour", "ingest_hour", "minutes", "published"),
    [
        (8, None, 0, False),
        (8, None, 14, False),
        (8, None, 15, True),
        (8, 1, 0, True),
        (8, -20, 0, False),
        (5, None, 60, True),
    ],
    ids=["starts late", "soon after", "after its wait", "ingest of today", "ingest of yesterday", "starts in time"],
)
def test_run_due_of_a_late_start_waits_for_the_ingest_that_starts_beside_it(runs, start_hour, ingest_hour, minutes, published):
    daily = runs()
    daily.started_at = after(0, hour=start_hour)
    if ingest_hour is not None:
        record_run(daily.engine, Run("ingest", after(0, hour=0) + timedelta(hours=ingest_hour), 1.0))

    assert daily.run_due(daily.started_at + timedelta(minutes=minutes)) == ([AS_OF] if published else [])


def test_run_due_fills_three_missed_days_the_oldest_first(runs):
    daily = runs()
    daily.run_due(after(0))

    assert daily.run_due(after(4)) == [AS_OF + timedelta(days=number) for number in (1, 2, 3, 4)]


def test_run_due_past_day_that_is_refused_is_marked_and_today_is_tried_again(runs):
    runs().run_due(after(0))
    daily = runs(failing=AS_OF + timedelta(days=1))

    assert daily.run_due(after(2)) == [AS_OF + timedelta(days=2)]
    assert missed_days(daily.engine, after(2)) == [(AS_OF + timedelta(days=1), "every source is behind")]

    daily = runs(failing=AS_OF + timedelta(days=3))
    tried = [daily.run_due(after(3)), due_days(daily.engine, after(3), SIX)]
    daily.rank_day = runs().rank_day

    assert tried == [[], [AS_OF + timedelta(days=3)]]
    assert daily.run_due(after(3)) == []
    assert daily.run_due(after(3) + timedelta(minutes=15)) == [AS_OF + timedelta(days=3)]


def test_run_due_after_a_long_gap_catches_up_a_week_and_counts_the_days_before(runs):
    runs().run_due(after(0))
    daily = runs()
    caught_up = daily.run_due(after(20))

    assert caught_up == [AS_OF + timedelta(days=number) for number in range(13, 21)]
    assert [day for day, _ in missed_days(daily.engine, after(20))] == [AS_OF + timedelta(days=number) for number in range(12, 0, -1)]
    assert daily.run_due(after(20)) == []


def test_missed_day_that_was_ranked_since_is_missed_no_longer(runs, days):  # noqa: F811 - the fixture
    runs().run_due(after(0))
    runs(failing=AS_OF + timedelta(days=1)).run_due(after(2))
    days.publish(as_of=AS_OF + timedelta(days=1), now=after(2))

    assert missed_days(days.engine, after(2)) == []


def test_run_due_in_several_processes_at_once_publishes_each_day_once(runs):
    runs().run_due(after(0))
    published: list[date] = []
    together = threading.Barrier(3)

    def run(holder: str) -> None:
        daily = runs(holder)
        together.wait()
        published.extend(daily.run_due(after(3)))

    threads = [threading.Thread(target=run, args=(f"process {number}",)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(published) == [AS_OF + timedelta(days=number) for number in (1, 2, 3)]


def test_take_lease_is_one_holders_until_it_ends(days):  # noqa: F811 - the fixture
    hour = timedelta(hours=1)
    taken = [
        take_lease(days.engine, "daily", holder, NOW + timedelta(minutes=minutes), hour)
        for holder, minutes in (("one", 0), ("two", 30), ("one", 50), ("two", 70), ("two", 111), ("one", 112))
    ]

    assert taken == [True, False, True, False, True, False]


def test_overdue_names_a_list_an_hour_after_it_was_due(runs):
    daily = runs()
    assert daily.overdue(after(0, hour=23)) == []  # there was never a list
    daily.run_due(after(0))

    assert daily.overdue(after(1, hour=6)) == []
    assert daily.overdue(after(1, hour=7)) == [AS_OF + timedelta(days=1)]
    daily.run_due(after(1, hour=7))
    assert daily.overdue(after(1, hour=8)) == []


def test_overdue_counts_a_refused_list_of_today(runs):
    daily = runs(failing=AS_OF + timedelta(days=1))
    daily.run_due(after(0))
    daily.run_due(after(1))

    assert daily.overdue(after(1, hour=8)) == [AS_OF + timedelta(days=1)]


SOON = 10.0


@pytest.mark.parametrize("failure", [UnicodeEncodeError("ascii", "预", 0, 1, "no"), RuntimeError("unforeseen"), OSError(28, "disk full")])
def test_in_background_task_fails_runs_again(failure):
    rounds, again = [], threading.Event()

    def fail_at_first():
        rounds.append(None)
        if len(rounds) == 1:
            raise failure
        again.set()

    with run_in_background({"task": fail_at_first}, 0.0) as (task,):
        assert again.wait(SOON)
        assert not task.is_stuck()
    assert task.is_stuck()


def test_in_background_task_hangs_the_others_run(monkeypatch):
    monkeypatch.setattr(schedule, "STOP_SECONDS", 0.0)
    done, release = threading.Event(), threading.Event()
    with run_in_background({"deliveries": release.wait, "ranking": done.set}, SOON) as (deliveries, ranking):
        assert done.wait(SOON)
        monkeypatch.setattr(schedule, "ROUND_SECONDS", 0.0)

        assert (True, False) == (deliveries.is_stuck(), ranking.is_stuck())
        release.set()


def test_repeating_finishes_the_round_that_is_under_way():
    """Otherwise what it reads from would be closed under its hands."""
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def chore() -> None:
        begun.set()
        may_end.wait(10)
        ended.set()

    async def run() -> bool:
        async with repeating(chore, 60):
            await asyncio.to_thread(begun.wait, 10)
            asyncio.get_running_loop().call_later(0.05, may_end.set)
        return ended.is_set()

    assert asyncio.run(run())
