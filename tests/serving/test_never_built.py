"""No table, feature, setting, route or field is about persons, staff or what must never be foretold."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from features.database.copying import metadata
from features.database.engine import open_database
from features.panel.build import catalogue
from features.storage.home import Home
from serving.app import create_app
from serving.settings import Settings
from tests.support.documents import SETTINGS
from tests.support.event_logs import HORIZON, make_facts, make_rich_log

NEVER = frozenset(
    {
        *("person", "persons", "citizen", "individual", "suspect", "suspects", "surname", "gender", "birthday", "relative", "relatives"),
        *("face", "faces", "plate", "plates", "camera", "cameras", "imei", "wechat", "location", "payment", "payments", "track", "tracks"),
        *("ethnicity", "ethnic", "religion", "religious", "tenant", "tenants", "migrant", "migrants"),
        *("protest", "protests", "gathering", "gatherings", "opinion", "sentiment", "stability", "blacklist"),
        *("checkin", "points", "penalty", "league", "appraisal"),
    }
)
"""Words that no name in the product may hold."""


def forbidden(names: Iterable[str]) -> list[str]:
    return [name for name in names if NEVER & set(re.split(r"[^a-z0-9]+", name.lower()))]


def fields(schema: Any) -> Iterator[str]:
    """Yield the names of all fields in a JSON schema, however deep."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from fields(part)


@pytest.fixture(scope="module")
def declared(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every name under which the product keeps, computes, takes or tells something."""
    home = Home(tmp_path_factory.mktemp("empty") / "home")
    open_database(home.database_url).dispose()
    description = create_app(Settings(), home).openapi()
    columns = [f"{table.name}.{column.name}" for table in metadata.tables.values() for column in table.columns]
    features = [feature.name for feature in catalogue(make_facts(**make_rich_log()), HORIZON, SETTINGS)]
    return [*columns, *features, *fields(Settings.model_json_schema()), *description["paths"], *fields(description)]


def test_nothing_declared_is_about_persons(declared, record_property):
    record_property("names of columns, features, settings, routes and fields", len(declared))

    assert [] == forbidden(declared)


@pytest.mark.parametrize(
    "name", ["person_score", "event.suspect_id", "/v1/persons/{person_id}", "key_person_count_grid_90d", "tenant_share"]
)
def test_names_about_persons_would_be_found(declared, name):
    assert [name] == forbidden([*declared, name])
