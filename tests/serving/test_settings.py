"""Settings that were renamed."""

import pytest

from features.errors import UsageError
from features.settings import Section
from serving.settings import Settings

OLD = [
    (section, old, new)
    for section, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    for old, new in field.annotation.renamed.items()
]


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
