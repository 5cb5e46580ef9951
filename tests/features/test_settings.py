"""Settings of features: frozen, typed, and every key known."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from features.errors import UsageError
from features.settings import BuildSettings, CalendarSettings, LogSettings, Period, Section, read_yaml


@pytest.mark.parametrize("section", [LogSettings, BuildSettings])
def test_section_cannot_be_changed_and_refuses_an_unknown_key(section: type[Section]) -> None:
    key = next(iter(section.model_fields))

    with pytest.raises(ValidationError, match="frozen"):
        setattr(section(), key, getattr(section(), key))
    with pytest.raises(ValidationError, match="nobody_knows_this"):
        section(nobody_knows_this=1)


@pytest.mark.parametrize("country", ["XX", "China", "CHN", ""])
def test_calendar_settings_country_that_is_not_known_is_refused(country: str) -> None:
    with pytest.raises(ValidationError, match="country must be a code of two letters"):
        CalendarSettings(country=country)


@pytest.mark.parametrize("end", ["2026-06-07", "2026-06-01"])
def test_period_without_a_day_is_refused(end: str) -> None:
    with pytest.raises(ValidationError, match="a period must end after it starts"):
        Period(name="gaokao", start="2026-06-07", end=end)


@pytest.mark.parametrize("text", ["zone: UTC\nmodel: {}\nzone: Asia/Shanghai\n", "model:\n  zone: UTC\n  zone: UTC\n"])
def test_read_yaml_key_that_stands_twice_is_refused_in_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(UsageError, match="the key 'zone' stands twice") as caught:
        read_yaml(file)

    assert "\n" not in str(caught.value)


def test_read_yaml_same_key_in_two_mappings_is_read(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("a: {zone: UTC}\nb: {zone: UTC}\n", encoding="utf-8")

    assert {"a": {"zone": "UTC"}, "b": {"zone": "UTC"}} == read_yaml(file)
