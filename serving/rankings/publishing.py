"""The off switch: lists are shown and made until someone pauses that, and again once someone resumes it.

The audit trail is the only place that knows: its last word on the matter is the state.
"""

import json
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, RowMapping, select

from features.database.access_tables import audit as trail
from features.database.engine import reading, writing
from features.database.tables import model_publication
from features.errors import PausedError
from serving.audit import audit_log
from serving.rankings.pause_reasons import PauseReason

PAUSE, RESUME = "publishing.pause", "publishing.resume"
SUBJECT = "publishing"


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
        audit_log.record(connection, by, PAUSE, SUBJECT, {"reason": reason}, now)


def resume(engine: Engine, by: str, now: datetime) -> None:
    """Let lists be shown and made again."""
    with writing(engine) as connection:
        audit_log.record(connection, by, RESUME, SUBJECT, {}, now)


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
