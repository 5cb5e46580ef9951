"""The weeks before the demo's day: who does what when, settled by the seed."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace

import pytest

from features.storage.home import Home
from serving.accounts.permissions import EVERYTHING, Actor, Role, Scope
from serving.alerts.lifecycle import Action, Position, State, step
from serving.cli.demo_history import COURSE_DAYS, COURSES, History, Staff, chosen
from serving.cli.workspace import Workspace

TODAY = date(2026, 11, 29)


def history(tmp_path, seed: int = 1) -> History:
    return History(Workspace(Home(tmp_path), None), TODAY, seed, datetime(2026, 11, 28, 21, tzinfo=UTC))


def test_courses_are_shared_out_among_a_hundred_alerts():
    taken = [chosen(COURSES, draw) for draw in range(100)]

    assert {name: share for name, (share, _) in COURSES.items()} == {name: taken.count(name) for name in COURSES}


@pytest.mark.parametrize("course", list(COURSES))
def test_every_course_takes_steps_that_may_be_taken_in_the_days_that_are_worked(course):
    position, steps = Position(State.PUBLISHED), COURSES[course][1]

    for _, action, reason in steps:
        position = step(position, Action(action), reason)
    assert sorted(days for days, _, _ in steps) == [days for days, _, _ in steps]
    assert all(days < COURSE_DAYS for days, _, _ in steps)


@pytest.mark.parametrize("path", ["d/t1/c/g1", "d/t2/c/g2"])
def test_what_staff_contest_another_account_decides(path):
    command, duty = (Actor(name, name, Role.COMMAND, EVERYTHING) for name in ("admin", "duty"))
    staff = Staff(command, duty, Actor("town", "town", Role.TOWNSHIP, Scope("d/t1")))

    assert command != staff.in_charge_of(SimpleNamespace(path=path), "data_wrong")


def test_first_list_is_early_enough_for_its_alerts_to_have_an_outcome(tmp_path):
    days = history(tmp_path).list_days(14)

    assert (15, TODAY) == (len(days), days[-1])
    assert days[0] + timedelta(days=14 + 7) <= days[1]
    assert [timedelta(days=1)] * 13 == [after - before for before, after in pairwise(days[1:])]


def test_lists_are_published_in_the_morning_and_never_ahead(tmp_path):
    past = history(tmp_path)

    assert datetime(2026, 11, 27, 22, tzinfo=UTC) == past.published_at(TODAY - timedelta(days=1))
    assert past.now == past.published_at(TODAY)


def test_draws_are_settled_by_seed_and_subject(tmp_path):
    one, other = history(tmp_path), history(tmp_path, seed=2)
    subjects = [f"alert {number}" for number in range(50)]

    assert [one._draw(each) for each in subjects] == [history(tmp_path)._draw(each) for each in subjects]
    assert [one._draw(each) for each in subjects] != [other._draw(each) for each in subjects]
