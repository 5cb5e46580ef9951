import tomllib
from pathlib import Path
from typing import Any

import pytest

from features.errors import UsageError
from features.intake.source_file import CHECKOUT, SHIPPED, SourceFile, find_source, flat_source, source_files
from features.schema import CASE_REQUIRED
from features.settings import validate

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "configs" / "sources"


def described(**changes: Any) -> dict[str, Any]:
    columns = {
        "event_id": "no",
        "grid_id": {"from": "grid", "digits": 4},
        "event_type": {"value": "dispute"},
        "category": {"from": "kind", "values": {"neighbor": ["Neighbour"], "other": [""]}},
        "occurred_at": "day",
        "reported_at": "day",
    }
    return {"name": "town", "columns": columns | changes.pop("columns", {}), **changes}


def test_source_file_names_the_columns_it_needs_once() -> None:
    source = SourceFile(**described(parents=["ward", {"from": "grid", "digits": 2}]))

    assert source.needed == ("no", "grid", "kind", "day", "ward")


def test_flat_source_takes_the_optional_columns_that_are_there() -> None:
    source = flat_source((*CASE_REQUIRED, "people", "note"))

    assert source.needed == (*CASE_REQUIRED, "people")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"encodng": "utf-8"}, "unknown key 'encodng'; did you mean 'encoding'?"),
        ({"columns": {"occured_at": "day"}}, "did you mean 'occurred_at'?"),
        ({"columns": {"grid_id": {"fom": "grid"}}}, "did you mean 'from'?"),
        ({"columns": {"grid_id": {"from": "grid", "value": "g"}}}, "give either `from`"),
        ({"columns": {"occurred_at": {"value": "2026-01-01"}}}, "it takes `from` only"),
        ({"columns": {"event_type": {"value": "quarrel"}}}, "found 'quarrel'"),
        ({"columns": {"category": {"from": "kind", "values": {"a": ["x"], "b": ["x"]}}}}, "'x' must stand under one code only"),
        ({"formats": ["%H:%M"]}, "a time format must name at least year, month and day"),
        ({"zone": "Shanghai"}, "zone must be an IANA name"),
        ({"encoding": "gbk"}, "'utf-8' or 'gb18030'"),
        ({"derived": [{"action": "escalated", "when": "unresolved_after"}]}, "days"),
    ],
)
def test_source_file_with_a_fault_is_refused_in_one_line(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        validate(SourceFile, described(**changes), "town.yaml")

    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_source_file_without_a_needed_column_names_it() -> None:
    with pytest.raises(UsageError, match="a case also needs category, occurred_at"):
        validate(SourceFile, {"name": "town", "columns": {name: name for name in ("event_id", "grid_id", "event_type")}}, "town.yaml")


def test_find_source_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"got 'boston'; did you mean 'boston_311'\?"):
        find_source("boston", [SOURCES])
    with pytest.raises(UsageError, match=r"got 'paris'; known: boston_311, department_hotline, .*, nyc_council, petition_record\."):
        find_source("paris", [SOURCES])


def test_find_source_works_in_any_folder_and_ones_own_file_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shipped = find_source("nyc_council")
    own = tmp_path / "configs" / "sources"
    own.mkdir(parents=True)
    (own / "nyc_council.yaml").write_text((SOURCES / "boston_311.yaml").read_text(encoding="utf-8"), encoding="utf-8")

    assert shipped == find_source("nyc_council", [SOURCES])
    assert find_source("nyc_council") == find_source("boston_311")


def test_bursts_are_joined_unless_a_source_file_says_that_records_stand_apart() -> None:
    assert flat_source(()).bursts == "join"
    assert {find_source(name, [SOURCES]).bursts for name in ("boston_311", "nyc_council")} == {"apart"}


def test_source_files_go_into_the_wheel_where_they_are_looked_for() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]

    assert [(ROOT / source, ROOT / target) for source, target in build["force-include"].items()] == [(CHECKOUT, SHIPPED)]
    assert {path.stem for path in CHECKOUT.rglob("*.yaml")} == source_files([CHECKOUT]).keys()


@pytest.mark.parametrize("name", ["boston_311", "nyc_council"])
def test_find_source_reads_the_ones_that_are_shipped(name: str) -> None:
    source = find_source(name, [SOURCES])

    codes = set(source.columns["category"].values)
    assert source.name == name
    assert 12 <= len(codes) <= 17
    for target in source.targets.values():
        assert target.events is None or set(target.events.category) <= codes
        assert set(target.transitions) <= {rule.action for rule in source.derived}
