"""Corrections: somebody contests data, a boundary or an explanation, and gets an answer within a term."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto

from sqlalchemy import Connection, Engine, RowMapping, insert, select

from features.database.alert_tables import correction, correction_step
from features.database.engine import reading, writing
from features.errors import ConflictError, ForbiddenError, NotFoundError
from serving import audit
from serving.access.actor import Actor, Right
from serving.alerts.life import REASONS, Action
from serving.alerts.store import MISSING, row_in_reach, within

ACKNOWLEDGED_WITHIN = timedelta(days=15)
DECIDED_WITHIN = timedelta(days=60)


class About(StrEnum):
    """What is contested."""

    DATA = auto()
    BOUNDARY = auto()
    EXPLANATION = auto()


class CorrectionStep(StrEnum):
    """What happened to it."""

    ACKNOWLEDGED = auto()
    ACCEPTED = auto()
    REFUSED = auto()


DECISIONS = frozenset({CorrectionStep.ACCEPTED, CorrectionStep.REFUSED})


@dataclass(frozen=True)
class Correction:
    """A contested alert, and how far its answer is."""

    id: int
    grid_id: str
    path: str
    alert_id: str | None
    about: About
    reason: str
    at: datetime
    acknowledged_at: datetime | None
    decided_at: datetime | None
    accepted: bool | None
    """None until it is decided."""

    def overdue(self, now: datetime) -> bool:
        """Tell whether its acknowledgement or its decision is late."""
        late = self.acknowledged_at is None and self.decided_at is None and now > self.at + ACKNOWLEDGED_WITHIN
        return late or (self.decided_at is None and now > self.at + DECIDED_WITHIN)


def contest(engine: Engine, actor: Actor, alert_id: str, about: About, reason: str, now: datetime) -> Correction:
    """Contest what an alert says; `reason` is one of the codes of `data_wrong`.

    Raises:
        ForbiddenError: the account may not answer alerts.
        NotFoundError: there is no such alert within reach.
        ConflictError: the reason is not on the list.
    """
    if not actor.may(Right.ANSWER_ALERTS):
        raise ForbiddenError("the right answer_alerts is needed to contest, and this account lacks it. Ask who has it.")
    if reason not in REASONS[Action.DATA_WRONG]:
        raise ConflictError(f"the reason must be one of {', '.join(REASONS[Action.DATA_WRONG])}. Choose one of these.")
    with writing(engine) as connection:
        row = connection.execute(row_in_reach(actor, alert_id)).mappings().first()
        if row is None:
            raise NotFoundError(MISSING)
        place = {"grid_id": row["grid_id"], "path": row["path"], "alert_id": alert_id}
        stored = place | {"about": about, "reason": reason, "actor_id": actor.account_id, "at": now}
        number = connection.execute(insert(correction).values(stored).returning(correction.c.id)).scalar_one()
        audit.record(connection, actor.account_id, "correction.contest", alert_id, {"about": about, "reason": reason}, now)
        return _find(connection, actor, number)


def answer_correction(engine: Engine, actor: Actor, number: int, taken: CorrectionStep, now: datetime) -> Correction:
    """Acknowledge a correction, or decide on it.

    Raises:
        ForbiddenError: the account may not hand over work.
        NotFoundError: there is none of that number within reach.
        ConflictError: that was done before.
    """
    if not actor.may(Right.HAND_OVER):
        raise ForbiddenError("the right hand_over is needed to answer a correction, and this account lacks it. Ask who has it.")
    with writing(engine) as connection:
        before = _find(connection, actor, number)
        if before.decided_at or (before.acknowledged_at and taken is CorrectionStep.ACKNOWLEDGED):
            raise ConflictError("a correction is acknowledged and decided once, and that was done. Load it again.")
        entry = {"correction_id": number, "step": taken, "actor_id": actor.account_id, "at": now}
        connection.execute(insert(correction_step), entry)
        audit.record(connection, actor.account_id, f"correction.{taken}", str(number), {}, now)
        return _find(connection, actor, number)


def list_corrections(engine: Engine, actor: Actor) -> list[Correction]:
    """Return the corrections of an account's area, the oldest first; auditors see them too."""
    query = select(correction).where(within(correction.c.path, actor.scope)).order_by(correction.c.id)
    with reading(engine) as connection:
        return [_correction(connection, row) for row in connection.execute(query).mappings().all()]


def _find(connection: Connection, actor: Actor, number: int) -> Correction:
    query = select(correction).where(correction.c.id == number, within(correction.c.path, actor.scope))
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError("No such correction, or none that this account may see.")
    return _correction(connection, row)


def _correction(connection: Connection, row: RowMapping) -> Correction:
    query = select(correction_step.c.step, correction_step.c.at).where(correction_step.c.correction_id == row["id"])
    steps: dict[str, datetime] = {taken.step: taken.at for taken in connection.execute(query)}
    decided = next((taken for taken in DECISIONS if taken in steps), None)
    named = {name: row[name] for name in ("id", "grid_id", "path", "alert_id", "reason", "at")}
    return Correction(
        **named,
        about=About(row["about"]),
        acknowledged_at=steps.get(CorrectionStep.ACKNOWLEDGED),
        decided_at=steps[decided] if decided else None,
        accepted=None if decided is None else decided is CorrectionStep.ACCEPTED,
    )
