from datetime import timedelta

import numpy as np
import pytest

from features.errors import StoreError
from serving.rankings.ledger import find
from serving.scoring import reproduce as reproducing
from serving.scoring.reproduce import reproduce
from tests.support.golden_sample import make_sample
from tests.support.published_world import AS_OF, LAST_DAY, PUBLISHED_AT, append, publish_model


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


def test_reproduce_from_all_records_there_are_is_caught(world, monkeypatch):
    """The broken variant forgets how far the log went."""
    first, *_ = publish_past(world, 2)
    read_log = reproducing.read_log
    monkeypatch.setattr(reproducing, "read_log", lambda home, engine, _: read_log(home, engine))

    with pytest.raises(StoreError, match=r"must come out as it was published, and \d+ places differ"):
        reproduce(world.home, world.engine, world.settings, find(world.engine, first))


def test_reproduce_with_other_settings_is_told(world):
    entry = world.rank()
    settings = world.settings.model_copy(update={"ranking": world.settings.ranking.model_copy(update={"priority_share": 0.5})})

    with pytest.raises(StoreError, match="look for what changed in code, settings or grids"):
        reproduce(world.home, world.engine, settings, entry)
