"""Corrections on a clock that passes: every accepted one is in the next list within a day, and none is lost."""

from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl
import pytest

from features.errors import ConflictError, ForbiddenError
from features.schema import Col
from serving.accounts.permissions import EVERYTHING, Actor, Role
from serving.alerts.corrections import About, Correction, CorrectionStep, accepted_corrections, answer_correction, contest, list_corrections
from serving.alerts.lifecycle import REASONS, Action
from serving.alerts.queries import Wanted, list_alerts
from serving.alerts.schemas import Alert
from serving.operations.schedule import DailyRuns
from serving.rankings.entries import Entry
from serving.rankings.ledger import find, newest, read_row
from serving.rankings.schemas import GridRow
from tests.serving.alerts.conftest import COMMAND, ZONE
from tests.support.golden_sample import make_sample
from tests.support.published_world import AS_OF, LAST_DAY, World, append

AUDITOR = Actor("aauditor", "auditor", Role.AUDITOR, EVERYTHING)
COLLEAGUE = Actor("acolleague", "colleague", Role.COMMAND, EVERYTHING)
DAY = timedelta(days=1)
ACCEPTED, REFUSED = CorrectionStep.ACCEPTED, CorrectionStep.REFUSED


def at(days: int, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(AS_OF + timedelta(days=days), time(hour, minute), ZONE)


class Passing:
    """A home whose clock passes, with the daily run of one server."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = at(0, 6)
        self.runs = DailyRuns(world.engine, self._rank, time(6), "server")

    def _rank(self, day: date) -> None:
        self.world.rank(day, self.now)

    def pass_to(self, now: datetime) -> list[date]:
        self.now = now
        return self.runs.run_due(now)

    def alerts(self) -> list[Alert]:
        return list_alerts(self.world.engine, COMMAND, Wanted(), 500)

    def contest(self, alert: Alert, about: About = About.DATA, reason: str = "not_updated") -> int:
        return contest(self.world.engine, COLLEAGUE, alert.alert_id, about, reason, self.now).id

    def answer(self, number: int, step: CorrectionStep) -> None:
        answer_correction(self.world.engine, COMMAND, number, step, self.now)

    def corrections(self) -> dict[int, Correction]:
        return {each.id: each for each in list_corrections(self.world.engine, AUDITOR)}

    def enter_closings(self, grid_id: str) -> None:
        """Enter of every open case of a grid that it had been settled days before the list, which nobody had said."""
        cases = make_sample(LAST_DAY, days=500, grids=40, rng=np.random.default_rng(7)).cases
        unsaid = cases.filter(pl.col(Col.GRID_ID) == grid_id, pl.col(Col.RESOLVED_AT).is_null())
        settled = pl.lit(datetime.combine(LAST_DAY - 2 * DAY, time())).cast(pl.Datetime("us"))
        append(self.world.engine, unsaid.with_columns(settled.alias(Col.RESOLVED_AT)), key=f"closings of {grid_id}")

    def row(self, entry: Entry, grid_id: str) -> GridRow:
        return GridRow.model_validate_json(read_row(self.world.engine, EVERYTHING, entry, "grid", grid_id))

    def busiest(self) -> Alert:
        """Return the alert of the grid with the most open cases."""
        entry = newest(self.world.engine)
        return max(self.alerts(), key=lambda alert: sum(count or 1 for count in self.row(entry, alert.grid_id).open_cases))


@pytest.fixture
def passing(world) -> Passing:
    started = Passing(world)
    assert started.pass_to(at(0, 6)) == [AS_OF]
    return started


def test_accepted_correction_is_followed_by_a_list_at_once_that_shows_before_and_after(passing):
    wrong = passing.busiest()
    passing.now = at(0, 10)
    number = passing.contest(wrong)
    passing.enter_closings(wrong.grid_id)

    assert passing.pass_to(at(0, 10, 1)) == []

    passing.answer(number, ACCEPTED)

    assert passing.pass_to(at(0, 10, 2)) == [AS_OF]
    assert passing.pass_to(at(0, 10, 3)) == []
    found = passing.corrections()[number]
    lists = [find(passing.world.engine, name) for name in (found.before, found.after)]
    before, after = (passing.row(entry, wrong.grid_id) for entry in lists)
    assert found.rescored_at == at(0, 10, 2)
    assert [entry.revision for entry in lists] == [0, 1]
    assert before.score.expected_escalations > after.score.expected_escalations
    assert set(after.open_cases) == {0}


def test_every_accepted_correction_is_in_a_list_within_a_day_and_none_is_lost(passing, record_property):
    """Accepted by day, by night while the server is down, and one whose data were right all along."""
    alert = passing.alerts()[0]
    passing.now = at(0, 9)
    subjects = [(about, reason) for about in About for reason in REASONS[Action.DATA_WRONG]]
    refused, open_one, *accepted = [passing.contest(alert, *subject) for subject in subjects[:7]]
    passing.answer(refused, REFUSED)
    moments = {at(0, 10): at(0, 10, 1), at(0, 23, 59): None, at(1, 5): at(1, 6), at(1, 6, 30): at(1, 6, 31), at(2, 2): at(2, 6)}
    for number, (decided, server_looks) in zip(accepted, moments.items(), strict=True):
        passing.now = decided
        passing.answer(number, ACCEPTED)
        if server_looks:
            passing.pass_to(server_looks)
    found = passing.corrections()

    assert accepted_corrections(passing.world.engine) == frozenset()
    assert {number for number, each in found.items() if each.after} == set(accepted)
    record_property("accepted corrections in a list", len(accepted))
    assert max(found[number].rescored_at - found[number].decided_at for number in accepted) <= DAY
    assert not any(each.overdue(at(2, 6)) for each in found.values())
    assert [found[open_one].overdue(at(15, hour)) for hour in (9, 10)] == [False, True]


def test_accepted_correction_without_a_list_for_a_day_is_overdue_to_the_auditor(passing):
    """What a daily run that forgets corrections would leave behind."""
    passing.now = at(0, 10)
    number = passing.contest(passing.alerts()[0])
    passing.answer(number, ACCEPTED)

    assert passing.corrections()[number].after is None
    assert [passing.corrections()[number].overdue(moment) for moment in (at(1, 10), at(1, 10, 1))] == [False, True]
    assert passing.pass_to(at(1, 10, 2)) == [AS_OF + DAY]
    assert not passing.corrections()[number].overdue(at(1, 10, 3))


def test_list_of_a_past_day_is_no_answer_to_a_correction(passing):
    passing.now = at(0, 10)
    number = passing.contest(passing.alerts()[0])
    passing.answer(number, ACCEPTED)

    passing.world.rank(AS_OF - DAY, passing.now)

    assert accepted_corrections(passing.world.engine) == {number}


def test_contest_the_same_thirty_times_is_one_correction_until_it_is_decided(passing):
    alert = passing.alerts()[0]
    number = passing.contest(alert)
    for _ in range(29):
        with pytest.raises(ConflictError, match=f"correction {number} says the same"):
            passing.contest(alert)

    assert list(passing.corrections()) == [number]

    passing.answer(number, REFUSED)

    assert passing.contest(alert) == number + 1


def test_correction_is_not_decided_by_the_account_that_entered_it(passing):
    number = passing.contest(passing.alerts()[0])
    engine = passing.world.engine
    for step in (ACCEPTED, REFUSED):
        with pytest.raises(ForbiddenError, match="another account"):
            answer_correction(engine, COLLEAGUE, number, step, passing.now)

    assert passing.corrections()[number].decided_at is None
    assert answer_correction(engine, COLLEAGUE, number, CorrectionStep.ACKNOWLEDGED, passing.now).own
    assert answer_correction(engine, COMMAND, number, ACCEPTED, passing.now).accepted
