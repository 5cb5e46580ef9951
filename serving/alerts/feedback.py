"""Feedback: one cheap question per reason, asked on the alert and kept with its moment."""

from collections import Counter
from datetime import datetime
from enum import StrEnum, auto
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Engine, func, insert, select

from features.database.alert_tables import alert, feedback
from features.database.engine import writing
from features.errors import ConflictError, ForbiddenError, NotFoundError
from serving.access.actor import Actor, Right
from serving.access.walls import reading_within
from serving.alerts.once import Request, once
from serving.alerts.store import MISSING, alert_of, row_in_reach, seen_by


class Verdict(StrEnum):
    """What somebody who knows the place says of a reason."""

    AGREES = auto()
    DOES_NOT = auto()
    CANNOT_TELL = auto()


Group = Annotated[str, Field(max_length=100, description="Reason group of the alert", examples=["backlog_dispute"])]


class Feedback(BaseModel):
    """One answer about one reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    group: Group
    verdict: Verdict = Field(description="What the field says of it", examples=["agrees"])


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

        return once(connection, Request(actor.account_id, key, f"feedback {alert_id} {given}"), Feedback, now, keep)


def verdicts(engine: Engine, actor: Actor, alert_id: str) -> dict[str, Counter[Verdict]]:
    """Return per reason group of an alert how often each verdict was given."""
    query = (
        select(feedback.c.reason_group, feedback.c.answer, func.count())
        .join(alert)
        .where(alert.c.alert_id == alert_id, seen_by(actor))
        .group_by(feedback.c.reason_group, feedback.c.answer)
    )
    counted: dict[str, Counter[Verdict]] = {}
    with reading_within(engine, actor.scope) as connection:
        for group, answer, count in connection.execute(query):
            counted.setdefault(group, Counter())[Verdict(answer)] = count
    return counted
