"""Quotas of an account: each use is an entry of the audit trail, and those are counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, select

from features.database.access_tables import audit as trail
from features.database.engine import writing
from features.errors import TooManyError
from serving.accounts.permissions import Actor
from serving.audit import audit_log


@dataclass(frozen=True)
class Quota:
    """Number of times that an account may do something."""

    action: str
    """As the audit trail calls it."""
    most: int
    within: timedelta


EXPORTS = Quota("export", 5, timedelta(days=1))
SCORED_FILES = Quota("score", 30, timedelta(hours=1))


def consume(engine: Engine, actor: Actor, allowance: Quota, about: tuple[str, Mapping[str, object]], now: datetime) -> None:
    """Write down that an account does something; `about` is what it acts on, and what else must be known later.

    Raises:
        TooManyError: it has done so as often as it may.
    """
    done = select(func.count()).where(
        trail.c.actor_id == actor.account_id, trail.c.action == allowance.action, trail.c.at > now - allowance.within
    )
    with writing(engine) as connection:
        if connection.execute(done).scalar_one() >= allowance.most:
            hours = allowance.within // timedelta(hours=1)
            raise TooManyError(f"{allowance.action} is allowed {allowance.most} times in {hours} h, found as many. Try again later.")
        audit_log.record(connection, actor.account_id, allowance.action, *about, now)
