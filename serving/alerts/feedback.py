"""Feedback: one cheap question per reason, asked on the alert and kept with its moment; and the track record that answers give."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum, auto
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine, func, insert, select

from features.database.alert_tables import alert, alert_transition, feedback, visit
from features.database.engine import writing
from features.database.tables import grid
from features.errors import ConflictError, ForbiddenError, NotFoundError, NotReadyError
from serving.accounts.permissions import Actor, Right
from serving.accounts.row_security import reading_within
from serving.alerts.lifecycle import AT_ONCE, ENDED, Action
from serving.alerts.queries import MISSING, alert_of, row_in_reach, seen_by
from serving.alerts.transitions import Request, idempotent
from serving.text import IsoDay

WINDOW = timedelta(days=180)
REAL = frozenset({(Action.CLOSE, "settled"), (Action.CLOSE, "referred"), (Action.CLOSE, "served"), (Action.NOT_NEEDED, "known")})
"""Last answers that say that there was something."""
NOT_REAL = frozenset({(Action.CLOSE, AT_ONCE), (Action.NOT_NEEDED, "no_need")})


class ReasonFeedback(StrEnum):
    """Verdict on a reason by somebody who knows the place."""

    AGREES = auto()
    DOES_NOT = auto()
    CANNOT_TELL = auto()


Group = Annotated[str, Field(max_length=100, description="Reason group of the alert", examples=["backlog_dispute"])]


class Feedback(BaseModel):
    """One answer about one reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: Group
    verdict: ReasonFeedback = Field(description="What the field says of it", examples=["agrees"])


def give_feedback(engine: Engine, actor: Actor, alert_id: str, given: Feedback, key: str, now: datetime) -> Feedback:
    """Keep an answer about one reason of an alert; a later one does not replace it.

    Raises:
        ForbiddenError: the account may not answer.
        NotFoundError: there is no such alert within reach.
        ConflictError: the alert gave no such reason, or the key stands for another request.
    """
    if not actor.may(Right.ANSWER_ALERTS):
        raise ForbiddenError("the right answer_alerts is needed for feedback, and this account lacks it. Ask who has it.")
    with writing(engine) as connection:
        row = connection.execute(row_in_reach(actor, alert_id)).mappings().first()
        if row is None:
            raise NotFoundError(MISSING)
        groups = [reason.group for reason in alert_of(row).text.reasons]
        if given.group not in groups:
            raise ConflictError(f"feedback must be about a reason of the alert: {', '.join(groups)}. Choose one of these.")
        stored = {"alert_id": alert_id, "reason_group": given.group, "answer": given.verdict, "actor_id": actor.account_id, "at": now}

        def keep() -> Feedback:
            connection.execute(insert(feedback), stored)
            return given

        return idempotent(connection, Request(actor.account_id, key, f"feedback {alert_id} {given}"), Feedback, now, keep)


def verdicts(engine: Engine, actor: Actor, alert_id: str) -> dict[str, Counter[ReasonFeedback]]:
    """Return per reason group of an alert how often each verdict was given.

    Raises:
        NotFoundError: there is no such alert within reach.
    """
    query = (
        select(feedback.c.reason_group, feedback.c.answer, func.count())
        .join(alert)
        .where(alert.c.alert_id == alert_id, seen_by(actor))
        .group_by(feedback.c.reason_group, feedback.c.answer)
    )
    counted: dict[str, Counter[ReasonFeedback]] = {}
    with reading_within(engine, actor.scope) as connection:
        if connection.execute(row_in_reach(actor, alert_id)).first() is None:
            raise NotFoundError(MISSING)
        for group, answer, count in connection.execute(query):
            counted.setdefault(group, Counter())[ReasonFeedback(answer)] = count
    return counted


class Found(StrEnum):
    """Whether there was anything to be done."""

    YES = auto()
    NO = auto()
    UNCLEAR = auto()


class Visit(BaseModel):
    """A visit as it is entered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    grid_id: str = Field(max_length=100, description="Grid that was visited", examples=["330483101005003"])
    alert_id: str | None = Field(None, max_length=64, description="Alert that prompted it; null for a routine visit", examples=[None])
    visited_on: IsoDay = Field(description="Day of the visit", examples=["2026-01-10"])
    found: Found = Field(description="Whether there was anything to be done", examples=["no"])


class LoggedVisit(Visit):
    """A visit as it is kept: with what chose it."""

    kind: Literal["listed", "random", "routine"] = Field(description="Whether the list, the lot or the usual round led there")
    model_prompted: bool = Field(description="False for routine visits")
    selection_probability: float | None = Field(gt=0, le=1, description="Chance with which the grid was chosen; null for routine visits")


@dataclass(frozen=True)
class PastVisit:
    """A visit that was recorded for an alert; by whom is not told."""

    found: Found
    at: datetime
    own: bool
    """True where the one who asks recorded it."""


def visits_of_alert(engine: Engine, actor: Actor, alert_id: str) -> list[PastVisit]:
    """Return the visits that were recorded for an alert within reach, the first one first."""
    query = select(visit).join(alert, alert.c.alert_id == visit.c.alert_id).where(visit.c.alert_id == alert_id, seen_by(actor))
    with reading_within(engine, actor.scope) as connection:
        rows = connection.execute(query.order_by(visit.c.id)).all()
    return [PastVisit(Found(row.found), row.at, row.actor_id == actor.account_id) for row in rows]


def log_visit(engine: Engine, actor: Actor, made: Visit, key: str, now: datetime) -> LoggedVisit:
    """Keep a visit; what prompted it is taken from the alert. `now` is in the local zone.

    Raises:
        ForbiddenError: the account may not enter visits.
        NotFoundError: there is no such grid or alert within reach.
        NotReadyError: the day lies ahead.
    """
    if not actor.may(Right.ANSWER_ALERTS):
        raise ForbiddenError("the right answer_alerts is needed to enter visits, and this account lacks it. Ask who has it.")
    if made.visited_on > now.date():
        raise NotReadyError("visited_on must not lie ahead. Enter a visit once it was made.")
    with writing(engine) as connection:
        prompt = _prompt(connection, actor, made)
        path = _path(connection, made.grid_id)
        if path is None or not (made.alert_id or actor.scope.covers(path)):  # an alert in reach may have been handed over from elsewhere
            raise NotFoundError("No such grid, or none that this account may see.")
        logged = LoggedVisit(**made.model_dump(), **prompt)

        def keep() -> LoggedVisit:
            connection.execute(insert(visit), logged.model_dump() | {"path": path, "actor_id": actor.account_id, "at": now})
            return logged

        return idempotent(connection, Request(actor.account_id, key, f"visit {made}"), LoggedVisit, now, keep)


def _path(connection: Connection, grid_id: str) -> str | None:
    parent = connection.execute(select(grid.c.parent_path).where(grid.c.grid_id == grid_id)).scalar()
    return None if parent is None else "/".join(code for code in (parent, grid_id) if code)


def _prompt(connection: Connection, actor: Actor, made: Visit) -> Mapping[str, object]:
    """Return what chose the grid: the list, the lot, or nothing of ours."""
    if made.alert_id is None:
        return {"kind": "routine", "model_prompted": False, "selection_probability": None}
    row = connection.execute(row_in_reach(actor, made.alert_id)).mappings().first()
    if row is None or row["grid_id"] != made.grid_id:
        raise NotFoundError(MISSING)
    kind = "random" if row["chosen_by"] == "random" else "listed"
    return {"kind": kind, "model_prompted": True, "selection_probability": row["selection_probability"]}


@dataclass(frozen=True)
class KindRecord:
    """Track record of the alerts of one kind."""

    kind: str | None
    """Category of case; None where the first reason is about none."""
    raised: int
    """Alerts that have ended."""
    real: int
    """Alerts that staff found to be real, by a verdict or by how they closed them."""
    not_real: int


def read_track_record(engine: Engine, actor: Actor, now: datetime) -> list[KindRecord]:
    """Return the record of the ended alerts in reach over half a year, by kind; nothing is told of who answered."""
    recent = (seen_by(actor), alert.c.raised_at > now - WINDOW, alert.c.state.in_(ENDED))
    steps = (
        select(alert.c.alert_id, alert.c.kind, alert_transition.c.action, alert_transition.c.reason)
        .join(alert_transition, alert_transition.c.alert_id == alert.c.alert_id)
        .where(*recent)
    )
    verdicts = select(feedback.c.alert_id, feedback.c.answer).join(alert).where(*recent).distinct()
    with reading_within(engine, actor.scope) as connection:
        taken = connection.execute(steps).all()
        given = {(row.alert_id, row.answer) for row in connection.execute(verdicts)}
    kinds = {row.alert_id: row.kind for row in taken}
    real = {row.alert_id for row in taken if (row.action, row.reason) in REAL} | _with_verdict(given, ReasonFeedback.AGREES)
    denied = {row.alert_id for row in taken if (row.action, row.reason) in NOT_REAL} | _with_verdict(given, ReasonFeedback.DOES_NOT)
    return list(_records(kinds, real, denied - real))


def _with_verdict(given: set[tuple[str, str]], verdict: ReasonFeedback) -> set[str]:
    return {alert_id for alert_id, answer in given if answer == verdict}


def _records(kinds: dict[str, str | None], real: set[str], not_real: set[str]) -> Iterator[KindRecord]:
    for kind in sorted(set(kinds.values()), key=lambda kind: kind or "~"):
        members = {name for name, of in kinds.items() if of == kind}
        yield KindRecord(kind, len(members), len(members & real), len(members & not_real))
