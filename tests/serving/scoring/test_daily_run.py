import gc
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from sqlalchemy import insert, select, update

from features.database.alert_tables import alert
from features.database.engine import reading, writing
from features.database.tables import grid
from features.errors import NotReadyError, StoreError, UsageError
from features.schema import Col
from serving.rankings.entries import Entry
from serving.rankings.ledger import find, newest, read_body, verify
from serving.rankings.schemas import GridRow
from serving.scoring import daily_run as reproducing
from serving.scoring.daily_run import _collection_paused, rank_days, reproduce
from serving.scoring.scoring import score_day
from tests.support.databases import drop_trigger
from tests.support.golden_sample import make_sample
from tests.support.published_world import AS_OF, LAST_DAY, PUBLISHED_AT, World, append, publish_model


def grid_rows(world: World, entry: Entry) -> list[GridRow]:
    return [GridRow.model_validate_json(row.body) for row in read_body(world.engine, entry)["grid"]]


def late_cases(world: World, count: int) -> pl.DataFrame:
    """Return disputes of two weeks before as_of in the grid that stands last."""
    grid_id = grid_rows(world, world.rank())[-2].grid_id
    times = [(PUBLISHED_AT - timedelta(days=14, hours=number)).replace(tzinfo=None) for number in range(count)]
    return pl.DataFrame(
        {
            Col.EVENT_ID: [f"LATE{number}" for number in range(count)],
            Col.GRID_ID: grid_id,
            Col.EVENT_TYPE: "dispute",
            Col.CATEGORY: "neighbor",
            Col.OCCURRED_AT: times,
            Col.REPORTED_AT: times,
        }
    )


def test_rank_published_list_orders_rated_grids_and_puts_the_others_last(shared_world):
    rows = grid_rows(shared_world, verify(shared_world.engine))
    scores = [row.score for row in rows if row.score]

    assert len(rows) == 40
    assert list(range(1, len(scores) + 1)) == [score.rank for score in scores]
    assert sorted((score.expected_escalations for score in scores), reverse=True) == [score.expected_escalations for score in scores]
    assert all(row.withheld and row.withheld_words for row in rows[len(scores) :])
    assert [score.attention_level for score in scores][:2] == ["priority"] * 2
    assert [row.explanation is not None for row in rows] == [True] * 10 + [False] * 30
    assert all(score.factor == pytest.approx(score.expected_escalations / score.usual_level, rel=1e-4) for score in scores)


def test_rank_twice_gives_the_same_entry(world):
    first = world.rank()

    again = world.rank(now=PUBLISHED_AT + timedelta(hours=3))

    assert first == again == verify(world.engine)


def test_rank_in_another_home_gives_the_same_bytes(world, shared_world):
    assert verify(shared_world.engine).body_hash == world.rank().body_hash


def test_rank_after_late_reports_is_a_new_revision(world):
    late = late_cases(world, 5)
    append(world.engine, late, key="late")

    entry = world.rank(now=PUBLISHED_AT + timedelta(hours=3))

    assert (entry.id, entry.revision) == (2, 1)
    assert entry == verify(world.engine)


def test_rank_what_becomes_known_after_as_of_changes_nothing(world):
    first = world.rank()
    times = pl.col(Col.OCCURRED_AT, Col.REPORTED_AT) + pl.duration(days=16)
    append(world.engine, late_cases(world, 5).with_columns(times), key="future")

    assert first == world.rank(now=PUBLISHED_AT + timedelta(days=3))


def test_rank_grid_without_records_is_listed_without_score(world):
    with writing(world.engine) as connection:
        connection.execute(insert(grid), {"grid_id": "990101001001999", "name": "新设网格", "parent_path": "990101/990101001/990101001001"})

    rows = {row.grid_id: row for row in grid_rows(world, world.rank())}

    assert (rows["990101001001999"].withheld, rows["990101001001999"].score) == ("no_data", None)


def test_rank_day_that_has_not_begun_is_refused(world):
    with pytest.raises(UsageError, match="must not lie after today"):
        world.rank(AS_OF + timedelta(days=1))


@pytest.mark.parametrize("days", [10, 100, 366, 600])
def test_rank_log_that_is_stale_altogether_is_refused(world, days):
    """A list without a rated grid would look like a calm day, and no silence lasts long enough to be calm."""
    with pytest.raises(NotReadyError, match="at least one source must be up to date"):
        world.rank(AS_OF + timedelta(days=days), PUBLISHED_AT + timedelta(days=days))

    assert verify(world.engine) is None


def test_rank_expected_count_that_nothing_justifies_is_refused_by_grid(world, monkeypatch):
    day = score_day(world.home, world.engine, world.settings, AS_OF)
    grid_id = day.panel.grid_ids[day.rated[3]]
    expected = day.expected.copy()
    expected[day.rated[3]] = 186.0
    monkeypatch.setattr("serving.scoring.daily_run.score_days", lambda *_: iter([replace(day, expected=expected)]))

    with pytest.raises(NotReadyError, match=f"grid {grid_id} must expect at most .* got 186"):
        world.rank()

    assert newest(world.engine) is None


def test_rank_days_publishes_what_each_day_alone_would(world):
    """A list that says the same is the entry that stands."""
    days = [AS_OF - timedelta(days=7), AS_OF - timedelta(days=1)]

    entries = list(rank_days(world.home, world.engine, world.settings, days, lambda _: PUBLISHED_AT))

    assert days == [entry.origin.as_of for entry in entries]
    assert [world.rank(day) for day in days] == entries
    assert [1, 2] == [entry.id for entry in entries]


def test_rank_days_with_a_day_to_come_publishes_none(world):
    with pytest.raises(UsageError, match="must not lie after today"):
        list(rank_days(world.home, world.engine, world.settings, [AS_OF, AS_OF + timedelta(days=1)], lambda _: PUBLISHED_AT))

    assert verify(world.engine) is None


def test_collection_paused_goes_on_after_a_failure():
    with suppress(ValueError), _collection_paused():
        inside = gc.isenabled()
        raise ValueError

    assert (inside, gc.isenabled()) == (False, True)


def publish_past(world, dates):
    """Publish so many weekly lists, each after late reports came in and the middle one after a new model; return their names."""
    names = []
    for number in range(dates):
        late = make_sample(LAST_DAY, days=400, grids=40, rng=np.random.default_rng(number)).cases.sample(20, seed=number)
        append(world.engine, late.with_columns(event_id=late["event_id"] + f"-{number}"), key=f"late {number}")
        if number == dates // 2:
            publish_model(world, version=2)
        as_of = AS_OF - timedelta(days=7 * (dates - 1 - number))
        names.append(world.rank(as_of, PUBLISHED_AT + timedelta(hours=number)).ranking_id)
    return names


def with_threads(settings, threads):
    wanted = {part: getattr(settings, part).model_copy(update={"threads": threads}) for part in ("panel", "model")}
    return settings.model_copy(update=wanted)


@pytest.mark.parametrize("dates", [3, pytest.param(20, marks=pytest.mark.full)])
def test_reproduce_past_lists_come_out_the_same_byte_for_byte_with_one_thread_and_two(world, dates, record_property):
    names = publish_past(world, dates)

    for name in names:
        for threads in (1, 2):
            reproduce(world.home, world.engine, with_threads(world.settings, threads), find(world.engine, name))
    record_property("past lists reproduced with one thread and two", dates)
    assert len(set(names)) == dates


def publish_weekly(world, lists):
    """Publish so many weekly lists, each on its own day with late reports, a third of them by a new model; return entries and alerts."""
    alerted = world.settings.alerts.model_copy(update={"enter_share": 0.3, "leave_share": 0.4, "per_township": 6, "cool_down_days": 1})
    often, entries = replace(world, settings=world.settings.model_copy(update={"alerts": alerted})), {}
    for weeks in reversed(range(lists)):
        late = make_sample(LAST_DAY, days=400, grids=40, rng=np.random.default_rng(weeks)).cases.sample(20, seed=weeks)
        append(world.engine, late.with_columns(event_id=late["event_id"] + f"-{weeks}"), key=f"late {weeks}")
        if weeks == lists // 3:
            publish_model(world, version=2)
        entry = often.rank(AS_OF - timedelta(days=7 * weeks), PUBLISHED_AT - timedelta(days=7 * weeks))
        entries[entry.id] = entry
    with reading(world.engine) as connection:
        return entries, connection.execute(select(alert.c.alert_id, alert.c.ranking_id, alert.c.body).order_by(alert.c.alert_id)).all()


@pytest.mark.dialect("sqlite")
@pytest.mark.parametrize(("lists", "alerts"), [(2, 4), pytest.param(30, 100, marks=pytest.mark.full)])
def test_reproduce_random_past_alerts_come_out_the_same(world, lists, alerts, record_property):
    """From the records, the model and the seed that the ledger names, and from the list before."""
    entries, raised = publish_weekly(world, lists)
    chosen = [raised[number] for number in np.random.default_rng(1).choice(len(raised), alerts, replace=False)]

    for number in sorted({each.ranking_id for each in chosen}):
        reproduce(world.home, world.engine, world.settings, entries[number])

    record_property(f"past alerts rebuilt, of {len(raised)} raised by {len(entries)} lists", alerts)
    assert len({each.body for each in chosen}) == alerts


@pytest.mark.dialect("sqlite")
@pytest.mark.parametrize("change", [{"level": "routine"}, {"body": "{}"}])
def test_reproduce_alert_that_was_changed_is_caught(world, change):
    entries, [first, *_] = publish_weekly(world, 1)
    with writing(world.engine) as connection:
        drop_trigger(connection, "alert", "update")
        connection.execute(update(alert).where(alert.c.alert_id == first.alert_id).values(change))

    with pytest.raises(StoreError, match=f"the alerts of {AS_OF} must come out as published, and 1 alerts differ: .'{first.alert_id}"):
        reproduce(world.home, world.engine, world.settings, entries[first.ranking_id])


def test_reproduce_from_all_records_there_are_is_caught(world, monkeypatch):
    """The broken variant forgets how far the log went."""
    first, *_ = publish_past(world, 2)
    read_log = reproducing.read_log
    monkeypatch.setattr(reproducing, "read_log", lambda home, engine, _: read_log(home, engine))

    with pytest.raises(StoreError, match=r"must come out as published, and \d+ places differ"):
        reproduce(world.home, world.engine, world.settings, find(world.engine, first))


def test_reproduce_with_other_settings_is_told(world):
    entry = world.rank()
    settings = world.settings.model_copy(update={"ranking": world.settings.ranking.model_copy(update={"priority_share": 0.5})})

    with pytest.raises(StoreError, match="look for what changed in code, settings or grids"):
        reproduce(world.home, world.engine, settings, entry)
