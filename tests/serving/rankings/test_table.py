"""Published lists as one table: typed, narrowed to an area, and described."""

import json
from dataclasses import replace
from datetime import date, timedelta

import polars as pl
import pytest

from serving.accounts.permissions import EVERYTHING, Scope
from serving.rankings import table
from serving.rankings.entries import PublishedRow
from serving.rankings.ledger import publish
from serving.rankings.schemas import Score
from serving.rankings.table import SCHEMA, Wanted, describe, read_table
from tests.serving.rankings.test_ledger import NOW, ORIGIN

SCORE = {
    "rank": 1,
    "rank_low": 1,
    "rank_high": 2,
    "expected_escalations": 0.25,
    "usual_level": 0.1,
    "factor": 2.5,
    "risk": 0.2,
    "attention_level": "priority",
    "chronic": False,
    "rising": True,
}


def row(grid_id, community, score):
    """Return one row as it is published."""
    body = {
        "grid_id": grid_id,
        "name": f"name of {grid_id}",
        "community": community,
        "confidence": "high",
        "score": score,
        "weekly_cases": [1],
    }
    return PublishedRow(grid_id, json.dumps(body))


def body_of(expected):
    listed = [
        row("g1", "d/t1", SCORE | {"expected_escalations": expected}),
        row("g2", "d/t2", SCORE | {"rank": 2}),
        row("g3", "d/t2", None),
    ]
    return {"grid": listed, "township": [PublishedRow("d/t1", '{"path":"d/t1"}')]}


@pytest.fixture
def lists(engine):
    """Three days, the first of them revised."""
    for day in range(3):
        publish(engine, replace(ORIGIN, as_of=ORIGIN.as_of + timedelta(days=day)), body_of(0.25), NOW)
    publish(engine, ORIGIN, body_of(0.5), NOW)
    return engine


def test_table_has_one_typed_row_per_list_and_grid(lists):
    rows = read_table(lists, Wanted())

    assert SCHEMA == rows.schema
    assert 4 * 3 == rows.height
    first = rows.row(0, named=True)
    assert (date(2026, 1, 9), "g1", "d/t1", 1, 0.25, "priority", True) == tuple(
        first[name] for name in ("as_of", "grid_id", "community", "rank", "expected_escalations", "attention_level", "rising")
    )
    assert NOW == first["published_at"]


def test_unrated_grid_has_a_row_without_figures(lists):
    unrated = read_table(lists, Wanted()).filter(pl.col("grid_id") == "g3")

    assert 4 == unrated.height == unrated["rank"].null_count()


def test_newest_tells_the_last_revision_of_a_day(lists):
    days = read_table(lists, Wanted(until=ORIGIN.as_of)).filter(pl.col("grid_id") == "g1")

    assert [(0, False, 0.25), (1, True, 0.5)] == days.select("revision", "newest", "expected_escalations").rows()


@pytest.mark.parametrize(("path", "grids"), [("", ["g1", "g2", "g3"]), ("d/t2", ["g2", "g3"]), ("d/t1/g1", ["g1"]), ("d/t", [])])
def test_area_narrows_the_grids(lists, path, grids):
    assert grids == read_table(lists, Wanted(Scope(path)))["grid_id"].unique().sort().to_list()


def test_department_sees_no_area(lists):
    assert read_table(lists, Wanted(Scope("", department="labour"))).is_empty()


@pytest.mark.parametrize(
    ("wanted", "days"),
    [
        (Wanted(first=ORIGIN.as_of + timedelta(days=1)), 2),
        (Wanted(EVERYTHING, ORIGIN.as_of, ORIGIN.as_of), 1),
        (Wanted(target="strict"), 0),
    ],
)
def test_days_and_target_narrow_the_lists(lists, wanted, days):
    assert days == read_table(lists, wanted)["as_of"].n_unique()


def test_many_lists_are_read_in_parts(lists, monkeypatch):
    whole = read_table(lists, Wanted())
    monkeypatch.setattr(table, "LISTS_AT_ONCE", 1)

    assert whole.equals(read_table(lists, Wanted()))


def test_figures_of_a_score_are_numbers():
    figures = {name for name, field in Score.model_fields.items() if "float" in str(field.annotation)}

    assert {"expected_low", "expected_high", "risk_low", "risk_high"} < figures
    assert [] == [name for name in figures if SCHEMA[name] != pl.Float64()]


def test_every_column_is_described():
    words = describe()

    assert list(SCHEMA) == words["name"].to_list()
    assert 0 == words["meaning"].null_count()
