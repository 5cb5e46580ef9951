"""Acting on alerts in made districts: weekly lists, the product's own lot, and an effect where alerts led people."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from sqlalchemy import Engine, select

from features.database.alert_tables import alert
from features.database.bulk import insert_rows
from features.database.engine import open_database, reading, writing
from features.database.tables import grid
from features.days import day_number
from features.storage.home import sqlite_url
from serving.alerts.raising import Raising
from serving.alerts.rule import RankedGrids
from serving.rankings.entries import Origin, to_body
from serving.rankings.ledger import publish
from serving.settings import AlertSettings
from serving.undertakings.review import Window, random_slots
from tests.support.made_alerts import make_row
from tests.support.trained_worlds import HORIZON, make_facts
from training.evaluation.effects import Effect, acting_effect

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = date(2024, 1, 1)
TOWNSHIPS, GRIDS, LISTS = 6, 96, 40
GRID_IDS = [f"g{number:03}" for number in range(GRIDS)]
SETTINGS = AlertSettings(enter_share=0.05, leave_share=0.05, per_township=4, exploration_share=0.5, blind_review_share=0)
"""Two grids by lot in each township and list, and some five by score in all."""
SEEDS = range(20)


def publish_list(engine: Engine, as_of: date, order: npt.NDArray[np.int64]) -> None:
    """Publish a list in this order of grids and raise its alerts."""
    rows = [make_row(GRID_IDS[number], rank, township=f"d/t{number % TOWNSHIPS}") for rank, number in enumerate(order.tolist(), start=1)]
    now = datetime.combine(as_of, datetime.min.time(), ZONE) + timedelta(hours=6)
    origin = Origin(as_of, "escalation", HORIZON, "m" * 64, "1", 1, now - timedelta(hours=6), "0.1.0", 0)
    explained = {row.grid_id: row.explanation for row in rows}
    raising = Raising(RankedGrids(rows), lambda ids: {grid_id: explained[grid_id] for grid_id in ids}, SETTINGS, ZONE)
    publish(engine, origin, to_body({"grid": {row.grid_id: row for row in rows}}), now, raising)


def alerted(engine: Engine, day: date) -> npt.NDArray[np.bool_]:
    """Tell which grids have an alert on a day."""
    with reading(engine) as connection:
        now = set(connection.execute(select(alert.c.grid_id).where(alert.c.starts <= day, alert.c.ends > day)).scalars())
    return np.isin(GRID_IDS, sorted(now))


def live(engine: Engine, effect: float, seed: int) -> npt.NDArray[np.int64]:
    """Return escalations by day and grid; where there is an alert they fall to `effect`, and lists half know where they will be."""
    rng = np.random.default_rng(seed)
    usual = rng.lognormal(-3.2, 0.5, GRIDS)
    happened = np.zeros((7 * (LISTS + 2), GRIDS), np.int64)
    for week in range(LISTS + 2):
        as_of, rate = FIRST + timedelta(days=7 * week), usual * rng.lognormal(0, 0.5, GRIDS)
        if week < LISTS:
            publish_list(engine, as_of, np.argsort(-rate * rng.lognormal(0, 0.5, GRIDS)))
        acted = np.where(alerted(engine, as_of), effect, 1.0)
        happened[7 * week : 7 * week + 7] = rng.poisson(rate * acted, (7, GRIDS))
    return happened


@pytest.fixture
def ledgers(tmp_path: Path) -> Iterator["Ledgers"]:
    """Fresh event logs that know the grids."""
    opened = Ledgers(tmp_path)
    yield opened
    for engine in opened.engines:
        engine.dispose()


class Ledgers:
    """Event logs in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.engines = folder, list[Engine]()

    def new(self) -> Engine:
        engine = open_database(sqlite_url(self.folder / f"{len(self.engines)}.db"))
        self.engines.append(engine)
        with writing(engine) as connection:
            insert_rows(connection, grid, pl.DataFrame({"grid_id": GRID_IDS, "name": "", "parent_path": "d"}))
        return engine


def effect_told(engine: Engine, planted: float, seed: int) -> Effect:
    """Return what the random slots of one district tell of acting on alerts."""
    day, number = np.nonzero(happened := live(engine, planted, seed))
    counts = happened[day, number]
    facts = make_facts(np.repeat(number, counts), np.repeat(day, counts) + day_number(FIRST), GRIDS, day_number(FIRST) + len(happened))
    slots = random_slots(engine, facts, Window(HORIZON, day_number(FIRST) + len(happened), SETTINGS.cool_down_days))
    assert slots is not None
    effect = acting_effect(slots)
    assert isinstance(effect, Effect)
    return effect


def test_acting_on_alerts_of_one_district_is_seen(ledgers: Ledgers) -> None:
    effect = effect_told(ledgers.new(), 0.5, 1)

    assert effect.units > 300
    assert effect.low < 0.5 < effect.high < 1


@pytest.mark.full
@pytest.mark.parametrize("planted", [0.5, 0.8, 1.0])
def test_acting_on_alerts_planted_effect_is_covered_in_eighteen_of_twenty_districts(ledgers: Ledgers, planted: float) -> None:
    effects = [effect_told(ledgers.new(), planted, seed) for seed in SEEDS]

    assert sum(effect.low <= planted <= effect.high for effect in effects) >= 18
    assert planted < 1 or sum(effect.helped for effect in effects) <= 1
