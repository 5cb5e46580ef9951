"""Kept facts are those that would be derived, or they are not used."""

import logging
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import timedelta
from multiprocessing import get_context

import numpy as np
import polars as pl
import pytest

from features.database.engine import open_database, writing
from features.eventlog.append import Batch, append_batch
from features.eventlog.feeds import FeedSpec, declare_feed
from features.eventlog.grids import store_crosswalk
from features.eventlog.read import EventLog, read_log
from features.eventlog.undertakings import append_effort
from features.facts import kept
from features.facts.derive import read_facts
from features.facts.histories import merge_histories
from features.facts.kept import read_kept_facts
from features.panel.build import build_panel
from features.schema import TRANSITION_COLUMNS
from features.storage.home import Home
from features.targets import DeadlinePassed, EventFilter, Target
from tests.support.equal_facts import differences
from tests.support.event_logs import FIRST, SETTINGS, days, draw_cases, moment

GRIDS = ("g1", "g2", "g3")
LAST = 240
RULES = (DeadlinePassed(action="overdue", when="deadline_passed"),)
SETTINGS = SETTINGS.model_copy(update={"target": Target(transitions=("escalated", "overdue", "reopened"))})
ACTIONS = {action.value: column for column, action in TRANSITION_COLUMNS.items()}


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def deliver(engine, make_cases):
    """Return a function that appends what was known of made-up cases before a day, as a source that sends everything again would."""
    declare_feed(engine, "feed", FeedSpec(rules=RULES, bursts="join"))

    def append(cases, day):
        rows = [row(number, case, day) for number, case in enumerate(cases) if case.known_at < day]
        append_batch(engine, Batch(f"until {day}", "feed", make_cases(*rows), [], len(rows)))

    return append


def row(number, case, day):
    moves = {ACTIONS[action]: moment(at) for action, at, known in case.all_moves if known < day}
    moments = {"occurred_at": case.occurred, "reported_at": case.reported, "known_at": case.known, "deadline_at": case.deadline}
    return {
        "event_id": f"c{number}",
        "grid_id": GRIDS[(number + (day > 150) * (number % 9 == 0)) % 3],  # some are handed to another grid
        "event_type": case.event_type,
        "category": case.category,
        "source": case.source,
        "self_found": number % 2 == 0,
        "people_bucket": case.people,
        **{name: moment(at) for name, at in moments.items()},
        **moves,
    }


def keep(home, engine):
    return read_kept_facts(EventLog(home, engine), None, SETTINGS)


def derive(home, engine):
    return read_facts(read_log(home, engine), None, SETTINGS)


def panel_bytes(facts, day):
    panel = build_panel(facts, days(day), 14, SETTINGS)
    return panel.values.tobytes(), panel.open_cases.values.tobytes(), panel.closed_cases.values.tobytes()


@pytest.mark.parametrize("seed", range(3))
def test_kept_facts_and_panels_are_those_derived_from_the_whole_log(home, engine, deliver, seed):
    cases = draw_cases(np.random.default_rng(seed), 250, GRIDS, LAST)
    for day in (120, 121, 124, 152, 153, 200, 240):
        deliver(cases, day)
        if day == 153:
            store_crosswalk(engine, pl.DataFrame({"old": ["g1", "g1"], "new": ["g2", "g3"], "share": [0.25, 0.75], "at": [FIRST] * 2}))
        renewed, taken, derived = keep(home, engine), keep(home, engine), derive(home, engine)

        assert list(differences(derived, renewed)) == []
        assert list(differences(derived, taken)) == []
        assert panel_bytes(taken, day) == panel_bytes(derived, day)


def test_kept_facts_of_a_target_that_counts_by_visits_are_those_derived(home, engine, deliver):
    """Visits are read beside the news of such a target alone."""
    found = Target(events=EventFilter(event_type="hazard"), visit_days=7.0)
    settings = SETTINGS.model_copy(update={"target": found})
    with writing(engine) as connection:
        weeks = [FIRST + timedelta(weeks=number) for number in range(20)]
        visits = pl.DataFrame({"grid_id": ["g1"] * 20, "week": weeks, "visits": range(20)})
        append_effort(connection, visits.with_columns(screening_campaign=pl.lit(value=False), active_reporters=pl.lit(1)))
    for day in (140, 143):
        deliver([replace(case, event_type="hazard") for case in draw_cases(np.random.default_rng(5), 250, GRIDS, LAST)], day)
        extended = read_kept_facts(EventLog(home, engine), None, settings)

    assert list(differences(read_facts(read_log(home, engine), None, settings), extended)) == []
    assert (extended.cases.exposure != 1).any()


@pytest.fixture
def unread(monkeypatch):
    """Fail whoever reads the whole log."""

    def refuse(_):
        raise AssertionError("the whole log was read")

    return lambda: monkeypatch.setattr(EventLog, "read", refuse)


def test_keep_small_news_extends_without_reading_the_log(home, engine, deliver, unread):
    cases = draw_cases(np.random.default_rng(5), 250, GRIDS, LAST)
    deliver(cases, 140)
    keep(home, engine)
    deliver(cases, 141)
    unread()

    assert keep(home, engine).sequence == EventLog(home, engine).state.sequence


def test_merge_that_leaves_old_histories_in_place_is_caught(home, engine, deliver, monkeypatch):
    """A variant that appends news without taking back what it replaces gives other facts."""
    cases = draw_cases(np.random.default_rng(5), 250, GRIDS, LAST)
    deliver(cases, 140)
    keep(home, engine)
    deliver(cases, 143)

    def careless(old, new):
        return merge_histories(old, type(new)(**(vars(new) | {"event_seq": new.event_seq + 10**6})))

    monkeypatch.setattr(kept, "merge_histories", careless)

    assert list(differences(derive(home, engine), keep(home, engine))) != []


@pytest.fixture
def folder(home, engine, deliver):
    """What is kept of a short log."""
    deliver(draw_cases(np.random.default_rng(5), 60, GRIDS, LAST), LAST)
    keep(home, engine)
    return home.facts / "escalation"


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["facts/cases.arrow", "facts/manifest.json", "facts/places.arrow"])
@pytest.mark.parametrize("injure", [flip, lambda path: path.write_bytes(path.read_bytes()[:40]), lambda path: path.unlink()])
def test_keep_damaged_file_is_made_anew_with_a_word(home, engine, folder, caplog, name, injure):
    injure(folder / name)
    with caplog.at_level(logging.WARNING):
        again = keep(home, engine)

    assert list(differences(derive(home, engine), again)) == []
    assert ("damaged" in caplog.text) or (name, (folder / name).exists()) == ("facts/manifest.json", True)
    caplog.clear()
    keep(home, engine)
    assert caplog.text == ""


def test_keep_damaged_histories_are_not_extended(home, engine, folder, deliver, caplog):
    flip(folder / "histories" / "cases.arrow")
    deliver(draw_cases(np.random.default_rng(5), 61, GRIDS, LAST), LAST + 1)
    again = keep(home, engine)

    assert list(differences(derive(home, engine), again)) == []
    assert "damaged" in caplog.text


def test_keep_facts_of_other_code_are_not_used(home, engine, folder, monkeypatch):
    (folder / "facts" / "mark").touch()
    monkeypatch.setattr(kept, "_code_hash", lambda: "another")
    keep(home, engine)

    assert not (folder / "facts" / "mark").exists()


def test_keep_facts_of_another_log_are_not_used(home, engine, folder, make_cases, tmp_path):
    fresh = Home(tmp_path / "fresh")
    fresh.folder(fresh.root)
    other = open_database(fresh.database_url)
    with other.connect() as connection, connection.begin():
        connection.exec_driver_sql("INSERT INTO grid (grid_id, name, parent_path) VALUES ('g1', '', 't1')")
    append_batch(other, Batch("k", "feed", make_cases({"resolved_at": moment(400)}), [], 1))

    assert list(differences(derive(fresh, other), keep(home, other))) == []
    other.dispose()


def test_keep_home_that_cannot_be_written_derives_and_says_so(home, engine, folder, caplog):
    for path in sorted(home.facts.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    home.facts.rmdir()
    home.facts.touch()

    assert list(differences(derive(home, engine), keep(home, engine))) == []
    assert "cannot be kept" in caplog.text


def _keep_in_a_process(root, url):
    engine = open_database(url)
    facts = keep(Home(root), engine)
    engine.dispose()
    return facts.cases.known_day.sum(), len(facts.spells.case), facts.sequence


@pytest.mark.dialect("sqlite")
def test_keep_several_processes_at_once_read_the_same(home, engine, deliver):
    cases = draw_cases(np.random.default_rng(5), 200, GRIDS, LAST)
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for day in (150, 151):
            deliver(cases, day)
            seen = set(pool.map(_keep_in_a_process, [home.root] * 2, [str(engine.url)] * 2))

            assert len(seen) == 1
    assert list(differences(derive(home, engine), keep(home, engine))) == []
