"""The optional review: a list that is held, and its alerts, stay hidden until an analyst releases them."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, exists, insert, select

from features.database.alert_tables import review
from features.database.engine import reading, writing
from features.database.tables import ranking
from features.errors import ConflictError, ForbiddenError, NotFoundError
from serving.accounts.permissions import Actor, Right
from serving.audit import audit_log
from serving.audit.audit_log import OPERATOR
from serving.rankings.entries import ID_LENGTH

HELD, RELEASED = "held", "released"


def hold(connection: Connection, ranking_number: int, now: datetime) -> None:
    """Hide a list that is being published, inside its transaction."""
    connection.execute(insert(review), {"ranking_id": ranking_number, "step": HELD, "actor_id": OPERATOR, "at": now})


def shown(ranking_number: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that a list was never held, or has been released."""
    return ~_has(ranking_number, HELD) | _has(ranking_number, RELEASED)


def released_at(engine: Engine, ranking_number: int) -> datetime | None:
    """Return when a list that was held was released; None where it was never held, or still is."""
    query = select(review.c.at).where(review.c.ranking_id == ranking_number, review.c.step == RELEASED)
    with reading(engine) as connection:
        return connection.execute(query).scalar()


def held_lists(engine: Engine, actor: Actor) -> list[str]:
    """Return the names of the lists that wait for their release, the newest first.

    Raises:
        ForbiddenError: the account may not release.
    """
    _must_release(actor)
    waiting = select(ranking.c.entry_hash).where(~shown(ranking.c.id)).order_by(ranking.c.id.desc())
    with reading(engine) as connection:
        return [entry_hash[:ID_LENGTH] for entry_hash in connection.execute(waiting).scalars()]


def release(engine: Engine, actor: Actor, ranking_id: str, now: datetime) -> None:
    """Show a list and its alerts from now on.

    Raises:
        ForbiddenError: the account may not release.
        NotFoundError: there is no such list.
        ConflictError: the list does not wait for a release.
    """
    _must_release(actor)
    with writing(engine) as connection:
        wanted = select(ranking.c.id, (~shown(ranking.c.id)).label("waits")).where(
            ranking.c.entry_hash.startswith(ranking_id, autoescape=True)
        )
        found = connection.execute(wanted).first()
        if found is None:
            raise NotFoundError("No list of that id was made. List those that wait.")
        if not found.waits:
            raise ConflictError("a list must wait for its release, and this one is shown already. Nothing is to be done.")
        connection.execute(insert(review), {"ranking_id": found.id, "step": RELEASED, "actor_id": actor.account_id, "at": now})
        audit_log.record(connection, actor.account_id, "ranking.release", ranking_id, {}, now)


def _has(ranking_number: ColumnElement[int], step: str) -> ColumnElement[bool]:
    return exists().where(review.c.ranking_id == ranking_number, review.c.step == step)


def _must_release(actor: Actor) -> None:
    if not actor.may(Right.RELEASE):
        raise ForbiddenError("only an analyst releases lists, and this account is none. Ask one.")
