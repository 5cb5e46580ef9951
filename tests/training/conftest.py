"""One trained world for all tests of publishing: making MLflow's database and training take seconds."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from features.database.engine import open_database
from features.facts.facts import Facts
from features.storage.home import Home
from features.targets import Target
from serving.settings import Settings
from tests.support.reported import Reported, make_reported
from tests.support.trained_worlds import draw_facts, place_rates
from training.learning.folds import Gap
from training.registry.publish import Approval, promote
from training.registry.published import Published, current
from training.registry.tracking import Registry, open_registry
from training.settings import BacktestSettings, ModelSettings
from training.train import Task, Trained, train

SMALL = Settings(
    delay_allowance_days=0,
    backtest=BacktestSettings(folds=1, bootstrap_draws=20),
    model=ModelSettings(num_boost_round=10, min_data_in_leaf=20, replicates=1, inner_folds=1, threads=1),
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TARGET = Target(transitions=("escalated",))


def small_task(facts: Facts, champion: Published | None = None, settings: Settings = SMALL) -> Task:
    return Task(facts, TARGET, champion, Gap(14, settings.delay_allowance_days), settings, settings.backtest, settings.model)


@dataclass(frozen=True)
class World:
    """A home with an MLflow store, the first version published, and the second trained beside it on the same facts."""

    home: Home
    engine: Engine
    facts: Facts
    registry: Registry
    first: Trained
    second: Trained
    challenger: int
    """The alias as training left it; tests that register versions move it."""


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = Home(tmp_path_factory.mktemp("world"))
    facts = draw_facts(place_rates(12, 1), 300, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        first = train(home, small_task(facts), NOW)
        registry = open_registry(home, "escalation")
        engine = open_database(home.database_url)
        promote(home, engine, registry, first.version, Approval("li", "first", NOW, override=True))
        second = train(home, small_task(facts, current(home, engine)), NOW)
    yield World(home, engine, facts, registry, first, second, registry.show_model("challenger").version)
    engine.dispose()


@pytest.fixture(scope="session")
def reported() -> Reported:
    return make_reported()


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return an empty home that shares nothing but the registry with the world."""
    return Home(tmp_path / "home")


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = open_database(database_url)
    yield engine
    engine.dispose()
