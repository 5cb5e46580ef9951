"""Track record: how many alerts of a kind staff found to be real, told back to those who answered them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from features.database.alert_tables import alert, alert_transition, feedback
from serving.accounts.permissions import Actor
from serving.accounts.row_security import reading_within
from serving.alerts.feedback import ReasonFeedback
from serving.alerts.lifecycle import AT_ONCE, ENDED, Action
from serving.alerts.queries import seen_by

WINDOW = timedelta(days=180)
REAL = frozenset({(Action.CLOSE, "settled"), (Action.CLOSE, "referred"), (Action.CLOSE, "served"), (Action.NOT_NEEDED, "known")})
"""Last answers that say that there was something."""
NOT_REAL = frozenset({(Action.CLOSE, AT_ONCE), (Action.NOT_NEEDED, "no_need")})


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
