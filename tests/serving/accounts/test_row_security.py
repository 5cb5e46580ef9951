"""On PostgreSQL a query that asks for everything still sees its own scope only."""

import json
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import create_engine, insert, select

from features.database.alert_tables import alert
from features.database.engine import writing
from features.database.tables import ranking, ranking_row
from serving.accounts.permissions import EVERYTHING, Scope
from serving.accounts.row_security import reading_within
from serving.rankings.entries import Origin, PublishedRow
from serving.rankings.ledger import publish, verify

NOW = datetime(2026, 1, 9, 8, tzinfo=UTC)
ORIGIN = Origin(date(2026, 1, 9), "escalation", 14, "a" * 64, "1", 100, NOW, "0.1.0", 0)


def row(grid_id, district, township, community):
    return PublishedRow(grid_id, json.dumps({"grid_id": grid_id, "district": district, "township": township, "community": community}))


BODY = {
    "grid": [row("g1", "d", "d/t1", "d/t1/c"), row("g2", "d", "d/t2", None), row("g3", "d", None, None), row("g4", "", None, None)],
    "township": [PublishedRow(path, json.dumps({"path": path})) for path in ("d/t1", "d/t2", "d/t10")],
    "district": [PublishedRow("d", json.dumps({"path": "d"}))],
}


pytestmark = pytest.mark.dialect("postgresql")


@pytest.fixture
def published(engine):
    publish(engine, ORIGIN, BODY, NOW)
    return engine


def seen(engine, path):
    """Return the places that a query without any condition sees within a scope."""
    with reading_within(engine, Scope(path)) as connection:
        return sorted(connection.execute(select(ranking_row.c.place)).scalars())


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("", ["d", "d/t1", "d/t10", "d/t2", "g1", "g2", "g3", "g4"]),
        ("d", ["d", "d/t1", "d/t10", "d/t2", "g1", "g2", "g3"]),
        ("d/t1", ["d/t1", "g1"]),
        ("d/t2", ["d/t2", "g2"]),
        ("d/t1/c/g1", ["g1"]),
        ("d/t", []),
        ("%", []),
    ],
)
def test_query_that_forgot_to_ask_sees_its_scope_only(published, path, places):
    assert places == seen(published, path)


def test_connection_that_never_said_who_it_is_sees_nothing(published):
    stranger = create_engine(published.url)
    with stranger.connect() as connection:
        found = connection.execute(select(ranking.c.id)).all(), connection.execute(select(ranking_row)).all()
    stranger.dispose()

    assert ([(1,)], []) == found


def test_scope_ends_with_its_transaction(published):
    assert seen(published, "d/t1") != seen(published, EVERYTHING.path)
    assert verify(published).id == 1


def test_alerts_have_the_same_wall(published):
    about = {"ranking_id": 1, "target": "escalation", "starts": ORIGIN.as_of, "ends": ORIGIN.as_of, "raised_at": NOW, "chosen_by": "score"}
    frozen = {
        "selection_probability": 1.0,
        "second_look": False,
        "body": "{}",
        "state": "published",
        "since": NOW,
        "owner": "d",
        "version": 1,
    }
    with writing(published) as connection:
        for grid_id, path in (("g1", "d/t1/c/g1"), ("g2", "d/t2/g2")):
            connection.execute(insert(alert), about | frozen | {"alert_id": grid_id, "grid_id": grid_id, "path": path})
    with reading_within(published, Scope("d/t2")) as connection:
        found = connection.execute(select(alert.c.alert_id)).scalars().all()

    assert found == ["g2"]
