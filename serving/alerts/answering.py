"""What people do with an alert: steps of its life. Each is one transaction that also writes the history and the audit trail."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Engine, insert, select, update

from features.database.alert_tables import OPEN_STATES, alert, alert_transition
from features.database.engine import writing
from features.errors import ChangedError, ConflictError, ForbiddenError, NotFoundError
from serving import audit
from serving.access.actor import Actor, Right, Scope
from serving.alerts.alert import Alert
from serving.alerts.life import EXPIRED, Action, State, step
from serving.alerts.once import Request, once
from serving.alerts.store import MISSING, alert_of, row_in_reach

CLOCK = "clock"
"""Who ends alerts whose window is over."""
ID_LENGTH = 16


@dataclass(frozen=True)
class Asked:
    """A step that somebody asks for."""

    action: Action
    reason: str
    """A code of the closed list of that action."""
    version: int
    """The version it was asked for; an alert that has moved on refuses."""
    key: str
    """Idempotency key: repeating it repeats the answer, not the step."""
    to: str | None = None
    """Where `hand_over` hands to: the grid of the alert, or an area above it."""


def take_step(engine: Engine, actor: Actor, alert_id: str, asked: Asked, now: datetime) -> Alert:
    """Take a step and return the alert as it stands then; `reopen` returns the new one. `now` is in the local zone.

    Raises:
        NotFoundError: there is no such alert within reach.
        ForbiddenError: the account may not do this.
        ChangedError: the alert is at another version.
        ConflictError: the step cannot be taken from where the alert stands, or the key stands for another request.
    """
    _must_have_right(actor, asked.action)
    with writing(engine) as connection:
        row = connection.execute(row_in_reach(actor, alert_id).with_for_update()).mappings().first()
        if row is None:
            raise NotFoundError(MISSING)
        before = alert_of(row)
        request = Request(actor.account_id, asked.key, f"step {alert_id} {asked}")
        return once(connection, request, Alert, now, lambda: _step(connection, actor, before, asked, now))


def expire(connection: Connection, today: date, now: datetime) -> int:
    """End the open alerts whose window is over, inside the caller's transaction, and return how many there were."""
    rows = connection.execute(select(alert).where(alert.c.state.in_(OPEN_STATES), alert.c.ends <= today)).mappings().all()
    for row in rows:
        before = alert_of(row)
        ended = before.model_copy(update={"state": State.EXPIRED, "since": now, "version": before.version + 1})
        _write(connection, ended, (EXPIRED, "window_over", CLOCK), now)
    return len(rows)


def name_alert(*parts: object) -> str:
    """Return the name of an alert: what it comes from settles it, so the same one is never made twice."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:ID_LENGTH]


def write_first(connection: Connection, row: dict[str, object], action: str, reason: str, actor_id: str) -> None:
    """Store a new alert, given as its row, with the first entry of its history."""
    connection.execute(insert(alert), row)
    entry = {name: row[name] for name in ("alert_id", "version", "state", "owner")}
    connection.execute(insert(alert_transition), entry | {"action": action, "reason": reason, "actor_id": actor_id, "at": row["since"]})


def _step(connection: Connection, actor: Actor, before: Alert, asked: Asked, now: datetime) -> Alert:
    if before.version != asked.version:
        raise ChangedError(f"the alert must be at version {asked.version}, found {before.version}. Load it again and decide anew.")
    state = step(before.state, asked.action, asked.reason)
    owner = _owner(before, asked)
    detail = {"reason": asked.reason, "from": before.state, "to": state, "owner": owner}
    audit.record(connection, actor.account_id, f"alert.{asked.action}", before.alert_id, detail, now)
    if asked.action is Action.REOPEN:
        return _reopen(connection, actor, before, asked, now)
    since = before.since if state == before.state else now
    after = before.model_copy(update={"state": state, "since": since, "owner": owner, "version": before.version + 1})
    _write(connection, after, (asked.action, asked.reason, actor.account_id), now)
    return after


def _owner(before: Alert, asked: Asked) -> str:
    if asked.action is not Action.HAND_OVER:
        if asked.to is not None:
            raise ConflictError(f"only hand_over names a unit to hand to, and the step is {asked.action}. Leave it out.")
        return before.owner
    if asked.to is None or asked.to == before.owner or not Scope(asked.to).covers(before.path):
        raise ConflictError("an alert is handed to its grid or an area above it that does not have it yet. Name such a place.")
    return asked.to


def _reopen(connection: Connection, actor: Actor, before: Alert, asked: Asked, now: datetime) -> Alert:
    """Make a new alert of an ended one, with the same words and a new window of the same length."""
    open_one = select(alert.c.alert_id).where(
        alert.c.grid_id == before.grid_id, alert.c.target == before.target, alert.c.state.in_(OPEN_STATES)
    )
    if connection.execute(open_one).first():
        raise ConflictError("a grid has one open alert at a time, and this one has another. Work on that one.")
    row = dict(connection.execute(select(alert).where(alert.c.alert_id == before.alert_id)).mappings().one())
    starts = now.date()
    row |= {"alert_id": name_alert(before.alert_id, actor.account_id, asked.key), "follows": before.alert_id, "version": 1}
    row |= {
        "owner": before.path,
        "state": State.PUBLISHED,
        "since": now,
        "raised_at": now,
        "starts": starts,
        "ends": starts + (before.ends - before.starts),
    }
    write_first(connection, row, asked.action, asked.reason, actor.account_id)
    return alert_of(connection.execute(select(alert).where(alert.c.alert_id == row["alert_id"])).mappings().one())


def _write(connection: Connection, after: Alert, done: tuple[str, str, str], now: datetime) -> None:
    """Bring an alert up to date and append to its history what was done: action, reason and who."""
    changed = {"state": after.state, "since": after.since, "owner": after.owner, "version": after.version}
    found = connection.execute(
        update(alert).where(alert.c.alert_id == after.alert_id, alert.c.version == after.version - 1).values(changed)
    )
    if not found.rowcount:
        raise ChangedError("the alert was changed at the same moment. Load it again and decide anew.")
    action, reason, actor_id = done
    entry = {"alert_id": after.alert_id, "version": after.version, "state": after.state, "owner": after.owner}
    connection.execute(insert(alert_transition), entry | {"action": action, "reason": reason, "actor_id": actor_id, "at": now})


def _must_have_right(actor: Actor, action: Action) -> None:
    right = Right.HAND_OVER if action is Action.HAND_OVER else Right.ANSWER_ALERTS
    if not actor.may(right):
        raise ForbiddenError(f"the right {right} is needed for {action}, and this account lacks it. Ask who has it.")
