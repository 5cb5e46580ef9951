"""Read-only views for BI tools: SQL that is the same to its readers on SQLite and PostgreSQL.

On PostgreSQL a view runs with the rights of whoever asks, so policies of the tables below it hold: it shows what lies in `app.scope`.
Rows of lists are compressed and have no view; `yujing ledger export` writes them.
"""

from dataclasses import dataclass

SHOWN = (
    "(NOT EXISTS (SELECT 1 FROM review WHERE review.ranking_id = ranking.id AND step = 'held') "
    "OR EXISTS (SELECT 1 FROM review WHERE review.ranking_id = ranking.id AND step = 'released'))"
)
"""A list that waits for its release is no list yet, and its alerts are none."""

COLUMNS: dict[str, dict[str, str]] = {
    "bi_list": {
        "ranking_id": "name of the list",
        "as_of": "day it is of; it uses what was known before",
        "target": "what was foretold",
        "horizon_days": "days ahead",
        "revision": "0 for the first list of a day",
        "published_at": "when it was published, UTC",
        "data_through": "moment up to which the log was complete, UTC",
        "model_version": "number of the model in the registry",
    },
    "bi_alert": {
        "alert_id": "the alert",
        "as_of": "day of the list that raised it",
        "grid_id": "grid it is about",
        "path": "place of the grid in the tree, itself last",
        "target": "what was foretold",
        "starts": "first day of its window",
        "ends": "first day after it",
        "raised_at": "when it was raised, UTC",
        "chosen_by": "score or random",
        "level": "level for service attention; null where it is not shown",
        "kind": "category of case that its first reason is about",
        "state": "where it stands",
        "since": "since when, UTC",
        "owner": "path of the unit it is with",
        "department": "code of the department it was handed to",
        "supervision": "requested, listed or struck_off",
        "followed": "true where an escalation came within the window; null while that is not settled",
        "visited": "true where a visit to the grid within the window, or an answer that says so, is on record",
    },
    "bi_quality_by_week": {
        "week": "Monday of the week in which windows began",
        "target": "what was foretold",
        "chosen_by": "score or random: what was drawn at random is what alerts are held against",
        "alerts": "alerts whose window began",
        "settled": "of these, alerts of which it is known what followed",
        "followed": "of these, alerts that an escalation followed",
        "visited": "of the settled ones, alerts whose grid was visited within the window",
    },
}
"""View -> column -> what it means."""


@dataclass(frozen=True)
class Dialect:
    """Expressions in which the two databases differ."""

    moment: str
    """A time stored in microseconds, as a timestamp in UTC."""
    week: str
    """Monday of the week of a day."""
    options: str


DIALECTS = {
    "sqlite": Dialect("datetime({} / 1000000, 'unixepoch')", "date({}, 'weekday 0', '-6 days')", ""),
    "postgresql": Dialect(
        "to_timestamp({} / 1000000.0) AT TIME ZONE 'UTC'", "date_trunc('week', {})::date", " WITH (security_invoker = true)"
    ),
}


def create_views(dialect_name: str) -> list[str]:
    """Return the statements that create the views."""
    dialect = DIALECTS[dialect_name]
    selects = {"bi_list": _lists(dialect), "bi_alert": _alerts(dialect), "bi_quality_by_week": _quality(dialect)}
    return [f"CREATE VIEW {name}{dialect.options} AS {query}" for name, query in selects.items()]


def _lists(dialect: Dialect) -> str:
    published_at, data_through = (dialect.moment.format(name) for name in ("published_at", "data_through"))
    return (
        f"SELECT substr(entry_hash, 1, 16) AS ranking_id, as_of, target, horizon_days, revision, {published_at} AS published_at, "  # noqa: S608 - our own names
        f"{data_through} AS data_through, model_version FROM ranking WHERE {SHOWN}"
    )


def _alerts(dialect: Dialect) -> str:
    raised_at, since = (dialect.moment.format(f"alert.{name}") for name in ("raised_at", "since"))
    visited = (
        "(EXISTS (SELECT 1 FROM visit WHERE visit.grid_id = alert.grid_id AND visit.visited_on >= alert.starts "
        "AND visit.visited_on < alert.ends) OR EXISTS (SELECT 1 FROM alert_transition WHERE alert_transition.alert_id = alert.alert_id "
        "AND action = 'acknowledge' AND reason = 'visited')) AS visited"
    )
    return (
        f"SELECT alert.alert_id, ranking.as_of, alert.grid_id, alert.path, alert.target, alert.starts, alert.ends, "  # noqa: S608 - our own names
        f"{raised_at} AS raised_at, alert.chosen_by, alert.level, alert.kind, alert.state, {since} AS since, alert.owner, "
        "alert.department, alert.supervision, "
        f"sequel.escalations > 0 AS followed, {visited} FROM alert JOIN ranking ON ranking.id = alert.ranking_id "
        f"LEFT JOIN sequel ON sequel.alert_id = alert.alert_id WHERE {SHOWN}"
    )


def _quality(dialect: Dialect) -> str:
    week = dialect.week.format("starts")
    counts = ", ".join(
        f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END) AS {name}"
        for name, condition in (
            ("settled", "followed IS NOT NULL"),
            ("followed", "followed"),
            ("visited", "followed IS NOT NULL AND visited"),
        )
    )
    return f"SELECT {week} AS week, target, chosen_by, count(*) AS alerts, {counts} FROM bi_alert GROUP BY {week}, target, chosen_by"  # noqa: S608
