"""Rescores: each accepted correction is followed by a list that was computed since, and both lists are kept beside it."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Engine, insert, select

from features.database.alert_tables import correction_step, rescore
from features.database.engine import reading, writing
from serving.alerts.corrections import CorrectionStep
from serving.lists.entry import Entry


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
