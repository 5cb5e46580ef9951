"""Routes of the field: feedback per reason, visits, and corrections."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path

from serving.accounts.permissions import Actor, Right
from serving.alerts.corrections import Correction, answer_correction, contest, list_corrections
from serving.alerts.feedback import Feedback, LoggedVisit, Visit, give_feedback, log_visit, verdicts
from serving.api.alert_schemas import CorrectionAnswer, CorrectionOrder, CorrectionState, Verdicts
from serving.api.routes.alerts import CHANGE, READ, AlertId, AlertReader, Answering, IdempotencyKey
from serving.server.auth import needs
from serving.server.dependencies import AppState, ReadingOf

router = APIRouter(prefix="/v1", tags=["field"])

CorrectionReader = Annotated[Actor, Depends(needs(Right.READ_CORRECTIONS))]
Deciding = Annotated[Actor, Depends(needs(Right.DECIDE_CORRECTIONS))]
Number = Annotated[int, Path(ge=1, le=2**31 - 1, description="Number of the correction", examples=[1])]


@router.get("/alerts/{alert_id}/feedback", responses=READ)
def read_feedback(alert_id: AlertId, actor: AlertReader, reading: ReadingOf) -> list[Verdicts]:
    """Return what was said of each reason, counted; never by whom."""
    found = verdicts(reading.shelf.engine, actor, alert_id)
    return [Verdicts(group=group, counts=dict(counts)) for group, counts in sorted(found.items())]


@router.post("/alerts/{alert_id}/feedback", responses=CHANGE)
def add_feedback(alert_id: AlertId, given: Feedback, actor: Answering, reading: ReadingOf, idempotency_key: IdempotencyKey) -> Feedback:
    """Say of one reason whether it holds: agrees, does_not, or cannot_tell."""
    return give_feedback(reading.shelf.engine, actor, alert_id, given, idempotency_key, reading.now())


@router.post("/visits", responses=CHANGE)
def add_visit(made: Visit, actor: Answering, reading: ReadingOf, idempotency_key: IdempotencyKey) -> LoggedVisit:
    """Enter a visit, prompted by an alert or of the usual round; what prompted it is kept with it."""
    return log_visit(reading.shelf.engine, actor, made, idempotency_key, reading.local_now())


@router.post("/alerts/{alert_id}/corrections", responses=CHANGE)
def add_correction(alert_id: AlertId, order: CorrectionOrder, actor: Answering, reading: ReadingOf) -> CorrectionState:
    """Contest data, a boundary or an explanation; it is acknowledged within 15 days and decided within 60."""
    return _state(contest(reading.shelf.engine, actor, alert_id, order.about, order.reason, reading.now()), reading)


@router.get("/corrections")
def read_corrections(actor: CorrectionReader, reading: ReadingOf) -> list[CorrectionState]:
    """Return what is contested in one's own area, the oldest first; auditors see it too."""
    return [_state(each, reading) for each in list_corrections(reading.shelf.engine, actor)]


@router.post("/corrections/{number}/steps", responses=CHANGE)
def step_correction(number: Number, order: CorrectionAnswer, actor: Deciding, reading: ReadingOf) -> CorrectionState:
    """Acknowledge a correction, or accept or refuse it."""
    return _state(answer_correction(reading.shelf.engine, actor, number, order.step, reading.now()), reading)


def _state(found: Correction, reading: AppState) -> CorrectionState:
    stated = {name: getattr(found, name) for name in CorrectionState.model_fields if name != "overdue"}
    return CorrectionState(**stated, overdue=found.overdue(reading.now()))
