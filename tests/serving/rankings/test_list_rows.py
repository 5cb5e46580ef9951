"""Rows of lists are narrowed to a scope where they are stored."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import Engine, insert

from features.database.engine import reading, writing
from features.database.tables import ranking_row
from serving.accounts.permissions import EVERYTHING, Scope
from serving.rankings.entries import Origin, to_body
from serving.rankings.ledger import publish
from serving.rankings.list_rows import read_rows
from tests.support.made_alerts import make_row

NOW = datetime(2026, 1, 8, 22, tzinfo=UTC)
TOWNSHIPS = {"g1": "d/t1", "g2": "d/t2", "g3": "d/t1", "g4": "d/t10"}


@pytest.fixture
def listed(engine: Engine) -> Engine:
    rows = {grid_id: make_row(grid_id, rank, township=path) for rank, (grid_id, path) in enumerate(TOWNSHIPS.items(), start=1)}
    publish(engine, Origin(date(2026, 1, 9), "escalation", 14, "m" * 64, "1", 1, NOW, "0.1.0", 0), to_body({"grid": rows}), NOW)
    return engine


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        (EVERYTHING, ["g1", "g2", "g3", "g4"]),
        (Scope("d/t1"), ["g1", "g3"]),
        (Scope("d/t1/g3"), ["g3"]),
        (Scope("d/_1"), []),
        (Scope("", department="labour"), []),
    ],
    ids=str,
)
def test_read_rows_yields_those_within_the_scope(listed: Engine, scope: Scope, expected: list[str]) -> None:
    with reading(listed) as connection:
        rows = list(read_rows(connection, [1], "grid", scope=scope))

    assert [row.place for row in rows] == expected


@pytest.mark.dialect("sqlite")
def test_read_rows_yields_rows_of_before_which_have_no_path(listed: Engine) -> None:
    old = {"ranking_id": 1, "level": "grid", "position": 9, "place": "g9", "body": "{}", "path": None}
    with writing(listed) as connection:
        connection.execute(insert(ranking_row), old)
    with reading(listed) as connection:
        rows = list(read_rows(connection, [1], "grid", scope=Scope("d/t2")))

    assert [row.place for row in rows] == ["g2", "g9"]
