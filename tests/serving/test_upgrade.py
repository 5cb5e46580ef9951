"""Homes that earlier versions made open with this one: `tests/fixtures` holds one for each."""

import json
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from features.database.engine import reading
from features.database.tables import event
from features.errors import NotReadyError
from features.panel.build import Panel
from serving import audit
from serving.cli.main import app
from serving.maps.place_names import PlaceName
from serving.pages.map_cache import Kept, MapCache
from serving.rankings import ledger
from tests.support.published_world import AS_OF, PUBLISHED_AT, World, open_world
from training.learning.model import Fitted
from training.registry.published import current
from training.train import _turnover

FIXTURES = Path(__file__).parents[1] / "fixtures"
LAST_HASH = "22c2ff492f25f60ce1ddad0a0914f23c2e960b2bd3689ae6c83cd5f3e4446f9c"
RECENT_HASH = "be0d74c1bd8a9ee12dd7df15e24f9c92cb213e5d0f888c36baf4125c3b1ec836"

pytestmark = pytest.mark.dialect("sqlite")


def extract(folder: Path, revision: str) -> None:
    with tarfile.open(FIXTURES / f"home_{revision}.tar.xz") as archive:
        archive.extractall(folder, filter="data")


@contextmanager
def opened_world(folder: Path, revision: str) -> Iterator[World]:
    extract(folder, revision)
    world = open_world(folder / "home")
    yield world
    world.engine.dispose()


def name_grids_in_full(database: Path) -> None:
    """Let the grids of a database that was not opened yet have full names, as registers of streets do."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE grid SET name = '甲街道第' || substr(parent_path, -1) || '社区' || name")


@pytest.fixture
def old_world(tmp_path: Path) -> Iterator[World]:
    """A home of the oldest version that opens."""
    with opened_world(tmp_path, "0009") as world:
        yield world


@pytest.fixture
def recent_world(tmp_path: Path) -> Iterator[World]:
    """A home of version 0.2.0 before its answers were compressed, with lists of two days."""
    with opened_world(tmp_path, "0022") as world:
        yield world


@pytest.mark.parametrize("revision", ["0009", "0022"])
def test_home_from_before_the_table_of_areas_goes_on_with_the_names_that_its_grids_tell(revision: str, tmp_path: Path) -> None:
    extract(tmp_path, revision)
    name_grids_in_full(tmp_path / "home" / "yujing.db")
    world = open_world(tmp_path / "home")
    names = MapCache(world.home, Kept(9)).names(world.engine, "")
    world.engine.dispose()
    community = "990101/990101001/990101001002"

    assert ("990101", "甲街道", "第2社区") == tuple(map(names.area, ("990101", "990101/990101001", community)))
    assert PlaceName("甲街道", "第2社区", "第6网格") == names.place(f"{community}/990101001002006")


def test_recent_home_keeps_both_chains_and_goes_on_with_its_model(recent_world) -> None:
    last = ledger.verify(recent_world.engine)
    following = recent_world.rank(AS_OF + timedelta(days=1), PUBLISHED_AT + timedelta(days=1))

    assert (last.id, last.hash) == (2, RECENT_HASH)
    assert audit.verify(recent_world.engine) >= 3
    assert (following.id, following.origin.model_hash) == (3, last.origin.model_hash)
    assert ledger.verify(recent_world.engine).id == 3


def test_old_home_keeps_its_records_and_both_chains(old_world) -> None:
    with reading(old_world.engine) as connection:
        events = connection.execute(select(func.count()).select_from(event)).scalar()

    assert (3, LAST_HASH) == ((last := ledger.verify(old_world.engine)).id, last.hash)
    assert (audit.verify(old_world.engine), events) == (6, 534)


def test_old_home_asks_for_a_new_model_before_the_next_list(old_world) -> None:
    with pytest.raises(NotReadyError, match="yujing train`, then `yujing models promote`"):
        old_world.rank(AS_OF + timedelta(days=1), PUBLISHED_AT + timedelta(days=1))


def test_doctor_of_an_old_home_asks_for_a_new_model_too(old_world) -> None:
    told = json.loads(CliRunner().invoke(app, ["doctor", "--json", "--home", str(old_world.home.root)]).stdout)

    (champion,) = (each["found"] for each in told if each["check"] == "champion" and not each["ok"])
    assert "yujing train`, then `yujing models promote`" in champion


def test_old_champion_does_not_keep_a_training_from_ending(old_world) -> None:
    """Nothing is compared with it but what both can tell; the panel is not even looked at."""
    champion = current(old_world.home, old_world.engine)

    assert _turnover(cast(Panel, None), cast(Fitted, None), champion, old_world.settings.panel) is None
