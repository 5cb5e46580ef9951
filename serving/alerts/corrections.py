"""Corrections: somebody contests data, a boundary or an explanation, and gets an answer within a term."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, insert, select

from features.database.alert_tables import correction, correction_step, rescore
from features.database.engine import reading, writing
from features.database.tables import ranking
from features.errors import ConflictError, ForbiddenError, NotFoundError
from serving import audit
from serving.accounts.permissions import Actor, Right
from serving.accounts.row_security import reading_within
from serving.alerts.lifecycle import REASONS, Action
from serving.alerts.queries import MISSING, alert_of, row_in_reach, within
from serving.alerts.schemas import Alert
from serving.rankings.entries import ID_LENGTH, Entry

ACKNOWLEDGED_WITHIN = timedelta(days=15)
DECIDED_WITHIN = timedelta(days=60)
RESCORED_WITHIN = timedelta(hours=24)


class About(StrEnum):
    """Part of an alert that is contested."""

    DATA = auto()
    BOUNDARY = auto()
    EXPLANATION = auto()


class CorrectionStep(StrEnum):
    """Step of a correction."""

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
    rescored_at: datetime | None
    """When a list that was computed since its acceptance was there."""
    before: str | None
    """Name of the list that stood when it was accepted."""
    after: str | None
    """Name of the list that followed; the same where nothing moved."""
    own: bool
    """True for the account that entered it, which may not decide on it."""

    @property
    def due_at(self) -> datetime | None:
        """When its next step is due; None where all is done."""
        if self.decided_at is None:
            return self.at + (DECIDED_WITHIN if self.acknowledged_at else ACKNOWLEDGED_WITHIN)
        return self.decided_at + RESCORED_WITHIN if self.accepted and self.rescored_at is None else None

    def overdue(self, now: datetime) -> bool:
        """Tell whether its acknowledgement, its decision, or the list that it leads to is late."""
        return self.due_at is not None and now > self.due_at


def contest(engine: Engine, actor: Actor, alert_id: str, about: About, reason: str, now: datetime) -> Correction:
    """Contest what an alert says; `reason` is one of the codes of `data_wrong`.

    Raises:
        ForbiddenError: the account may not answer alerts.
        NotFoundError: there is no such alert within reach.
        ConflictError: the reason is not on the list, or the same is contested already and not decided.
    """
    if not actor.may(Right.ANSWER_ALERTS):
        raise ForbiddenError("the right answer_alerts is needed to contest, and this account lacks it. Ask who has it.")
    if reason not in REASONS[Action.DATA_WRONG]:
        raise ConflictError(f"the reason must be one of {', '.join(REASONS[Action.DATA_WRONG])}. Choose one of these.")
    with writing(engine) as connection:
        row = connection.execute(row_in_reach(actor, alert_id)).mappings().first()
        if row is None:
            raise NotFoundError(MISSING)
        standing = _undecided(connection, alert_id, about, reason)
        if standing is not None:
            raise ConflictError(f"one thing is contested once at a time, and correction {standing} says the same. Wait for its decision.")
        return _find(connection, actor, enter_correction(connection, actor, alert_of(row), reason, now, about))


def enter_correction(connection: Connection, actor: Actor, found: Alert, reason: str, now: datetime, about: About | None = None) -> int:
    """Enter a correction of what an alert says, inside the caller's transaction, and return its number: the one that says so already."""
    about = about or (About.BOUNDARY if reason == "boundary" else About.DATA)
    standing = _undecided(connection, found.alert_id, about, reason)
    if standing is not None:
        return standing
    place = {"grid_id": found.grid_id, "path": found.path, "alert_id": found.alert_id}
    stored = place | {"about": about, "reason": reason, "actor_id": actor.account_id, "at": now}
    number: int = connection.execute(insert(correction).values(stored).returning(correction.c.id)).scalar_one()
    audit.record(connection, actor.account_id, "correction.contest", found.alert_id, {"about": about, "reason": reason}, now)
    return number


def _undecided(connection: Connection, alert_id: str, about: About, reason: str) -> int | None:
    """Return the number of the correction that says the same and waits for its decision."""
    decided = select(correction_step.c.step).where(
        correction_step.c.correction_id == correction.c.id, correction_step.c.step.in_(DECISIONS)
    )
    same = (correction.c.alert_id == alert_id, correction.c.about == about, correction.c.reason == reason)
    return connection.execute(select(correction.c.id).where(*same, ~decided.exists())).scalars().first()


def answer_correction(engine: Engine, actor: Actor, number: int, taken: CorrectionStep, now: datetime) -> Correction:
    """Acknowledge a correction, or decide on it, which another account does than the one that entered it.

    Raises:
        ForbiddenError: the account may not decide on corrections, or not on this one, which it entered itself.
        NotFoundError: there is none of that number within reach.
        ConflictError: that was done before.
    """
    if not actor.may(Right.DECIDE_CORRECTIONS):
        raise ForbiddenError("the right decide_corrections is needed to answer a correction, and this account lacks it. Ask who has it.")
    with writing(engine) as connection:
        before = _find(connection, actor, number)
        if before.decided_at or (before.acknowledged_at and taken is CorrectionStep.ACKNOWLEDGED):
            raise ConflictError("a correction is acknowledged and decided once, and that was done. Load it again.")
        if before.own and taken in DECISIONS:
            raise ForbiddenError("a correction is decided by another account than the one that entered it. Ask a colleague.")
        entry = {"correction_id": number, "step": taken, "actor_id": actor.account_id, "at": now}
        connection.execute(insert(correction_step), entry)
        audit.record(connection, actor.account_id, f"correction.{taken}", str(number), {}, now)
        return _find(connection, actor, number)


def list_corrections(engine: Engine, actor: Actor) -> list[Correction]:
    """Return the corrections of an account's area, the oldest first; auditors see them too."""
    query = select(correction).where(within(correction.c.path, actor.scope)).order_by(correction.c.id)
    with reading_within(engine, actor.scope) as connection:
        return [_correction(connection, actor, row) for row in connection.execute(query).mappings().all()]


def _find(connection: Connection, actor: Actor, number: int) -> Correction:
    query = select(correction).where(correction.c.id == number, within(correction.c.path, actor.scope))
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError("No such correction, or none that this account may see.")
    return _correction(connection, actor, row)


def _correction(connection: Connection, actor: Actor, row: RowMapping) -> Correction:
    query = select(correction_step.c.step, correction_step.c.at).where(correction_step.c.correction_id == row["id"])
    steps: dict[str, datetime] = {taken.step: taken.at for taken in connection.execute(query)}
    decided = next((taken for taken in DECISIONS if taken in steps), None)
    named = {name: row[name] for name in ("id", "grid_id", "path", "alert_id", "reason", "at")}
    return Correction(
        **named,
        **_lists(connection, row["id"]),
        about=About(row["about"]),
        acknowledged_at=steps.get(CorrectionStep.ACKNOWLEDGED),
        decided_at=steps[decided] if decided else None,
        accepted=None if decided is None else decided is CorrectionStep.ACCEPTED,
        own=row["actor_id"] == actor.account_id,
    )


def _lists(connection: Connection, number: int) -> dict[str, Any]:
    """Return when a list followed a correction, and the names of the lists before and after."""
    before, after = ranking.alias(), ranking.alias()
    query = (
        select(rescore.c.at, before.c.entry_hash.label("before"), after.c.entry_hash.label("after"))
        .join(after, after.c.id == rescore.c.after_id)
        .outerjoin(before, before.c.id == rescore.c.before_id)
        .where(rescore.c.correction_id == number)
    )
    row = connection.execute(query).first()
    if row is None:
        return dict.fromkeys(("rescored_at", "before", "after"))
    return {"rescored_at": row.at, "before": row.before and row.before[:ID_LENGTH], "after": row.after[:ID_LENGTH]}


def accepted_corrections(engine: Engine) -> frozenset[int]:
    """Return the numbers of the accepted corrections that no list has followed yet."""
    with reading(engine) as connection:
        return _waiting(connection)


def note_rescores(engine: Engine, corrections: Collection[int], before: Entry | None, after: Entry, now: datetime) -> None:
    """Keep which list followed some corrections; `corrections` were accepted before it was computed, `before` stood until then."""
    if not corrections:
        return
    lists = {"before_id": before.id if before else None, "after_id": after.id, "at": now}
    with writing(engine) as connection:
        followed = sorted(_waiting(connection).intersection(corrections))
        if followed:
            connection.execute(insert(rescore), [lists | {"correction_id": number} for number in followed])


def _waiting(connection: Connection) -> frozenset[int]:
    noted = select(rescore.c.correction_id).where(rescore.c.correction_id == correction_step.c.correction_id).exists()
    query = select(correction_step.c.correction_id).where(correction_step.c.step == CorrectionStep.ACCEPTED, ~noted)
    return frozenset(connection.execute(query).scalars())
