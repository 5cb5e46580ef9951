"""Telling other programs about alerts: at least once, signed, with a key by which a repetition is known.

The history of alerts is the outbox: an entry is written in the transaction of what it tells, so nothing that happened goes untold.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import Message
from http.client import HTTPException
from typing import IO, Any
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from sqlalchemy import Connection, Engine, RowMapping, and_, func, insert, or_, select, update

from features.database.alert_tables import alert, alert_transition, delivery
from features.database.engine import reading, writing
from serving.audit import audit_log
from serving.rankings.releases import shown
from serving.settings import Receiver

Post = Callable[[str, bytes, Mapping[str, str]], bool]
"""Sends a body to an address and tells whether it was taken."""

FIRST_WAIT, LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=1)
MOST_ATTEMPTS = 12
"""With the waits between them about six hours; then it is a dead letter, which is listed."""
TOLD_FOR = timedelta(hours=24)
"""Entries older than this are not told to a receiver that is new."""
BATCH = 100


@dataclass(frozen=True)
class Told:
    """What one round did."""

    sent: int
    failed: int


def deliver(engine: Engine, receiver: Receiver, key: bytes, now: datetime, post: Post) -> Told:
    """Tell a receiver what it has not been told; whoever calls this does so in one process at a time."""
    with reading(engine) as connection:
        waiting = connection.execute(_waiting(receiver.name, now)).mappings().all()
    sent = 0
    for entry in waiting:
        body = _body(entry)
        taken = post(receiver.url, body, sign(key, entry["alert_id"], entry["version"], body))
        sent += taken
        with writing(engine) as connection:
            _note(connection, receiver.name, entry, now, taken=taken)
    return Told(sent, len(waiting) - sent)


def sign(key: bytes, alert_id: str, version: int, body: bytes) -> dict[str, str]:
    """Return the headers of a message: its name, the same however often it is sent, and the signature over name and body."""
    name = f"{alert_id}-{version}"
    signature = hmac.digest(key, name.encode() + b"." + body, hashlib.sha256).hex()
    return {"Content-Type": "application/json", "Idempotency-Key": name, "X-Yujing-Signature": f"sha256={signature}"}


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
            audit_log.record(connection, actor_id, "webhook.resend", receiver, {"letters": count}, now)
    return count


def _waiting(receiver: str, now: datetime) -> Any:
    """Return the query for what is to be told now, the oldest first; of lists that are held nothing is."""
    same = (delivery.c.alert_id == alert_transition.c.alert_id, delivery.c.version == alert_transition.c.version)
    untold = and_(delivery.c.receiver.is_(None), alert_transition.c.at > now - TOLD_FOR)
    again = and_(delivery.c.state == "waiting", delivery.c.next_at <= now)
    return (
        select(alert_transition, alert.c.grid_id, alert.c.path, alert.c.level, delivery.c.attempts)
        .join(alert, alert.c.alert_id == alert_transition.c.alert_id)
        .outerjoin(delivery, and_(*same, delivery.c.receiver == receiver))
        .where(or_(untold, again), shown(alert.c.ranking_id))
        .order_by(alert_transition.c.at, alert_transition.c.alert_id, alert_transition.c.version)
        .limit(BATCH)
    )


def _body(entry: RowMapping) -> bytes:
    told = {name: entry[name] for name in ("alert_id", "version", "action", "state", "reason", "grid_id", "path", "level")}
    return json.dumps(told | {"at": entry["at"].isoformat()}, ensure_ascii=False).encode()


def _note(connection: Connection, receiver: str, entry: RowMapping, now: datetime, *, taken: bool) -> None:
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


TIMEOUT_SECONDS = 10


class _Stay(HTTPRedirectHandler):
    """Let a redirection be an error."""

    def redirect_request(self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str) -> None:
        """Go nowhere else."""


_opener = build_opener(_Stay)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Send a body and tell whether the receiver took it with a 2xx."""
    try:
        with _opener.open(Request(url, body, dict(headers)), timeout=TIMEOUT_SECONDS):  # noqa: S310 - http(s) by the settings' pattern
            return True
    except (URLError, HTTPException, OSError):
        return False
