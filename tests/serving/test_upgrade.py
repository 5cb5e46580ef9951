"""Homes that earlier versions made open with this one: `tests/fixtures` holds one for each."""

import tarfile
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from features.database.engine import reading
from features.database.tables import event
from features.errors import NotReadyError
from serving.audit import audit_log
from serving.rankings import ledger
from tests.support.published_world import AS_OF, PUBLISHED_AT, open_world

FIXTURES = Path(__file__).parents[1] / "fixtures"
LAST_HASH = "22c2ff492f25f60ce1ddad0a0914f23c2e960b2bd3689ae6c83cd5f3e4446f9c"

pytestmark = pytest.mark.dialect("sqlite")


@pytest.fixture
def old_world(tmp_path):
    with tarfile.open(FIXTURES / "home_0009.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    world = open_world(tmp_path / "home")
    yield world
    world.engine.dispose()


def test_old_home_keeps_its_records_and_both_chains(old_world) -> None:
    with reading(old_world.engine) as connection:
        events = connection.execute(select(func.count()).select_from(event)).scalar()

    assert (3, LAST_HASH) == ((last := ledger.verify(old_world.engine)).id, last.hash)
    assert (audit_log.verify(old_world.engine), events) == (6, 534)


def test_old_home_asks_for_a_new_model_before_the_next_list(old_world) -> None:
    with pytest.raises(NotReadyError, match="Train and promote again"):
        old_world.rank(AS_OF + timedelta(days=1), PUBLISHED_AT + timedelta(days=1))
