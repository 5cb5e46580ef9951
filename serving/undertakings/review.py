"""Monthly review of undertakings: what they were followed by and what helped, estimated once after a list is published and stored."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import Connection, Engine, insert, select

from features.database.alert_tables import alert, alert_decision
from features.database.engine import reading, writing
from features.database.undertaking_tables import undertaking_review
from features.days import day_number, to_date
from features.facts.facts import Facts
from features.facts.places import positions
from features.undertakings.codes import UndertakingKind
from serving.rankings.list_rows import read_rows
from serving.undertakings.estimates import Estimate
from training.evaluation.effects import CannotTell, Effect, RandomSlots, acting_effect, begun_effect, treatment_effect
from training.learning.labels import count_labels

ACTING = "acting"
"""Key of the effect of going there, as the random slots show it."""


def review_monthly(engine: Engine, facts: Facts, horizon_days: int, delay_allowance_days: int, now: datetime) -> bool:
    """Estimate and store unless this month's ripe days were reviewed already; tell whether it was done."""
    ripe_until = facts.known_through_day + 1 - delay_allowance_days
    as_of = to_date(ripe_until)
    with reading(engine) as connection:
        last = connection.execute(select(undertaking_review.c.as_of).order_by(undertaking_review.c.id.desc()).limit(1)).scalar()
    if last is not None and (last.year, last.month) >= (as_of.year, as_of.month):
        return False
    body = {key: estimate.model_dump() for key, estimate in _estimates(engine, facts, horizon_days, ripe_until)}
    if not body:
        return False
    with writing(engine) as connection:
        connection.execute(insert(undertaking_review), {"as_of": as_of, "at": now, "body": json.dumps(body, sort_keys=True)})
    return True


def _estimates(engine: Engine, facts: Facts, horizon_days: int, ripe_until: int) -> Iterator[tuple[str, Estimate]]:
    for kind, sub_kind in facts.undertaking_kinds:
        if kind == UndertakingKind.TREATMENT:
            yield f"helped/{kind}/{sub_kind}", _estimate(treatment_effect(facts, sub_kind, ripe_until))
        elif kind != UndertakingKind.CAMPAIGN:
            yield f"followed/{kind}/{sub_kind}", _estimate(begun_effect(facts, (kind, sub_kind), ripe_until))
    slots = random_slots(engine, facts, horizon_days, ripe_until)
    if slots is not None:
        yield f"helped/{ACTING}", _estimate(acting_effect(slots))


def _estimate(effect: Effect | CannotTell) -> Estimate:
    return Estimate(cannot_tell=effect.value) if isinstance(effect, CannotTell) else Estimate(**asdict(effect))


@dataclass(frozen=True)
class _Stratum:
    """One list and township in which a random slot was filled."""

    as_of: int
    unit: str
    drawn: Mapping[str, float]
    """Grid and the probability with which it was drawn."""
    pool: frozenset[str]
    """Grids that could have been drawn."""


def random_slots(engine: Engine, facts: Facts, horizon_days: int, ripe_until: int) -> RandomSlots | None:
    """Return the random slots of ripe lists, and the grids beside them that could have been drawn; None where there are none."""
    with reading(engine) as connection:
        strata = list(_strata(connection, facts.target_name, ripe_until - horizon_days))
    rows = [
        (grid_id in stratum.drawn, stratum.drawn.get(grid_id, next(iter(stratum.drawn.values()))), grid_id, stratum.as_of, stratum.unit)
        for stratum in strata
        for grid_id in sorted({*stratum.drawn, *stratum.pool})
    ]
    if not rows:
        return None
    drawn, probability, grid_ids, as_ofs, units = (np.array(column) for column in zip(*rows, strict=True))
    grid = positions(facts.places.grid_ids, grid_ids)
    known = grid >= 0
    days = np.unique(as_ofs).astype(np.int32)
    labels = count_labels(facts, days, horizon_days, known_before=ripe_until)
    escalations = labels[np.searchsorted(days, as_ofs[known]), grid[known]].astype(np.float64)
    unit = np.unique(units, return_inverse=True)[1]
    return RandomSlots(drawn[known], probability[known], escalations, as_ofs[known].astype(np.int32), unit[known].astype(np.int32))


def _strata(connection: Connection, target: str, before: int) -> Iterator[_Stratum]:
    """Yield lists and townships with a random slot whose windows are ripe."""
    chosen = alert.c.target == target, alert.c.starts < to_date(before)
    columns = (
        alert.c.ranking_id,
        alert.c.grid_id,
        alert.c.path,
        alert.c.starts,
        alert.c.ends,
        alert.c.chosen_by,
        alert.c.selection_probability,
    )
    alerts = connection.execute(select(*columns).where(*chosen)).all()
    drawn: dict[tuple[int, str], dict[str, float]] = {}
    days: dict[int, Any] = {}
    for row in alerts:
        if row.chosen_by == "random":
            drawn.setdefault((row.ranking_id, _unit(row.path)), {})[row.grid_id] = row.selection_probability
            days[row.ranking_id] = row.starts
    for ranking_id, day in days.items():
        busy = {row.grid_id for row in alerts if row.starts <= day < row.ends}
        rated = _rated(connection, ranking_id)
        for (number, unit), grids in drawn.items():
            if number == ranking_id:
                pool = frozenset(grid_id for grid_id, own in rated.items() if own == unit and grid_id not in busy)
                yield _Stratum(day_number(day), unit, grids, pool)


def _rated(connection: Connection, ranking_id: int) -> dict[str, str]:
    """Return the township of each rated grid of a list that the rule left below the threshold."""
    decided = select(alert_decision.c.grid_id).where(alert_decision.c.ranking_id == ranking_id)
    above = set(connection.execute(decided).scalars())
    rows = [json.loads(row.body) for row in read_rows(connection, [ranking_id], "grid")]
    return {row["grid_id"]: row["township"] or "" for row in rows if row["score"] and row["grid_id"] not in above}


def _unit(path: str) -> str:
    """Return the path of the township a grid lies in: all but the community and the grid itself."""
    parts = path.split("/")
    return "/".join(parts[:-2]) if len(parts) > 2 else ""
