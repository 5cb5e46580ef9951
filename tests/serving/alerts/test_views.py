"""Views for BI tools say what the product says, behind the same wall."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import create_engine, insert, text

from features.database.alert_tables import review, sequel
from features.database.engine import reading, writing
from features.database.views import COLUMNS
from serving.accounts.permissions import Scope
from serving.accounts.row_security import reading_within
from serving.alerts.feedback import Found, Visit, log_visit
from serving.alerts.transitions import take_step
from tests.serving.alerts.conftest import AS_OF, COMMAND, NOW


def rows(engine, query):
    with reading(engine) as connection:
        return [dict(row) for row in connection.execute(text(query)).mappings()]


@pytest.fixture
def settled(days, asked):
    """Two alerts: one was visited and calm, one escalated."""
    days.publish()
    first, second = days.alerts()
    log_visit(days.engine, COMMAND, Visit(grid_id=first.grid_id, alert_id=None, visited_on=AS_OF, found=Found.NO), "key-visit", NOW)
    take_step(days.engine, COMMAND, second.alert_id, asked("acknowledge", reason="phoned"), NOW)
    with writing(days.engine) as connection:
        connection.execute(
            insert(sequel), [{"alert_id": one.alert_id, "escalations": n, "at": NOW} for one, n in ((first, 0), (second, 2))]
        )
    return days


@pytest.mark.parametrize("view", COLUMNS)
def test_view_has_the_columns_that_are_described(days, view):
    with reading(days.engine) as connection:
        found = connection.execute(text(f"SELECT * FROM {view}")).keys()

    assert list(COLUMNS[view]) == list(found)


def test_alerts_are_those_of_the_product(settled):
    listed = rows(settled.engine, "SELECT * FROM bi_alert ORDER BY grid_id")
    own = sorted(settled.alerts(), key=lambda alert: alert.grid_id)

    assert [(one.alert_id, one.grid_id, one.sequel.escalated, one.sequel.visited) for one in own] == [
        (row["alert_id"], row["grid_id"], bool(row["followed"]), bool(row["visited"])) for row in listed
    ]
    assert {str(AS_OF)} == {str(row["as_of"]) for row in listed}
    raised = {datetime.fromtimestamp(row["raised_at"] / 1e6, UTC) for row in rows(settled.engine, "SELECT raised_at FROM alert")}
    assert {f"{moment:%Y-%m-%d %H:%M}" for moment in raised} == {str(row["raised_at"])[:16] for row in listed}


def test_answer_visited_counts_as_a_visit(days, asked):
    days.publish()
    first, second = days.alerts()
    take_step(days.engine, COMMAND, first.alert_id, asked("acknowledge", reason="visited"), NOW)

    visited = {row["alert_id"]: bool(row["visited"]) for row in rows(days.engine, "SELECT alert_id, visited FROM bi_alert")}

    assert {first.alert_id: True, second.alert_id: False} == visited


def test_what_followed_is_missing_until_it_is_settled(days):
    days.publish()

    assert [None, None] == [row["followed"] for row in rows(days.engine, "SELECT followed FROM bi_alert")]
    assert {0} == {row["settled"] for row in rows(days.engine, "SELECT settled FROM bi_quality_by_week")}


def test_quality_counts_by_week_and_choice(settled):
    found = rows(settled.engine, "SELECT * FROM bi_quality_by_week")
    totals = {name: sum(row[name] for row in found) for name in ("alerts", "settled", "followed", "visited")}

    assert {"alerts": 2, "settled": 2, "followed": 1, "visited": 1} == totals
    assert {str(AS_OF - timedelta(days=AS_OF.weekday()))} == {str(row["week"])[:10] for row in found}


def test_list_that_waits_for_its_release_is_not_shown(days):
    days.publish()
    with writing(days.engine) as connection:
        connection.execute(insert(review), {"ranking_id": 1, "step": "held", "actor_id": "a", "at": NOW})

    assert ([], [], []) == tuple(rows(days.engine, f"SELECT * FROM {view}") for view in COLUMNS)


@pytest.mark.dialect("postgresql")
def test_view_shows_its_scope_only(settled):
    with reading_within(settled.engine, Scope("d/t1")) as connection:
        paths = connection.execute(text("SELECT path FROM bi_alert")).scalars().all()
        alerts = connection.execute(text("SELECT sum(alerts) FROM bi_quality_by_week")).scalar_one()

    assert ["d/t1"] == [path.rpartition("/")[0] for path in paths]
    assert 1 == alerts


@pytest.mark.dialect("postgresql")
def test_view_without_a_scope_shows_nothing(settled):
    plain = create_engine(settled.engine.url)
    with plain.connect() as connection:
        assert [] == connection.execute(text("SELECT * FROM bi_alert")).all()
    plain.dispose()
