"""Reading alerts: every function takes who asks, and returns what lies in that account's part of the grid tree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, Select, and_, false, func, or_, select

from features.database.alert_tables import OPEN_STATES, alert, alert_decision, alert_transition
from features.database.engine import reading
from features.database.tables import ranking
from features.errors import NotFoundError
from serving.accounts.permissions import Actor, Right, Scope
from serving.accounts.row_security import reading_within
from serving.alerts.lifecycle import State, due_at, time_allowed
from serving.alerts.rule import Outcome
from serving.alerts.schemas import Alert, AlertStep, SaidReason, read_outcomes, read_text
from serving.rankings.line_words import mask_line, with_similar
from serving.rankings.publishing import shown
from serving.settings import DueHours

MISSING = "No such alert, or none that this account may see."


@dataclass(frozen=True)
class Wanted:
    """Filter of alerts; everything named must hold."""

    states: frozenset[State] | None = None
    """None is all states."""
    area: str | None = None
    """Path of an area or grid."""
    mine: bool = False
    """Only those that are with the unit of who asks."""
    last: str | None = None
    """alert_id of the last one that was seen; the page begins after it."""
    overdue: tuple[DueHours, datetime] | None = None
    """Only those whose next step is overdue by these hours at this moment."""


def list_alerts(engine: Engine, actor: Actor, wanted: Wanted, limit: int) -> list[Alert]:
    """Return alerts by day of their window, the newest first, within a day by place; never by rank.

    Raises:
        NotFoundError: `last` is not among what the account may see.
    """
    with reading_within(engine, actor.scope) as connection:
        query = select(alert).where(seen_by(actor), *_conditions(actor, wanted))
        if wanted.last:
            query = query.where(_after(_row(connection, actor, wanted.last)))
        return _with_sequels(connection, query.order_by(alert.c.starts.desc(), alert.c.path, alert.c.alert_id).limit(limit), actor.scope)


def count_alerts(engine: Engine, actor: Actor, wanted: Wanted) -> dict[State, int]:
    """Return how many alerts there are in each state."""
    query = select(alert.c.state, func.count()).where(seen_by(actor), *_conditions(actor, wanted)).group_by(alert.c.state)
    with reading_within(engine, actor.scope) as connection:
        found: dict[str, int] = {state: count for state, count in connection.execute(query)}  # noqa: C416 - rows are no pairs to mypy
    return {state: found.get(state, 0) for state in State}


def find_alert(engine: Engine, actor: Actor, alert_id: str) -> Alert:
    """Return one alert.

    Raises:
        NotFoundError: there is none of that id, or it lies elsewhere; the two cannot be told apart.
    """
    with reading_within(engine, actor.scope) as connection:
        found = _with_sequels(connection, row_in_reach(actor, alert_id), actor.scope)
    if not found:
        raise NotFoundError(MISSING)
    return found[0]


def alerts_of_grid(engine: Engine, actor: Actor, grid_id: str, limit: int) -> list[Alert]:
    """Return the last alerts of a grid, the newest first."""
    query = select(alert).where(seen_by(actor), alert.c.grid_id == grid_id).order_by(alert.c.raised_at.desc()).limit(limit)
    with reading_within(engine, actor.scope) as connection:
        return _with_sequels(connection, query, actor.scope)


def history(engine: Engine, actor: Actor, alert_id: str) -> list[AlertStep]:
    """Return what was done with an alert, the first step first; of who did it only whether it was the one who asks.

    Raises:
        NotFoundError: there is none of that id within reach.
    """
    with reading_within(engine, actor.scope) as connection:
        _row(connection, actor, alert_id)
        query = select(alert_transition).where(alert_transition.c.alert_id == alert_id).order_by(alert_transition.c.version)
        rows = connection.execute(query).mappings().all()
    return [AlertStep(**_named(AlertStep, row), own=row["actor_id"] == actor.account_id) for row in rows]


def overdue(engine: Engine, actor: Actor, hours: DueHours, now: datetime) -> list[Alert]:
    """Return the open alerts whose next step is overdue, by place; for supervision, nothing happens to them."""
    query = select(alert).where(seen_by(actor), alert.c.state.in_(OPEN_STATES)).order_by(alert.c.path, alert.c.alert_id)
    with reading_within(engine, actor.scope) as connection:
        found = [disclose(alert_of(row), actor.scope) for row in connection.execute(query).mappings()]
    return [each for each in found if (due := due_at(each.state, each.since, hours)) and due < now]


def count_open(engine: Engine, hours: DueHours, now: datetime) -> tuple[int, int]:
    """Return how many alerts are open, and of how many of these the next step is overdue."""
    with reading(engine) as connection:
        rows = connection.execute(select(alert.c.state, alert.c.since).where(alert.c.state.in_(OPEN_STATES))).all()
    return len(rows), sum((due := due_at(State(row.state), row.since, hours)) is not None and due < now for row in rows)


def edited_alerts(engine: Engine) -> list[str]:
    """Return the alerts whose state is not where their history, which refuses changes, leads: somebody edited them."""
    same = [alert_transition.c[name] == alert.c[name] for name in ("alert_id", "version", "state", "owner")]
    query = select(alert.c.alert_id).where(~select(alert_transition.c.alert_id).where(*same).exists()).order_by(alert.c.alert_id)
    with reading(engine) as connection:
        return list(connection.execute(query).scalars())


def not_alerted(engine: Engine, scope: Scope, as_of: date) -> dict[str, Outcome]:
    """Return the grids that were above the threshold on the newest list of a day and raised nothing, with the reason."""
    newest = select(func.max(ranking.c.id)).where(ranking.c.as_of == as_of, shown(ranking.c.id)).scalar_subquery()
    held = alert_decision.c.outcome != Outcome.RAISED
    query = select(alert_decision.c.grid_id, alert_decision.c.outcome).where(
        alert_decision.c.ranking_id == newest, held, within(alert_decision.c.path, scope)
    )
    with reading_within(engine, scope) as connection:
        rows = connection.execute(query.order_by(alert_decision.c.path)).all()
    return {row.grid_id: Outcome(row.outcome) for row in rows}


def seen_by(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that an account may see an alert: in its scope or handed there, and of a list that is out or it may release."""
    scoped = handed_to(actor.scope)
    return scoped if actor.may(Right.RELEASE) else and_(scoped, shown(alert.c.ranking_id))


def handed_to(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that an alert lies in a scope or was handed to it; a department sees what it was handed alone."""
    if scope.department:
        return alert.c.department == scope.department
    return or_(within(alert.c.path, scope), within(alert.c.owner, scope))


def within(path: ColumnElement[str], scope: Scope) -> ColumnElement[bool]:
    """Return the condition that a place lies in a scope."""
    if scope.department:
        return false()
    if not scope.path:
        return path.is_not(None)
    return or_(path == scope.path, path.startswith(f"{scope.path}/", autoescape=True))


def row_in_reach(actor: Actor, alert_id: str) -> Select[*tuple[Any, ...]]:
    """Return the query for one alert, as far as an account may see it."""
    return select(alert).where(alert.c.alert_id == alert_id, seen_by(actor))


def disclose(found: Alert, scope: Scope) -> Alert:
    """Return an alert as a reader may see it: its grid, its township and a department it was handed to see single cases, others do not."""
    if scope.department or "/" in scope.path:
        return found
    reasons = tuple(_masked(reason) for reason in found.text.reasons)
    return found.model_copy(update={"text": found.text.model_copy(update={"reasons": reasons})})


def _masked(reason: SaidReason) -> SaidReason:
    if reason.line is None:
        return reason
    line = mask_line(reason.line)
    return reason.model_copy(update={"line": line, "words": with_similar(line)})


def alert_of(row: RowMapping) -> Alert:
    """Return an alert from its row, without what followed it."""
    return Alert(**_named(Alert, row), text=read_text(row["body"]))


def _with_sequels(connection: Connection, query: Select[*tuple[Any, ...]], scope: Scope) -> list[Alert]:
    rows = connection.execute(query).mappings().all()
    found = read_outcomes(connection, rows)
    return [disclose(alert_of(row), scope).model_copy(update={"sequel": found.get(row["alert_id"])}) for row in rows]


def _row(connection: Connection, actor: Actor, alert_id: str) -> RowMapping:
    row = connection.execute(row_in_reach(actor, alert_id)).mappings().first()
    if row is None:
        raise NotFoundError(MISSING)
    return row


def _conditions(actor: Actor, wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    if wanted.states is not None:
        yield alert.c.state.in_(wanted.states)
    if wanted.area:
        yield within(alert.c.path, Scope(wanted.area))
    if wanted.mine:
        scope = actor.scope
        yield (
            alert.c.department == scope.department if scope.department else and_(alert.c.owner == scope.path, alert.c.department.is_(None))
        )
    if wanted.overdue:
        hours, now = wanted.overdue
        yield or_(*(and_(alert.c.state == state, alert.c.since < now - allowed) for state, allowed in time_allowed(hours).items()))


def _after(row: RowMapping) -> ColumnElement[bool]:
    place = or_(alert.c.path > row["path"], and_(alert.c.path == row["path"], alert.c.alert_id > row["alert_id"]))
    return or_(alert.c.starts < row["starts"], and_(alert.c.starts == row["starts"], place))


def _named(model: type[Alert | AlertStep], row: RowMapping) -> Mapping[str, Any]:
    return {name: row[name] for name in model.model_fields if name in row}
