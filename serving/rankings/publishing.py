"""Whether lists are shown: the off switch, and the optional review, until which a list and its alerts stay hidden. What models were in use.

The audit trail is the only place that knows about the switch: its last word on the matter is the state.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, exists, insert, select

from features.database.access_tables import audit as trail
from features.database.alert_tables import review
from features.database.engine import reading, writing
from features.database.tables import model_publication, ranking
from features.errors import ConflictError, ForbiddenError, NotFoundError, PausedError
from serving import audit
from serving.accounts.permissions import Actor, Right
from serving.audit import OPERATOR
from serving.rankings.entries import ID_LENGTH
from serving.rankings.pause_reasons import PauseReason

PAUSE, RESUME = "publishing.pause", "publishing.resume"
SUBJECT = "publishing"

HELD, RELEASED = "held", "released"


@dataclass(frozen=True)
class Pause:
    """Pause of publishing: by whom, when and why."""

    by: str
    """Pseudonym of the account, or `audit.OPERATOR`."""
    since: datetime
    reason: PauseReason

    def error(self) -> PausedError:
        """Return what answers whoever asks for a list."""
        return PausedError(f"lists must not be shown now: {self.by} paused publishing at {self.since.isoformat()} ({self.reason}).")


def pause(engine: Engine, by: str, reason: PauseReason, now: datetime) -> None:
    """Stop lists from being shown and made; open alerts stay workable. `by` is an account_id."""
    with writing(engine) as connection:
        audit.record(connection, by, PAUSE, SUBJECT, {"reason": reason}, now)


def resume(engine: Engine, by: str, now: datetime) -> None:
    """Let lists be shown and made again."""
    with writing(engine) as connection:
        audit.record(connection, by, RESUME, SUBJECT, {}, now)


def paused(engine: Engine) -> Pause | None:
    """Return the pause that holds; None where lists are shown."""
    query = select(trail).where(trail.c.action.in_((PAUSE, RESUME))).order_by(trail.c.id.desc()).limit(1)
    with reading(engine) as connection:
        last = connection.execute(query).first()
    if last is None or last.action == RESUME:
        return None
    return Pause(last.actor_id, last.at, PauseReason(json.loads(last.detail)["reason"]))


def refuse_while_paused(engine: Engine) -> None:
    """Return quietly when lists may be made.

    Raises:
        PausedError: publishing is paused.
    """
    if holding := paused(engine):
        raise holding.error()


COLUMNS = tuple(column for column in model_publication.c if column.name != "id")


def publications(engine: Engine) -> list[RowMapping]:
    """Return every promotion and rollback, the newest first."""
    with reading(engine) as connection:
        return list(connection.execute(select(*COLUMNS).order_by(model_publication.c.id.desc())).mappings())


@dataclass(frozen=True)
class Audit:
    """The last audit that a model in use passed."""

    target: str
    model_version: str
    at: datetime
    is_recorded: bool = True
    """False where an earlier version promoted the model, which did not record its audit: `at` is its publication then."""


def last_audit(engine: Engine, target: str | None = None) -> Audit | None:
    """Return the audit of the model in use for a target, by default the one published last; None where no model was published."""
    query = select(model_publication).order_by(model_publication.c.id.desc()).limit(1)
    if target is not None:
        query = query.where(model_publication.c.target == target)
    with reading(engine) as connection:
        row = connection.execute(query).first()
    return Audit(row.target, row.model_version, row.audited_at or row.published_at, row.audited_at is not None) if row else None


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
        audit.record(connection, actor.account_id, "ranking.release", ranking_id, {}, now)


def _has(ranking_number: ColumnElement[int], step: str) -> ColumnElement[bool]:
    return exists().where(review.c.ranking_id == ranking_number, review.c.step == step)


def _must_release(actor: Actor) -> None:
    if not actor.may(Right.RELEASE):
        raise ForbiddenError("only an analyst releases lists, and this account is none. Ask one.")
