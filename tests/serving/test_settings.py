"""Settings: each is read somewhere, and those that were renamed are read under their old names."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from features.errors import UsageError
from features.settings import Section
from serving.settings import DEPARTMENTS, Receiver, Settings

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


@pytest.mark.parametrize(
    ("section", "values", "why"),
    [
        ("ranking", {"priority_share": 0.06}, "must not fall"),
        ("ranking", {"watch_share": 0.04}, "must not fall"),
        ("ranking", {"rising_factor": 1.0}, "greater than 1"),
        ("alerts", {"leave_share": 0.04}, "must not be below enter_share"),
        ("alerts", {"brief_time": "24:00"}, "should match pattern"),
        ("alerts", {"brief_time": "7:30"}, "should match pattern"),
        ("alerts", {"departments": [DEPARTMENTS[0].model_dump(), DEPARTMENTS[0].model_dump()]}, "different codes"),
        ("alerts", {"due_hours": {"start": 0}}, "greater than 0"),
        ("serving", {"activation_delay_seconds": 2.0}, "must be 0 or above refresh_seconds"),
        ("serving", {"framed_by": ["https://wall.example/screen"]}, "https sites without a path"),
        ("serving", {"framed_by": ["http://wall.example"]}, "https sites without a path"),
        ("serving", {"public_url": "https://a.example/"}, "should match pattern"),
        ("serving", {"root_path": "/a/../b c"}, "should match pattern"),
        ("retention", {"lists_days": 30}, "greater than or equal to 31"),
        ("retention", {"least_backups": 0}, "greater than or equal to 1"),
    ],
)
def test_settings_that_contradict_themselves_are_refused_with_their_section(tmp_path, section, values, why):
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({section: values}, allow_unicode=True), encoding="utf-8")

    with pytest.raises(UsageError, match=why) as refused:
        Settings.load(path)
    assert section in str(refused.value)


@pytest.mark.parametrize(
    "values",
    [
        {"ranking": {"priority_share": 0.05, "elevated_share": 0.05, "watch_share": 0.05}},
        {"alerts": {"enter_share": 0.08, "leave_share": 0.08, "brief_time": "23:59"}},
        {"serving": {"activation_delay_seconds": 2.1}},
        {"serving": {"framed_by": ["https://wall.example", "http://localhost"], "root_path": "/yujing/a"}},
        {"retention": {"lists_days": 31, "runs_days": 0, "backups_days": 1}},
    ],
)
def test_settings_at_their_bounds_are_taken(values):
    settings = Settings(**values).model_dump(mode="json")

    assert values == {section: {name: settings[section][name] for name in stated} for section, stated in values.items()}


def receiver(**values) -> Receiver:
    return Receiver(**{"name": "desk", "url": "https://a.example/in"} | values)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"kind": "mail", "to": ["desk@a.example"]}, "smtp address"),
        ({"url": "smtp://a.example"}, "smtp address"),
        ({"kind": "sms"}, "must say to whom"),
        ({"kind": "mail", "url": "smtps://a.example"}, "must say to whom"),
        ({"kind": "wecom", "to": ["desk"]}, "must say to whom"),
        ({"name": "Desk 1"}, "should match pattern"),
    ],
)
def test_receiver_whose_address_does_not_fit_its_kind_is_refused(values, why):
    with pytest.raises(ValidationError, match=why):
        receiver(**values)


@pytest.mark.parametrize(
    ("values", "briefs"),
    [
        ({}, ()),
        ({"kind": "wecom"}, ("daily", "weekly")),
        ({"kind": "wecom", "department": "labour"}, ()),
        ({"kind": "mail", "url": "smtp://a.example", "to": ["desk@a.example"], "briefs": ["weekly"]}, ("weekly",)),
    ],
)
def test_briefs_are_sent_to_people_of_an_area_alone(values, briefs):
    """A department is told of what it was handed, which a brief of an area is not."""
    assert briefs == receiver(**values).reads_briefs


@pytest.mark.parametrize(
    ("address", "sent"),
    [
        ("https://a.example/in?x=1&y=%20", "https://a.example/in?x=1&y=%20"),
        ("https://预警.example/通知", "https://xn--792a71x.example/%E9%80%9A%E7%9F%A5"),
        ("http://[::1]:8080/in", "http://[::1]:8080/in"),
        ("https://a.example/in#part", "https://a.example/in"),
    ],
)
def test_address_of_a_receiver_is_stored_as_it_is_sent(address, sent):
    assert sent == receiver(url=address).url == receiver(url=receiver(url=address).url).url


@pytest.mark.parametrize(
    "address", ["https://a.example/a b", "https://a.example/\n", "https://li:secret@a.example/", "https://预..例/", "https://a:99999/"]
)
def test_address_of_a_receiver_that_leads_nowhere_or_holds_a_password_is_refused(address):
    with pytest.raises(ValidationError) as refused:
        receiver(url=address)
    assert "must be an address such as https://host/path" in str(refused.value)


def test_floor_of_households_may_be_raised_and_never_lowered():
    assert Settings(ranking={"least_households": 150}).ranking.least_households == 150
    with pytest.raises(ValidationError, match="greater than or equal to 100"):
        Settings(ranking={"least_households": 99})
