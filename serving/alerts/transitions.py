"""Transitions of alerts, hand-over included: each is one transaction that also writes the history and the audit trail.

Whoever has an alert may pass it to any area above its grid, a unit that directs others to any grid of its own as well, and both to a
department (责任单位) that is configured for the place. A department hands back to the area that it came from. An alert that is with a
department keeps its owner: the area that handed it over, and that may take it back.

Idempotency: a request that is repeated under its key is answered as it was the first time, and does nothing more.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from pydantic import BaseModel
from sqlalchemy import Connection, Engine, insert, select, update

from features.database.alert_tables import OPEN_STATES, alert, alert_transition, answered
from features.database.engine import writing
from features.database.tables import grid
from features.errors import ChangedError, ConflictError, ForbiddenError, NotFoundError
from serving import audit
from serving.accounts.permissions import Actor, Right, Scope
from serving.alerts.corrections import enter_correction
from serving.alerts.lifecycle import EXPIRED, Action, State, Supervision, allowed_actions, step
from serving.alerts.queries import MISSING, alert_of, row_in_reach
from serving.alerts.schemas import Alert
from serving.settings import Department

NEEDED_RIGHT: Mapping[Action, Right] = dict.fromkeys(Action, Right.ANSWER_ALERTS) | {
    Action.HAND_OVER: Right.HAND_OVER,
    Action.SUPERVISE: Right.SUPERVISE,
    Action.STRIKE_OFF: Right.SUPERVISE,
}
CLOCK = "clock"
"""Actor that ends alerts whose window is over."""
ID_LENGTH = 16

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True)
class Request:
    """Request under a key of the client's choice."""

    actor_id: str
    key: str
    content: str
    """Everything that was asked, as one text."""

    @property
    def hash(self) -> str:
        """SHA-256 of the content."""
        return hashlib.sha256(self.content.encode()).hexdigest()


def idempotent(connection: Connection, request: Request, model: type[Answer], now: datetime, do: Callable[[], Answer]) -> Answer:
    """Do what is asked and keep the answer, or return the answer that was given before; inside the caller's transaction.

    Raises:
        ConflictError: the key was used for another request.
    """
    query = select(answered).where(answered.c.actor_id == request.actor_id, answered.c.key == request.key)
    given = connection.execute(query).first()
    if given is None:
        answer = do()
        stored = {
            "actor_id": request.actor_id,
            "key": request.key,
            "request_hash": request.hash,
            "answer": answer.model_dump_json(),
            "at": now,
        }
        connection.execute(insert(answered), stored)
        return answer
    if given.request_hash != request.hash:
        raise ConflictError("an idempotency key must stand for one request, and this one stood for another. Choose a new key.")
    return model.model_validate_json(given.answer)


class Destination(NamedTuple):
    """Destination of an alert: one of the two."""

    path: str | None = None
    department: str | None = None


class Holder(NamedTuple):
    """With whom an alert is."""

    owner: str
    """Path of the area that answers for it."""
    department: str | None
    """Department it was handed to; None where it is with the owner alone."""


def check_destination(
    connection: Connection, actor: Actor, found: Alert, destination: Destination, departments: Sequence[Department]
) -> Holder:
    """Return the new holder of an alert.

    Raises:
        ConflictError: the destination is none, has the alert already, or may not get it from this account.
    """
    if (destination.path is None) == (destination.department is None):
        raise ConflictError("an alert is handed to an area or to a department. Name one of the two.")
    if destination.department is not None:
        return _to_department(actor, found, destination.department, departments)
    return _to_area(connection, actor, found, str(destination.path))


def may_reach_departments(actor: Actor) -> bool:
    """Tell whether an account may hand alerts to departments: those of areas may."""
    return not actor.scope.department and actor.may(Right.HAND_OVER)


def areas_above(path: str) -> list[str]:
    """Return a place and all areas above it, itself first.

    >>> areas_above("d/t/g")
    ['d/t/g', 'd/t', 'd']
    """
    codes = path.split("/")
    return ["/".join(codes[:depth]) for depth in range(len(codes), 0, -1)]


def _to_department(actor: Actor, found: Alert, code: str, departments: Sequence[Department]) -> Holder:
    covering = [each.code for each in departments if Scope(each.area).covers(found.path)]
    if not may_reach_departments(actor) or code not in covering or code == found.department:
        listed = ", ".join(covering) or "none"
        raise ConflictError(f"a department must be one that does not have the alert yet, of {listed}. Choose one of these.")
    return Holder(found.owner, code)


def _to_area(connection: Connection, actor: Actor, found: Alert, path: str) -> Holder:
    here = path == found.owner and found.department is None
    if here or not (path == found.owner if actor.scope.department else _may_get(connection, actor, found, path)):
        raise ConflictError("an alert goes to its grid, an area above it, or a grid of one's own that does not have it. Name such a place.")
    return Holder(path, None)


def _may_get(connection: Connection, actor: Actor, found: Alert, path: str) -> bool:
    if path in areas_above(found.path):
        return True
    parent, _, grid_id = path.rpartition("/")
    is_grid = select(grid.c.grid_id).where(grid.c.grid_id == grid_id, grid.c.parent_path == parent)
    return actor.directs and actor.scope.covers(path) and connection.execute(is_grid).first() is not None


@dataclass(frozen=True)
class TransitionRequest:
    """A step that somebody asks for."""

    action: Action
    reason: str
    """A code of the closed list of that action."""
    version: int
    """The version it was asked for; an alert that has moved on refuses."""
    key: str
    """Idempotency key: repeating it repeats the answer, not the step."""
    to: str | None = None
    """Path that `hand_over` hands to."""
    department: str | None = None
    """Code of the department that `hand_over` hands to, instead of a path."""
    platform: str | None = None
    """Outside platform that asks in the name of the account; null where the account asks itself."""


def take_step(
    engine: Engine, actor: Actor, alert_id: str, wanted: TransitionRequest, now: datetime, departments: Sequence[Department] = ()
) -> Alert:
    """Take a step and return the alert as it stands then; `reopen` returns the new one. `now` is in the local zone.

    `departments` are those that an alert can be handed to.

    Raises:
        NotFoundError: there is no such alert within reach.
        ForbiddenError: the account may not do this.
        ChangedError: the alert is at another version.
        ConflictError: the step cannot be taken from where the alert stands, or the key stands for another request.
    """
    _must_have_right(actor, wanted.action)
    with writing(engine) as connection:
        row = connection.execute(row_in_reach(actor, alert_id).with_for_update()).mappings().first()
        if row is None:
            raise NotFoundError(MISSING)
        before = alert_of(row)
        request = Request(actor.account_id, wanted.key, f"step {alert_id} {wanted}")
        return idempotent(connection, request, Alert, now, lambda: _step(connection, actor, before, wanted, now, departments))


def permitted_actions(actor: Actor, found: Alert) -> list[Action]:
    """Return the steps that an account may take with an alert as it stands."""
    return [action for action in allowed_actions(found.position) if actor.may(NEEDED_RIGHT[action]) and _is_for(actor, found, action)]


def expire(connection: Connection, today: date, now: datetime) -> int:
    """End the open alerts whose window is over, inside the caller's transaction, and return how many there were."""
    rows = connection.execute(select(alert).where(alert.c.state.in_(OPEN_STATES), alert.c.ends <= today)).mappings().all()
    for row in rows:
        before = alert_of(row)
        ended = before.model_copy(update={"state": State.EXPIRED, "since": now, "version": before.version + 1})
        _write(connection, ended, {"action": EXPIRED, "reason": "window_over", "actor_id": CLOCK}, now)
    return len(rows)


def name_alert(*parts: object) -> str:
    """Return the name of an alert: what it comes from settles it, so the same one is never made twice."""
    return hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:ID_LENGTH]


def write_first(connection: Connection, rows: Sequence[Mapping[str, object]], done: Sequence[Mapping[str, object]]) -> None:
    """Store new alerts, given as their rows, each with the first entry of its history: action, reason, who and their unit."""
    if not rows:
        return
    connection.execute(insert(alert), rows)
    entries = [{name: row[name] for name in ("alert_id", "version", "state", "owner")} | {"at": row["since"]} for row in rows]
    connection.execute(insert(alert_transition), [{**entry, **own} for entry, own in zip(entries, done, strict=True)])


def _step(
    connection: Connection, actor: Actor, before: Alert, wanted: TransitionRequest, now: datetime, departments: Sequence[Department]
) -> Alert:
    if before.version != wanted.version:
        raise ChangedError(f"the alert must be at version {wanted.version}, found {before.version}. Load it again and decide anew.")
    state, supervision = step(before.position, wanted.action, wanted.reason)
    if not _is_for(actor, before, wanted.action):
        raise ForbiddenError(f"{wanted.action} is for the unit above the one that has the alert. Ask that unit.")
    holder = _holder(connection, actor, before, wanted, departments)
    detail = {"reason": wanted.reason, "from": before.state, "to": state, "owner": holder.owner, "department": holder.department}
    detail |= {"platform": wanted.platform} if wanted.platform else {}
    audit.record(connection, actor.account_id, f"alert.{wanted.action}", before.alert_id, detail, now)
    if wanted.action is Action.REOPEN:
        return _reopen(connection, actor, before, wanted, now)
    if wanted.action is Action.DATA_WRONG:
        enter_correction(connection, actor, before, wanted.reason, now)
    moved = {"state": state, "supervision": supervision, "owner": holder.owner, "department": holder.department}
    since = before.since if state == before.state else now
    after = before.model_copy(update=moved | {"since": since, "version": before.version + 1})
    _write(connection, after, _done(actor, wanted), now)
    return after


def _holder(connection: Connection, actor: Actor, before: Alert, wanted: TransitionRequest, departments: Sequence[Department]) -> Holder:
    """Return with whom the alert is after the step."""
    destination = Destination(wanted.to, wanted.department)
    if wanted.action is Action.HAND_OVER:
        return check_destination(connection, actor, before, destination, departments)
    if destination != Destination():
        raise ConflictError(f"only hand_over names a unit to hand to, and the step is {wanted.action}. Leave it out.")
    return Holder(before.owner, before.department)


def _done(actor: Actor, wanted: TransitionRequest) -> dict[str, object]:
    """Return what the history keeps of a step and of who took it."""
    scope = actor.scope
    unit = {"unit": None if scope.department else scope.path, "unit_department": scope.department or None}
    return {"action": wanted.action, "reason": wanted.reason, "actor_id": actor.account_id, "platform": wanted.platform, **unit}


def _is_for(actor: Actor, found: Alert, action: Action) -> bool:
    """Tell whether a step is one for this unit: supervision is asked for from below, and given from above."""
    above = actor.directs and actor.scope.is_above(found.owner)
    if action in (Action.SUPERVISE, Action.STRIKE_OFF):
        return above
    return not (action is Action.REQUEST_SUPERVISION and above)


def _reopen(connection: Connection, actor: Actor, before: Alert, wanted: TransitionRequest, now: datetime) -> Alert:
    """Make a new alert of an ended one, with the same words and a new window of the same length."""
    open_one = select(alert.c.alert_id).where(
        alert.c.grid_id == before.grid_id, alert.c.target == before.target, alert.c.state.in_(OPEN_STATES)
    )
    if connection.execute(open_one).first():
        raise ConflictError("a grid has one open alert at a time, and this one has another. Work on that one.")
    row = dict(connection.execute(select(alert).where(alert.c.alert_id == before.alert_id)).mappings().one())
    starts = now.date()
    row |= {"alert_id": name_alert(before.alert_id, actor.account_id, wanted.key), "follows": before.alert_id, "version": 1}
    row |= {
        "owner": before.path,
        "department": None,
        "supervision": Supervision.LISTED if before.supervision is Supervision.LISTED else None,
        "state": State.PUBLISHED,
        "since": now,
        "raised_at": now,
        "starts": starts,
        "ends": starts + (before.ends - before.starts),
    }
    write_first(connection, [row], [_done(actor, wanted)])
    return alert_of(connection.execute(select(alert).where(alert.c.alert_id == row["alert_id"])).mappings().one())


def _write(connection: Connection, after: Alert, done: Mapping[str, object], now: datetime) -> None:
    """Bring an alert up to date and append to its history what was done: action, reason, who and their unit."""
    changed = {name: getattr(after, name) for name in ("state", "since", "owner", "department", "supervision", "version")}
    found = connection.execute(
        update(alert).where(alert.c.alert_id == after.alert_id, alert.c.version == after.version - 1).values(changed)
    )
    if not found.rowcount:
        raise ChangedError("the alert was changed at the same moment. Load it again and decide anew.")
    entry = {name: getattr(after, name) for name in ("alert_id", "version", "state", "owner", "department")}
    connection.execute(insert(alert_transition), {**entry, **done, "at": now})


def _must_have_right(actor: Actor, action: Action) -> None:
    right = NEEDED_RIGHT[action]
    if not actor.may(right):
        raise ForbiddenError(f"the right {right} is needed for {action}, and this account lacks it. Ask who has it.")
