"""The daily run when the clock jumps, and at the change of the day: every date gets one list, none two."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import ranking
from serving.operations.schedule import DailyRuns, take_lease
from serving.rankings.ledger import newest
from serving.rankings.schemas import GridRow
from tests.serving.alerts.conftest import AS_OF, NOW, Days, days  # noqa: F401 - a fixture

YEARS = timedelta(days=5 * 365)
Start = Callable[[str], DailyRuns]


@pytest.fixture
def start(days: Days) -> Start:  # noqa: F811 - the fixture
    """Return a function that starts a process's runs; lists of days for which sources are too old are refused, as they would be."""

    def rank_day(day: date) -> str | None:
        if day > AS_OF + timedelta(days=30):
            return "every source is behind"
        days.publish(as_of=day, now=datetime.combine(day, time(6), NOW.tzinfo))
        return None

    return lambda holder: DailyRuns(days.engine, rank_day, time(6), holder)


def lists(engine: Engine) -> Counter[int]:
    """Return how many lists there are of each day, counted from the first."""
    with reading(engine) as connection:
        return Counter((as_of - AS_OF).days for as_of in connection.execute(select(ranking.c.as_of)).scalars())


def live(start: Start) -> Counter[int]:
    """Go through a week whose clock jumps, with a process that is started anew in the middle; return the lists of each day."""
    jumps = (0, 3, 0, -1, 1, 1 + 5 * 365, 1)
    daily = start("one")
    for day in jumps:
        daily.run_due(NOW + timedelta(days=day))
    daily = start("two")
    for day in range(1, 7):
        daily.run_due(NOW + timedelta(days=day, hours=2))
    return lists(daily.engine)


def test_run_due_when_the_clock_jumps_skips_and_doubles_no_date(start: Start) -> None:
    assert dict.fromkeys(range(-1, 7), 1) == live(start) | Counter({-1: 1})


def test_lease_of_a_clock_that_was_ahead_that_is_kept_is_caught(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """With leases that hold until the year that the clock had jumped to, the days after are skipped."""

    def keep(engine: Engine, name: str, holder: str, now: datetime, lasts: timedelta) -> bool:
        ahead = now.year > NOW.year + 1
        held.append(holder) if ahead else None
        return take_lease(engine, name, holder, now, lasts) if not held or held[0] == holder else False

    held: list[str] = []
    monkeypatch.setattr("serving.operations.schedule.take_lease", keep)

    assert {4, 5, 6} == set(range(7)) - set(live(start))


def test_lease_of_a_clock_that_was_ahead_is_taken_over(days: Days) -> None:  # noqa: F811 - the fixture
    hour = timedelta(hours=1)

    assert take_lease(days.engine, "daily", "one", NOW + YEARS, hour)
    assert take_lease(days.engine, "daily", "two", NOW, hour)
    assert not take_lease(days.engine, "daily", "one", NOW, hour)


def live_ahead(days: Days) -> dict[int, tuple[int, int]]:  # noqa: F811 - the fixture
    """Let a clock run three days ahead for an hour; return by day how many lists it has, and the day on which the newest was made."""
    moments = [NOW, NOW + timedelta(days=3, hours=1), NOW + timedelta(hours=1), *(NOW + timedelta(days=day) for day in range(1, 5))]
    for moment in moments:
        known = [row.model_copy(update={"name": moment.isoformat()}) for row in days.rows()]

        def rank_day(day: date, now: datetime = moment, known: list[GridRow] = known) -> None:
            days.publish(known, as_of=day, now=now)

        DailyRuns(days.engine, rank_day, time(6), "one").run_due(moment)
    made = {day: newest(days.engine, AS_OF + timedelta(days=day)) for day in lists(days.engine)}
    return {day: (count, (made[day].published_at - NOW).days) for day, count in sorted(lists(days.engine).items())}


def test_list_dated_by_a_clock_that_ran_ahead_is_made_again_when_its_day_has_begun(days: Days) -> None:  # noqa: F811 - the fixture
    assert {0: (1, 0), 1: (2, 1), 2: (2, 2), 3: (2, 3), 4: (1, 4)} == live_ahead(days)


def test_list_dated_by_a_clock_that_ran_ahead_and_believed_is_caught(days: Days, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    def believe(engine: Engine, since: date, now: datetime) -> set[date]:
        with reading(engine) as connection:
            return set(connection.execute(select(ranking.c.as_of).where(ranking.c.as_of >= since)).scalars())

    monkeypatch.setattr("serving.operations.schedule._settled", believe)

    assert (1, 3) == live_ahead(days)[1], "the list of tomorrow would stay one that knew nothing of today"


def test_run_due_by_several_processes_across_midnight_publishes_each_day_once(start: Start) -> None:
    first = start("first")
    first.run_due(NOW)
    midnight = datetime.combine(AS_OF + timedelta(days=4), time(), NOW.tzinfo)
    together = threading.Barrier(4)

    def run(number: int) -> None:
        daily = start(f"process {number}")
        daily.at = time()
        together.wait()
        for seconds in (-1, 1, 1):
            daily.run_due(midnight + timedelta(seconds=seconds))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert dict.fromkeys(range(5), 1) == lists(first.engine)
