"""The weeks before the demo's day: who does what when, settled by the seed."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from features.panel.families.undertakings import BEGUN_DAYS
from features.storage.home import Home
from features.undertakings.undertaking import UndertakingKind
from serving.accounts.permissions import EVERYTHING, Actor, Role, Scope
from serving.alerts.lifecycle import Action, Position, State, step
from serving.alerts.queries import Wanted, list_alerts
from serving.cli.demo import LIST_DAYS
from serving.cli.demo_history import COURSE_DAYS, COURSES, MOST_ALERTS, History, Staff, chosen, write_examples
from serving.cli.workspace import Workspace
from tests.serving.conftest import MakeWorld
from tests.support.databases import Databases
from tests.support.published_world import AS_OF, new_world
from tests.support.townships import OVERSEER, ZONE

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


def test_same_days_and_seed_raise_the_same_alerts_whatever_the_hour_and_the_version_of_the_program(
    databases: Databases, make_trained: MakeWorld, dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    for run, hour in (("early", 1), ("late", 15)):
        monkeypatch.setattr("serving.scoring.daily_run.code_version", lambda run=run: run)
        with new_world(databases, dialect, tmp_path / run / "home", make_trained(dialect)) as world:
            with world.home.config.open("a", encoding="utf-8") as file:
                file.write("alerts: {enter_share: 0.5, leave_share: 0.5, per_township: 9}\n")
            past = History(Workspace(world.home, None), AS_OF, 1, datetime.combine(AS_OF, time(hour), ZONE))
            past.write([AS_OF - timedelta(days=ago) for ago in (9, 1, 0)])
            raised = list_alerts(world.engine, OVERSEER, Wanted(), MOST_ALERTS)
            past.work.close()
        told.append(sorted((each.starts, each.grid_id, each.state, each.chosen_by) for each in raised))

    assert told[0] == told[1]
    assert {"closed", "not_needed", "published"} <= {state for _, _, state, _ in told[0]}


DEMO_UNDERTAKINGS_TODAY = date(2026, 6, 1)
TOWNSHIP = "d/t1"


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, object]]:
    """The rows of the file by the name of the undertaking."""
    files = tmp_path_factory.mktemp("demo")
    grids = [{"grid_id": f"g{number:02}", "parent_path": f"d/t{1 + number // 20}/c{number // 5}"} for number in range(40)]
    pl.DataFrame(grids).write_csv(files / "grids.csv")
    pl.DataFrame({"old": ["g00"], "new": ["g01"], "share": [1.0]}).write_csv(files / "crosswalk.csv")
    rows = pl.read_csv(write_examples(files, DEMO_UNDERTAKINGS_TODAY), try_parse_dates=True).to_dicts()
    return {row["undertaking_id"]: row for row in rows}


def test_examples_show_every_kind(examples: Mapping[str, Mapping[str, object]]) -> None:
    assert {row["kind"] for row in examples.values()} == set(UndertakingKind)


def test_project_has_begun_lately_in_a_whole_township_on_every_day_with_a_list(examples: Mapping[str, Mapping[str, object]]) -> None:
    """So every alert of that township names it."""
    project = examples["demo-begun"]
    days = [DEMO_UNDERTAKINGS_TODAY - timedelta(days=ago) for ago in range(LIST_DAYS)]

    assert project["places"] == TOWNSHIP
    assert all(project["start_at"] <= day < project["start_at"] + timedelta(days=BEGUN_DAYS) for day in days)


def test_period_that_raised_the_threshold_ended_among_the_lists(examples: Mapping[str, Mapping[str, object]]) -> None:
    period = examples["demo-event"]

    assert (period["places"], period["attention"]) == (TOWNSHIP, 2.0)
    assert DEMO_UNDERTAKINGS_TODAY - timedelta(days=LIST_DAYS) < period["start_at"] < period["end_at"] < DEMO_UNDERTAKINGS_TODAY


def test_examples_leave_out_grids_that_are_gone(examples: Mapping[str, Mapping[str, object]]) -> None:
    assert "g00" not in ";".join(str(row["places"]) for row in examples.values())
