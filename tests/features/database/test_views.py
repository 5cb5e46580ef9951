"""Read-only views for BI tools, on both databases."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Connection, Engine, text

from features.database.alert_tables import alert, alert_transition, review, sequel, visit
from features.database.engine import reading, writing
from features.database.tables import ranking
from features.database.views import COLUMNS
from tests.features.database.filled import put

MONDAY, NOW = date(2026, 1, 5), datetime(2026, 1, 5, 1, 30, tzinfo=UTC)


def put_list(connection: Connection, number: int = 1, **values: object) -> None:
    put(connection, ranking, {"id": number, "revision": number, "entry_hash": f"{number}" * 64, "published_at": NOW, **values})


def put_alert(connection: Connection, name: str, *, ranking_id: int = 1, **values: object) -> None:
    of = {"alert_id": name, "ranking_id": ranking_id, "grid_id": f"grid {name}", "raised_at": NOW, "state": "closed"}
    put(connection, alert, of | {"starts": MONDAY, "ends": MONDAY + timedelta(days=14), "chosen_by": "score"} | values)


def read(connection: Connection, view: str, *columns: str) -> list[tuple]:
    rows = connection.execute(text(f"SELECT {', '.join(columns)} FROM {view} ORDER BY {columns[0]}"))
    return [tuple(str(value) if isinstance(value, (date, datetime)) else value for value in row) for row in rows]


@pytest.mark.parametrize("view", COLUMNS)
def test_views_have_the_columns_that_are_described(view: str, engine: Engine) -> None:
    with reading(engine) as connection:
        assert list(COLUMNS[view]) == list(connection.execute(text(f"SELECT * FROM {view}")).keys())


def test_bi_list_is_called_by_the_beginning_of_its_hash_and_timed_in_utc(engine: Engine) -> None:
    with writing(engine) as connection:
        put_list(connection)
        assert [("1" * 16, "2026-01-05 01:30:00")] == read(connection, "bi_list", "ranking_id", "published_at")


@pytest.mark.parametrize(("steps", "shown"), [((), 1), (("held",), 0), (("held", "released"), 1)], ids=["never held", "waits", "released"])
def test_list_that_waits_for_its_release_is_not_shown_nor_are_its_alerts(steps: tuple[str, ...], shown: int, engine: Engine) -> None:
    with writing(engine) as connection:
        put_list(connection)
        put_alert(connection, "a")
        put(connection, review, *({"step": step} for step in steps))

        assert (shown, shown) == tuple(len(read(connection, view, "target")) for view in ("bi_list", "bi_alert"))


@pytest.mark.parametrize(
    ("day", "seen"),
    [(MONDAY - timedelta(days=1), False), (MONDAY, True), (MONDAY + timedelta(days=13), True), (MONDAY + timedelta(days=14), False)],
    ids=["before", "first day", "last day", "day after"],
)
def test_bi_alert_is_visited_where_its_grid_was_within_the_window(day: date, seen: bool, engine: Engine) -> None:
    with writing(engine) as connection:
        put_list(connection)
        put_alert(connection, "a")
        put(connection, visit, {"grid_id": "grid a", "visited_on": day})

        assert [seen] == [bool(row[1]) for row in read(connection, "bi_alert", "alert_id", "visited")]


def test_bi_alert_visit_to_another_grid_is_none(engine: Engine) -> None:
    with writing(engine) as connection:
        put_list(connection)
        put_alert(connection, "a")
        put(connection, visit, {"grid_id": "grid b", "visited_on": MONDAY})

        assert [False] == [bool(row[1]) for row in read(connection, "bi_alert", "alert_id", "visited")]


@pytest.mark.parametrize(
    ("action", "reason", "seen"), [("acknowledge", "visited", True), ("acknowledge", "called", False), ("close", "visited", False)]
)
def test_bi_alert_answer_that_says_so_is_a_visit(action: str, reason: str, seen: bool, engine: Engine) -> None:
    with writing(engine) as connection:
        put_list(connection)
        put_alert(connection, "a")
        put(connection, alert_transition, {"alert_id": "a", "action": action, "reason": reason})

        assert [seen] == [bool(row[1]) for row in read(connection, "bi_alert", "alert_id", "visited")]


def test_bi_alert_followed_is_unknown_until_it_is_settled(engine: Engine) -> None:
    with writing(engine) as connection:
        put_list(connection)
        for name, escalations in (("a", 2.0), ("b", 0.0), ("c", None)):
            put_alert(connection, name)
            put(connection, sequel, {"alert_id": name, "escalations": escalations})
        put_alert(connection, "d")

        followed = [row[1] for row in read(connection, "bi_alert", "alert_id", "followed")]
    assert [True, False, None, None] == [None if value is None else bool(value) for value in followed]


def test_bi_quality_by_week_counts_by_the_monday_of_the_window(engine: Engine) -> None:
    """Of four alerts of the first week two are settled; an alert that begins on a Sunday belongs to the Monday before."""
    with writing(engine) as connection:
        put_list(connection)
        for name, escalations in (("a", 1.0), ("b", 0.0)):
            put_alert(connection, name)
            put(connection, sequel, {"alert_id": name, "escalations": escalations})
        put_alert(connection, "c")
        put_alert(connection, "d", starts=MONDAY + timedelta(days=6))
        put_alert(connection, "e", starts=MONDAY + timedelta(days=7))
        put_alert(connection, "f", chosen_by="random")
        put(connection, visit, *({"id": number, "grid_id": f"grid {name}", "visited_on": MONDAY} for number, name in enumerate("ac")))

        rows = read(connection, "bi_quality_by_week", "week", "chosen_by", "alerts", "settled", "followed", "visited")
    assert {
        ("2026-01-05", "score", 4, 2, 1, 1),
        ("2026-01-05", "random", 1, 0, 0, 0),
        ("2026-01-12", "score", 1, 0, 0, 0),
    } == set(rows)
