from datetime import timedelta

import pytest
from sqlalchemy import text

from features.errors import StoreError
from serving.accounts.permissions import EVERYTHING, Actor, Role
from serving.rankings.publishing import hold, release
from serving.server.list_cache import RankingCache
from tests.support.databases import reword_rows
from tests.support.published_lists import publish_day
from tests.support.townships import NOW
from tests.support.visitors import Clock

LEAD = timedelta(seconds=5)


@pytest.fixture
def engine(empty_engine):
    publish_day(empty_engine, 0)
    return empty_engine


@pytest.fixture
def clock():
    return Clock(NOW + timedelta(hours=1))


def name_of(shelf):
    return shelf.current.head.ranking_id if shelf.current else None


def test_newer_list_is_shown_by_all_at_one_moment_whenever_each_found_it(engine, clock):
    early, late = (RankingCache(engine, 8, clock, LEAD) for _ in range(2))
    early.refresh()
    late.refresh()
    old, new = name_of(early), publish_day(engine, 1, clock.now).ranking_id
    moments = []
    for second in range(7):
        (early if second < 4 else late).refresh()
        moments.append((name_of(early), name_of(late)))
        clock.now += timedelta(seconds=1)

    assert [(old, old)] * 5 + [(new, new)] * 2 == moments


def test_lists_that_wait_for_their_moment_come_one_after_the_other(engine, clock):
    shelf = RankingCache(engine, 8, clock, LEAD)
    names = []
    for number in range(1, 4):
        names.append(publish_day(engine, number, clock.now).ranking_id)
        shelf.refresh()
        clock.now += timedelta(seconds=2)
    shown = []
    for _ in range(3):
        shown.append(name_of(shelf))
        clock.now += timedelta(seconds=2)

    assert names == shown


def test_without_lead_a_list_is_shown_when_it_is_found_even_by_a_clock_that_is_behind(engine, clock):
    shelf = RankingCache(engine, 8, clock, timedelta(0))
    new = publish_day(engine, 1, clock.now + timedelta(minutes=1))
    shelf.refresh()

    assert new.ranking_id == name_of(shelf)


def test_list_that_was_held_is_shown_after_its_release(engine, clock):
    shelf = RankingCache(engine, 8, clock, LEAD)
    held = publish_day(engine, 1, clock.now, also=lambda connection, entry: hold(connection, entry.id, clock.now))
    clock.now += timedelta(hours=1)
    shelf.refresh()
    before = name_of(shelf)
    release(engine, Actor("a1", "an analyst", Role.ANALYST, EVERYTHING), held.ranking_id, clock.now)
    shelf.refresh()
    during = name_of(shelf)
    clock.now += LEAD

    assert before == during != held.ranking_id == name_of(shelf)


def test_list_of_a_clock_that_ran_ahead_is_hidden_until_its_moment(engine, clock):
    shelf = RankingCache(engine, 8, clock, LEAD)
    right, clock.now = clock.now, clock.now + timedelta(days=3)
    ahead = publish_day(engine, 3, clock.now).ranking_id
    shelf.refresh()
    clock.now += LEAD

    assert ahead == name_of(shelf)

    clock.now = right
    shelf.refresh()
    clock.now += LEAD

    assert publish_day(engine, 0).ranking_id == name_of(shelf)


def test_damaged_newest_list_leaves_the_one_before_until_a_newer_one_comes(engine, clock):
    shelf = RankingCache(engine, 8, clock, timedelta(0))
    shelf.refresh()
    good, damaged = name_of(shelf), publish_day(engine, 1, clock.now)
    with engine.begin() as connection:
        connection.execute(text("DROP TRIGGER IF EXISTS ranking_row_refuses_UPDATE"))
        reword_rows(connection, damaged.id, "watch", "routine")
    shelf.refresh()
    during, fault = name_of(shelf), shelf.fault
    newer = publish_day(engine, 2, clock.now)
    shelf.refresh()

    assert (good, newer.ranking_id) == (during, name_of(shelf))
    assert "entry 2 of the ledger" in fault
    assert (None, [2]) == (shelf.fault, list(shelf.damaged))


def test_lists_that_cannot_be_read_for_the_moment_are_not_taken_for_damaged(engine, clock, databases):
    shelf = RankingCache(engine, 8, clock, timedelta(0))
    with databases.unreadable(engine), pytest.raises(StoreError):
        shelf.refresh()

    assert (None, {}) == (shelf.fault, shelf.damaged)
