"""Settling what followed alerts, once and for all, when their windows are ripe."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

import numpy as np
from sqlalchemy import Engine, RowMapping, insert, select

from features.database.alert_tables import alert, sequel
from features.database.engine import reading, writing
from features.days import day_number, to_date
from features.facts.facts import Facts
from features.facts.places import positions
from training.learning.labels import count_labels


def record_outcomes(engine: Engine, facts: Facts, delay_allowance_days: int, now: datetime) -> int:
    """Store what followed each alert of the facts' target whose window is ripe, and return how many were settled.

    A window is ripe once the log is complete through its end and the days that reports may take; what counts is what was known by
    then. So nothing is told early because it was bad news, and whoever settles later finds the same. `now` is only kept beside it.
    """
    ripe_until = to_date(facts.known_through_day - delay_allowance_days)
    settled = select(sequel.c.alert_id).where(sequel.c.alert_id == alert.c.alert_id).exists()
    query = (
        select(alert.c.alert_id, alert.c.grid_id, alert.c.starts, alert.c.ends)
        .where(alert.c.target == facts.target_name, alert.c.ends <= ripe_until, ~settled)
        .order_by(alert.c.starts, alert.c.ends, alert.c.alert_id)
    )
    with reading(engine) as connection:
        if not connection.execute(query.limit(1)).first():
            return 0
    with writing(engine) as connection:
        waiting = connection.execute(query).mappings().all()
        counted = [entry | {"at": now} for entry in _count(waiting, facts, delay_allowance_days)]
        if counted:
            connection.execute(insert(sequel), counted)
    return len(counted)


def _count(waiting: Sequence[RowMapping], facts: Facts, delay_allowance_days: int) -> Iterator[dict[str, object]]:
    for (starts, ends), group in groupby(waiting, key=lambda row: (row["starts"], row["ends"])):
        alerts, last = list(group), day_number(ends)
        as_of = np.array([day_number(starts)], np.int32)
        counts = count_labels(facts, as_of, last - int(as_of[0]), known_before=last + delay_allowance_days)[0]
        place = positions(facts.places.grid_ids, np.array([each["grid_id"] for each in alerts], np.str_))
        for each, at in zip(alerts, place.tolist(), strict=True):
            yield {"alert_id": each["alert_id"], "escalations": float(counts[at]) if at >= 0 else None}
