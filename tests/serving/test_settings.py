"""Settings: each is read somewhere, and those that were renamed are read under their old names."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from features.errors import UsageError
from features.settings import Section
from serving.settings import Settings

OLD = [
    (section, old, new)
    for section, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    for old, new in field.annotation.renamed.items()
]


ROOT = Path(__file__).parents[2]


def declared(annotation: object) -> Iterator[str]:
    """Yield the names of all settings in a type, those of sections and of lists of sections too."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for name, field in annotation.model_fields.items():
            yield name
            yield from declared(field.annotation)
    for part in get_args(annotation):
        yield from declared(part)


def attributes_read() -> set[str]:
    paths = (path for package in ("features", "training", "serving") for path in (ROOT / package).rglob("*.py"))
    nodes = (node for path in paths if "node_modules" not in path.parts for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def test_every_setting_is_read():
    class Wider(Settings):
        nobody_reads_this: int = 1

    assert ["nobody_reads_this"] == sorted(set(declared(Wider)) - attributes_read())


def test_renamed_keys_are_keys_of_their_section():
    assert len(OLD) >= 20
    assert [] == [(section, new) for section, _, new in OLD if new not in getattr(Settings(), section).model_dump()]
    assert [] == [(section, old) for section, old, _ in OLD if old in getattr(Settings(), section).model_dump()]


def test_load_old_key_of_a_file_is_read_with_a_warning_that_names_the_new_one(tmp_path, caplog):
    path = tmp_path / "config.yaml"
    path.write_text("model: {leaves: 7}\nserving: {kept_rankings: 3}")

    settings = Settings.load(path)

    assert (7, 3) == (settings.model.num_leaves, settings.serving.ranking_cache_size)
    assert [f"{path}: the setting leaves is called num_leaves now; the old name is read for one more release."] == caplog.messages[:1]
    assert 2 == len(caplog.messages)


def test_load_old_key_of_the_environment_overrides_the_new_one_of_a_file(tmp_path, monkeypatch, caplog):
    path = tmp_path / "config.yaml"
    path.write_text("model: {num_leaves: 7}")
    monkeypatch.setenv("YUJING_MODEL__LEAVES", "9")

    assert 9 == Settings.load(path).model.num_leaves
    assert "the environment: the setting leaves is called num_leaves now" in caplog.messages[0]


def test_load_old_key_beside_the_new_one_is_refused(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("model: {leaves: 7, num_leaves: 9}")

    with pytest.raises(UsageError, match=r"unknown key 'model\.leaves'; did you mean 'num_leaves'"):
        Settings.load(path)


PROVIDER = {"issuer": "https://id.example", "client_id": "yujing"}


@pytest.mark.parametrize(
    ("serving", "oidc", "expected"),
    [
        ("https://a.example", PROVIDER, ("https://a.example", "https://a.example")),
        ("http://a.example", PROVIDER, ("http://a.example", "")),
        ("https://a.example", {}, ("https://a.example", "")),
        ("", PROVIDER | {"public_url": "https://b.example"}, ("https://b.example", "https://b.example")),
        ("", PROVIDER | {"site": "https://b.example"}, ("https://b.example", "https://b.example")),
        ("https://a.example", PROVIDER | {"public_url": "https://b.example"}, ("https://a.example", "https://b.example")),
    ],
)
def test_address_of_the_service_is_stated_once(serving, oidc, expected):
    settings = Settings(serving={"public_url": serving} if serving else {}, oidc=oidc)

    assert expected == (settings.serving.public_url, settings.oidc.public_url)


def test_settings_stored_by_an_older_program_are_read():
    assert 5 == Settings().model.model_validate_json('{"max_rounds": 5}').num_boost_round
