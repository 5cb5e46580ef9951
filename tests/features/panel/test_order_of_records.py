"""One log, however its records are shuffled, repeated and cut into batches, gives one panel."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sqlalchemy import Engine, insert

from features.database.engine import open_database, writing
from features.database.tables import grid
from features.days import day_number
from features.eventlog import append
from features.eventlog.append import Batch, append_batch
from features.eventlog.cases import CASE_SCHEMA
from features.eventlog.read import read_log
from features.facts.derive import read_facts
from features.panel.build import build_panel
from features.schema import TRANSITION_COLUMNS, Col
from features.storage.home import Home
from serving.settings import Settings
from tests.support.golden_sample import Sample, make_sample

LAST = date(2026, 1, 8)
AS_OFS = np.arange(day_number(LAST) - 200, day_number(LAST), 20, dtype=np.int32)
SETTINGS = Settings(panel={"threads": 1})
REPEATED, LATE, MOST_DAYS_LATE = 0.2, 0.1, 30
MOST_BATCHES = 8


@pytest.fixture(scope="module")
def sample() -> Sample:
    return make_sample(LAST, days=330, grids=60, rng=np.random.default_rng(5))


@pytest.fixture(scope="module")
def rows(sample: Sample) -> pl.DataFrame:
    """2,000 cases, a tenth of them known late, and a fifth told once more: as they were, or before anything had come of them."""
    rng = np.random.default_rng(6)
    cases = sample.cases.head(2000)
    moments = [name for name, kind in CASE_SCHEMA.items() if isinstance(kind, pl.Datetime) and name in cases.columns]
    cases = cases.with_columns(pl.col(moments).cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Shanghai").dt.convert_time_zone("UTC"))
    days = pl.Series(np.where(rng.random(len(cases)) < LATE, rng.integers(1, MOST_DAYS_LATE + 1, len(cases)), 0))
    missing = [pl.lit(None, kind).alias(name) for name, kind in CASE_SCHEMA.items() if name not in cases.columns]
    cases = cases.with_columns(missing).with_columns((pl.col(Col.REPORTED_AT) + pl.duration(days=days)).alias(Col.KNOWN_AT))
    again = cases.sample(fraction=REPEATED, seed=1)
    early = again.head(len(again) // 2).with_columns(pl.lit(None, CASE_SCHEMA[name]).alias(name) for name in TRANSITION_COLUMNS)
    return pl.concat([each.select(CASE_SCHEMA.names()) for each in (cases, again.tail(len(again) // 2), early)])


@pytest.fixture
def new_engine(sample: Sample, tmp_path: Path) -> Iterator[Callable[[], tuple[Home, Engine]]]:
    """Return a function that makes a home with grids and no records."""
    first = Home(tmp_path / "first")
    engine = open_database(first.database_url)
    with writing(engine) as connection:
        connection.execute(insert(grid), sample.grids.select(Col.GRID_ID, Col.NAME, Col.PARENT_PATH, Col.LON, Col.LAT).to_dicts())
    engine.dispose()

    def copy() -> tuple[Home, Engine]:
        shutil.rmtree(tmp_path / "used", ignore_errors=True)
        home = Home(shutil.copytree(first.root, tmp_path / "used"))
        return home, open_database(home.database_url)

    return copy


def panel_of(home: Home, engine: Engine, rows: pl.DataFrame, cuts: list[int]) -> str:
    """Store rows in batches and return the hash of the panel."""
    for number, (first, end) in enumerate(zip([0, *cuts], [*cuts, len(rows)], strict=True)):
        append_batch(engine, Batch(f"k{number}", "sample", rows[first:end], [], end - first))
    panel = build_panel(read_facts(read_log(home, engine), None, SETTINGS), AS_OFS, 14, SETTINGS)
    engine.dispose()
    return sha256(repr((panel.names, panel.grid_ids.tolist())).encode() + panel.values.tobytes()).hexdigest()


def panels(new_engine: Callable[[], tuple[Home, Engine]], rows: pl.DataFrame, shuffles: int) -> set[str]:
    """Return the hashes of the panels of a log as it is and of so many shuffles of it."""
    found = {panel_of(*new_engine(), rows, [])}
    for seed in range(shuffles):
        rng = np.random.default_rng(seed)
        cuts = sorted(rng.choice(np.arange(1, len(rows)), rng.integers(1, MOST_BATCHES), replace=False).tolist())
        found.add(panel_of(*new_engine(), rows[rng.permutation(len(rows)).tolist()], cuts))
    return found


@pytest.mark.parametrize("shuffles", [6, pytest.param(200, marks=pytest.mark.full)])
def test_panel_of_a_shuffled_log_with_repeats_and_late_reports_is_the_same_to_the_byte(
    new_engine: Callable[[], tuple[Home, Engine]], rows: pl.DataFrame, shuffles: int, record_property: Callable[[str, object], None]
) -> None:
    found = panels(new_engine, rows, shuffles)

    record_property("shuffles of a log, rows of it, and panels", f"{shuffles}, {len(rows)}, {len(found)}")
    assert (2400, 1) == (len(rows), len(found))


def test_panel_of_a_log_that_takes_no_news_of_known_cases_is_caught(
    new_engine: Callable[[], tuple[Home, Engine]], rows: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broken variant: a case is stored as it was told first."""
    news = append._news

    def first_news(cases: pl.DataFrame, known: pl.DataFrame, zone: str) -> pl.DataFrame:
        told = news(cases, known, zone)
        return told.head(0) if known.height else told

    monkeypatch.setattr(append, "_news", first_news)

    assert len(panels(new_engine, rows, 2)) > 1
