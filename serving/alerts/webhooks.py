"""Telling other programs about alerts: at least once, signed, with a key by which a repetition is known.

The history of alerts is the outbox: an entry is written in the transaction of what it tells, so nothing that happened goes untold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, func, insert, literal, or_, select, update

from features.database.alert_tables import alert, alert_transition, delivery
from features.database.engine import reading, writing
from serving import audit
from serving.accounts.permissions import Scope
from serving.alerts.messages import REMINDER, TAGS, Site, compose_message
from serving.alerts.queries import within
from serving.alerts.worklist import is_overdue
from serving.rankings.publishing import shown
from serving.settings import Receiver

Post = Callable[[str, bytes, Mapping[str, str]], bool]
"""Sends a body to an address and tells whether it was taken."""

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
MOST_ATTEMPTS = 12
"""With the waits between them about six hours; then it is a dead letter, which is listed."""
TOLD_FOR = timedelta(hours=24)
"""Entries older than this are not told to a receiver that is new."""
BATCH = 100
HERE = Site()
"""A service without an address of its own, and with the usual terms."""
ROUND_SECONDS = 300.0
"""A round that took longer ends; what is left is sent in the next one."""


@dataclass(frozen=True)
class Told:
    """Result of one round."""

    sent: int
    failed: int


def deliver(engine: Engine, receiver: Receiver, key: bytes, now: datetime, post: Post, site: Site = HERE) -> Told:
    """Tell a receiver what it has not been told; whoever calls this does so in one process at a time."""
    with reading(engine) as connection:
        waiting = list(connection.execute(_waiting(receiver, now)).mappings())
        waiting += connection.execute(_reminders(receiver, site, now)).mappings() if receiver.kind != "webhook" else []
    sent = failed = 0
    until = monotonic() + ROUND_SECONDS
    for entry in waiting:
        if monotonic() > until:
            break
        taken = post(*compose_message(receiver, key, entry, site, now))
        sent, failed = sent + taken, failed + (not taken)
        with writing(engine) as connection:
            note_attempt(connection, receiver.name, entry, now, taken=taken)
    return Told(sent, failed)


def dead_letters(engine: Engine) -> list[tuple[str, str, int]]:
    """Return what could not be delivered: receiver, alert and version."""
    wanted = (delivery.c.receiver, delivery.c.alert_id, delivery.c.version)
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(select(*wanted).where(delivery.c.state == "dead").order_by(*wanted))]


def count_waiting(engine: Engine) -> int:
    """Return how many messages wait for a receiver."""
    with reading(engine) as connection:
        return connection.execute(select(func.count()).select_from(delivery).where(delivery.c.state == "waiting")).scalar_one()


def resend(engine: Engine, receiver: str, actor_id: str, now: datetime) -> int:
    """Let the dead letters of a receiver be told again, each with its attempts before it, and return how many there are."""
    dead = (delivery.c.receiver == receiver, delivery.c.state == "dead")
    with writing(engine) as connection:
        count = connection.execute(update(delivery).where(*dead).values(state="waiting", attempts=0, next_at=now)).rowcount
        if count:
            audit.record(connection, actor_id, "webhook.resend", receiver, {"letters": count}, now)
    return count


def _waiting(receiver: Receiver, now: datetime) -> Any:
    """Return the query for what is to be told now, the oldest first; of lists that are held nothing is."""
    same = (delivery.c.alert_id == alert_transition.c.alert_id, delivery.c.version == alert_transition.c.version)
    untold = and_(delivery.c.receiver.is_(None), alert_transition.c.at > now - TOLD_FOR)
    again = and_(delivery.c.state == "waiting", delivery.c.next_at <= now)
    for_people = () if receiver.kind == "webhook" else (alert_transition.c.action.in_(TAGS),)
    return (
        select(alert_transition, *_OF_ALERT, delivery.c.attempts)
        .join(alert, alert.c.alert_id == alert_transition.c.alert_id)
        .outerjoin(delivery, and_(*same, delivery.c.receiver == receiver.name))
        .where(or_(untold, again), shown(alert.c.ranking_id), *for_people, *_is_for(receiver, alert_transition.c.department))
        .order_by(alert_transition.c.at, alert_transition.c.alert_id, alert_transition.c.version)
        .limit(BATCH)
    )


def _reminders(receiver: Receiver, site: Site, now: datetime) -> Any:
    """Return the query for overdue alerts of which people were not reminded since they reached their state; told once each.

    A reminder goes under the negative of the version that reached the state.
    """
    to_state = (alert_transition.c.alert_id == alert.c.alert_id, alert_transition.c.at == alert.c.since)
    first = select(-func.min(alert_transition.c.version)).where(*to_state, alert_transition.c.state == alert.c.state)
    named = first.correlate(alert).scalar_subquery().label("version")
    delivered = and_(delivery.c.alert_id == alert.c.alert_id, delivery.c.version == named, delivery.c.receiver == receiver.name)
    again = and_(delivery.c.state == "waiting", delivery.c.next_at <= now)
    columns = (alert.c.alert_id, named, literal(REMINDER).label("action"), alert.c.state, alert.c.department, *_OF_ALERT)
    return (
        select(*columns, delivery.c.attempts)
        .select_from(alert)
        .outerjoin(delivery, delivered)
        .where(is_overdue(site.due_hours, now), or_(delivery.c.receiver.is_(None), again), shown(alert.c.ranking_id))
        .where(*_is_for(receiver, alert.c.department))
        .limit(BATCH)
    )


_OF_ALERT = (alert.c.grid_id, alert.c.path, alert.c.level, alert.c.body, alert.c.since)


def _is_for(receiver: Receiver, department: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    """Return the conditions that an entry is for a receiver: of its area, and with its department where it has one."""
    of_department = [department == receiver.department] if receiver.department else []
    return [within(alert.c.path, Scope(receiver.area)), *of_department]


def note_attempt(connection: Connection, receiver: str, entry: Mapping[Any, Any], now: datetime, *, taken: bool) -> None:
    """Keep what became of one attempt."""
    first = entry["attempts"] is None
    attempts = 1 if first else entry["attempts"] + 1
    state = "sent" if taken else "dead" if attempts >= MOST_ATTEMPTS else "waiting"
    wait = min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    noted = {"attempts": attempts, "next_at": now + wait, "state": state}
    named = {"receiver": receiver, "alert_id": entry["alert_id"], "version": entry["version"]}
    if first:
        connection.execute(insert(delivery), named | noted)
    else:
        connection.execute(update(delivery).where(*(delivery.c[name] == value for name, value in named.items())).values(noted))
