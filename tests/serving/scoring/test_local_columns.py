"""A model that reads local columns: lists are made with the code it was trained with, and with no other."""

import json
import shutil
from pathlib import Path

import pytest

from features.errors import StoreError, UsageError
from features.panel.local_features import read_local_features
from serving.scoring.explanations import may_be_named
from serving.scoring.scoring import score_day
from serving.text import fill
from tests.conftest import databases  # noqa: F401 - a fixture
from tests.support.published_world import AS_OF, World, new_world, publish_model
from training.registry.local_columns import LOCAL_COLUMNS
from training.registry.published import current

SAMPLE = Path(__file__).parents[3] / "docs" / "samples" / "night_disputes.py"
COLUMNS = ["night_dispute_count_grid_28d", "night_dispute_count_grid_90d"]


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return shutil.copy(SAMPLE, tmp_path_factory.mktemp("local") / "night.py")


@pytest.fixture(scope="module")
def local_world(databases, make_trained, file, tmp_path_factory):  # noqa: F811 - the fixture
    """A home whose champion reads the sample's columns."""
    with new_world(databases, "sqlite", tmp_path_factory.mktemp("world") / "home", make_trained("sqlite")) as plain:
        world = World(plain.home, plain.engine, naming(plain, str(file)))
        publish_model(world, version=2)
        yield world


def naming(world, named):
    panel = world.settings.panel.model_copy(update={"local_features": named})
    return world.settings.model_copy(update={"panel": panel})


def test_champion_reads_local_columns_and_records_their_code(local_world, file):
    champion = current(local_world.home, local_world.engine)
    origin = read_local_features(str(file)).origin

    assert set(COLUMNS) <= set(champion.columns)
    assert dict.fromkeys(COLUMNS, origin) == json.loads(champion.files[LOCAL_COLUMNS])


def test_champion_with_local_columns_makes_and_explains_a_list(local_world):
    local_world.rank()
    day = score_day(local_world.home, local_world.engine, local_world.settings, AS_OF)
    described = [feature for part in day.model.parts for feature in part.describe(day.panel) if feature.name in COLUMNS]

    assert len(day.rated) == len(day.explain(day.rated)) > 30
    assert all(may_be_named(feature) for feature in described)
    assert ["近28天夜间（22时至次日6时）上报矛盾纠纷4件", "近90天夜间（22时至次日6时）上报矛盾纠纷4件"] == [
        fill(feature.zh, 4, feature.unit) for feature in described
    ]


def test_champion_with_changed_code_is_refused(local_world, tmp_path):
    changed = shutil.copy(SAMPLE, tmp_path / "night.py")
    changed.write_text(SAMPLE.read_text(encoding="utf-8").replace("22 * 60", "21 * 60"), encoding="utf-8")

    with pytest.raises(
        StoreError, match=r"the model reads night_dispute_count_grid_28d, .* declared by night.py sha256:\w+, and .* is night.py"
    ):
        score_day(local_world.home, local_world.engine, naming(local_world, str(changed)), AS_OF)


def test_champion_whose_code_is_missing_is_refused(local_world):
    with pytest.raises(UsageError, match=r"Python file that can be read, got '/nowhere/night.py'"):
        score_day(local_world.home, local_world.engine, naming(local_world, "/nowhere/night.py"), AS_OF)
    with pytest.raises(StoreError, match=r"panel.local_features is not set. Put that file back, or train and promote again"):
        score_day(local_world.home, local_world.engine, naming(local_world, None), AS_OF)


def test_champion_of_the_products_own_columns_asks_for_no_code(make_trained):
    world = make_trained("sqlite")

    assert LOCAL_COLUMNS not in current(world.home, world.engine).files
    assert 40 == len(score_day(world.home, world.engine, world.settings, AS_OF).expected)
