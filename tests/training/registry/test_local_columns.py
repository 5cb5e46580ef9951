"""Local columns of a model: no other code is put in the place of that which declared them."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from features.errors import StoreError, UsageError
from features.panel.feature import Feature, Kind
from features.panel.local_features import read_local_features
from training.learning.booster import Columns
from training.learning.parts import Part
from training.registry.local_columns import LOCAL_COLUMNS, local_columns, require_local_columns

CODE = '''
def features(facts, horizon_days):
    """Return no feature at all."""
    return ()
'''


def feature(subject: str, origin: str | None) -> Feature:
    return Feature(subject, "count", "local", "", Kind.DRIVER, "", "", "", value=abs, scope=None, origin=origin)


def fitted(*names: str, part: Part = Part.NEW) -> SimpleNamespace:
    return SimpleNamespace(parts=(SimpleNamespace(part=part, columns=Columns(names, (0,) * len(names))),))


PANEL = SimpleNamespace(
    by_name={one.name: one for one in (feature("own", None), feature("shops", "shops.py"), feature("bars", "shops.py"))}
)


def files(**origins: str) -> dict[str, bytes]:
    return {LOCAL_COLUMNS: json.dumps(origins).encode()}


@pytest.fixture
def code(tmp_path: Path) -> Path:
    path = tmp_path / "shops.py"
    path.write_text(CODE, "utf-8")
    return path


def test_local_columns_of_a_model_are_those_it_reads() -> None:
    found = local_columns(fitted("own_count", "shops_count"), PANEL)

    assert {"shops_count": "shops.py"} == json.loads(found[LOCAL_COLUMNS])


@pytest.mark.parametrize("model", [fitted("own_count"), fitted("shops_count", part=Part.OPEN)], ids=["the product's", "of cases"])
def test_local_columns_of_a_model_that_reads_none_are_no_file(model: SimpleNamespace) -> None:
    assert {} == local_columns(model, PANEL)


@pytest.mark.parametrize("named", [None, "gone.py"])
def test_require_local_columns_of_a_model_without_any_asks_for_no_code(named: str | None) -> None:
    require_local_columns({}, named)


def test_require_local_columns_of_the_same_code_passes(code: Path) -> None:
    require_local_columns(files(shops_count=read_local_features(str(code)).origin), str(code))


def test_require_local_columns_of_changed_code_names_columns_and_what_to_do(code: Path) -> None:
    before = read_local_features(str(code)).origin
    code.write_text(CODE.replace("no feature", "nothing"), "utf-8")
    with pytest.raises(
        StoreError, match=r"the model reads bars_count, shops_count, declared by .* Put that file back, or train and promote"
    ):
        require_local_columns(files(shops_count=before, bars_count=before), str(code))


def test_require_local_columns_without_the_setting_says_that_it_is_not_set(code: Path) -> None:
    with pytest.raises(StoreError, match=r"panel\.local_features is not set\. Put that file back"):
        require_local_columns(files(shops_count=read_local_features(str(code)).origin), None)


def test_require_local_columns_of_code_that_is_gone_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"panel\.local_features must name a Python file that can be read"):
        require_local_columns(files(shops_count="shops.py"), str(tmp_path / "gone.py"))
