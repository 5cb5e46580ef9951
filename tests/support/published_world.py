"""A small home: made-up disputes in a real log, and a tiny model fitted to them."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
from sqlalchemy import Engine, insert, select

from features.database.engine import open_home, writing
from features.database.tables import grid, model_publication
from features.eventlog.append import Batch, append_batch
from features.eventlog.cases import CASE_SCHEMA
from features.eventlog.read import read_log
from features.facts.derive import read_facts
from features.panel.build import build_panel
from features.schema import Col
from features.storage.home import Home
from serving.rankings.entries import Entry
from serving.scoring.daily_run import rank
from serving.settings import Settings
from tests.support.databases import Databases
from tests.support.golden_sample import Sample
from training.learning.folds import Gap, ripe_as_ofs
from training.registry.local_columns import local_columns
from training.registry.publish import write_folder
from training.registry.published import Manifest, sha256
from training.train import fit_all

LAST_DAY = date(2026, 1, 8)
AS_OF = date(2026, 1, 9)
PUBLISHED_AT = datetime(2026, 1, 8, 22, tzinfo=UTC)
"""06:00 of as_of in Shanghai."""
NEVER_TOO_OLD = datetime(2099, 12, 31, tzinfo=UTC)
"""Audit of the champion; tests that are about its age put another one on record."""
SETTINGS = Settings(
    model={"num_boost_round": 40, "min_data_in_leaf": 20, "replicates": 3, "inner_folds": 1, "learning_rate": 0.1, "threads": 1},
    backtest={"step_days": 7},
    ranking={"explain_top_n": 10, "priority_share": 0.05, "elevated_share": 0.1, "watch_share": 0.2},
)


@dataclass(frozen=True)
class World:
    """A home with a log and a champion."""

    home: Home
    engine: Engine
    settings: Settings

    def rank(self, as_of: date = AS_OF, now: datetime = PUBLISHED_AT) -> Entry:
        return rank(self.home, self.engine, self.settings, as_of, now)


def open_world(root: Path, settings: Settings = SETTINGS) -> World:
    home = Home(root)
    return World(home, open_home(home, settings), settings)


@contextmanager
def new_world(databases: Databases, dialect: str, root: Path, copy_of: World | None = None) -> Iterator[World]:
    """Open a home that is empty, or a copy of one that nobody works on; commands find its database by its settings."""
    if copy_of:
        shutil.copytree(copy_of.home.root, root)
    with databases.new(dialect, root, copy_of.engine.url if copy_of else None) as url:
        (Home(root).folder(root) / Home(root).config.name).write_text(f"database_url: {url}\n", encoding="utf-8")
        world = open_world(root, SETTINGS.model_copy(update={"database_url": url}))
        yield world
        world.engine.dispose()


def append(engine: Engine, cases: pl.DataFrame, key: str = "sample") -> None:
    """Append flat cases; columns that are missing are empty."""
    moments = [name for name, kind in CASE_SCHEMA.items() if isinstance(kind, pl.Datetime) and name in cases.columns]
    cases = cases.with_columns(pl.col(moments).cast(pl.Datetime("us")).dt.replace_time_zone("Asia/Shanghai").dt.convert_time_zone("UTC"))
    missing = [pl.lit(None, kind).alias(name) for name, kind in CASE_SCHEMA.items() if name not in cases.columns]
    append_batch(engine, Batch(key, "sample", cases.with_columns(missing), [], len(cases)))


def fill(world: World, sample: Sample) -> None:
    """Store the grids and cases of a sample."""
    with writing(world.engine) as connection:
        connection.execute(insert(grid), sample.grids.select(Col.GRID_ID, Col.NAME, Col.PARENT_PATH, Col.LON, Col.LAT).to_dicts())
    append(world.engine, sample.cases)


def publish_model(world: World, version: int = 1) -> None:
    """Fit a tiny model to the log and make it the champion, past the registry and the gate; its audit lasts for commands that run today."""
    facts = read_facts(read_log(world.home, world.engine), None, world.settings)
    gap = Gap(world.settings.horizon_days, world.settings.delay_allowance_days)
    panel = build_panel(facts, ripe_as_ofs(facts, gap, world.settings.backtest), gap.horizon_days, world.settings)
    fitted = fit_all(facts, panel, gap, world.settings.model)
    files = fitted.files() | local_columns(fitted, panel)
    hashes = {name: sha256(content) for name, content in files.items()}
    manifest = Manifest(
        target=facts.target_name, horizon_days=gap.horizon_days, version=version, features_hash=hashes["features.json"], files=hashes
    )
    write_folder(world.home, manifest, files)
    about = {"target": manifest.target, "model_hash": manifest.hash, "model_version": str(version), "kind": "promote"}
    decided = {"published_at": datetime(2026, 1, 5, 3, tzinfo=UTC), "published_by": "analyst-1", "reason": "the first one"}
    decided["audited_at"] = NEVER_TOO_OLD
    with writing(world.engine) as connection:
        connection.execute(insert(model_publication), about | decided)


def audit_model(world: World, at: datetime | None) -> None:
    """Put the champion to use once more, with an audit that passed at a moment; None is an entry of an earlier program."""
    with writing(world.engine) as connection:
        columns = [column for column in model_publication.c if column.name != "id"]
        entry = connection.execute(select(*columns).order_by(model_publication.c.id.desc()).limit(1)).mappings().one()
        connection.execute(insert(model_publication), {**entry, "audited_at": at})
