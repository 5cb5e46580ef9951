"""Exports: few a day, for a purpose that is written down."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum, auto

from sqlalchemy import Engine, func, select

from features.database.access_tables import audit as trail
from features.database.engine import writing
from features.errors import TooManyError
from serving import audit
from serving.access.actor import Actor

A_DAY = timedelta(days=1)
EXPORTS_A_DAY = 5
ACTION = "export"


class Purpose(StrEnum):
    """What a list may be taken away for; comparing people or units is none of it."""

    SERVICE_PLANNING = auto()
    MEDIATION = auto()
    AUDIT = auto()
    STUDY = auto()


def record_export(engine: Engine, actor: Actor, ranking_id: str, detail: Mapping[str, object], now: datetime) -> None:
    """Write down that rows of a list leave the system.

    Raises:
        TooManyError: this account has taken as many as it may within 24 hours.
    """
    made = select(func.count()).where(trail.c.actor_id == actor.account_id, trail.c.action == ACTION, trail.c.at > now - A_DAY)
    with writing(engine) as connection:
        if connection.execute(made).scalar_one() >= EXPORTS_A_DAY:
            raise TooManyError(f"at most {EXPORTS_A_DAY} exports may be made within 24 hours, found as many. Try again later.")
        audit.record(connection, actor.account_id, ACTION, ranking_id, detail, now)
