"""Monthly review of undertakings: what they were followed by and what helped, estimated once after a list is published and stored."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Connection, Engine, insert, select

from features.database.alert_tables import alert, alert_decision
from features.database.engine import reading, writing
from features.database.tables import undertaking_review
from features.days import day_number, to_date
from features.facts.facts import Facts
from features.facts.places import positions
from features.undertakings.undertaking import UndertakingKind
from serving.accounts.permissions import EVERYTHING, Scope
from serving.rankings.list_rows import read_rows
from serving.settings import AlertSettings
from serving.undertakings.register import Estimate
from training.evaluation.effects import CannotTell, Effect, RandomSlots, acting_effect, begun_effect, treatment_effect
from training.learning.folds import Gap
from training.learning.labels import count_labels

ACTING = "acting"
"""Key of the effect of going there, as the random slots show it."""
LOOK_BACK = timedelta(days=730)
"""Time whose random slots are read, so that a review takes no longer as the ledger grows and says how it is now."""


def review_monthly(engine: Engine, facts: Facts, gap: Gap, alerts: AlertSettings, now: datetime) -> bool:
    """Estimate and store unless this month's ripe days were reviewed already; tell whether it was done."""
    ripe_until = facts.known_through_day + 1 - gap.delay_allowance_days
    as_of = to_date(ripe_until)
    with reading(engine) as connection:
        last = connection.execute(select(undertaking_review.c.as_of).order_by(undertaking_review.c.id.desc()).limit(1)).scalar()
    if last is not None and (last.year, last.month) >= (as_of.year, as_of.month):
        return False
    body = {
        key: estimate.model_dump()
        for key, estimate in _estimates(engine, facts, Window(gap.horizon_days, ripe_until, alerts.cool_down_days))
    }
    if not body:
        return False
    with writing(engine) as connection:
        connection.execute(insert(undertaking_review), {"as_of": as_of, "at": now, "body": json.dumps(body, sort_keys=True)})
    return True


@dataclass(frozen=True)
class Window:
    """Lists that are looked at, and the time for which each of their alerts counts."""

    horizon_days: int
    ripe_until: int
    """First day that is not looked at."""
    cool_down_days: int
    """For which a grid cannot be drawn after its alert."""


def _estimates(engine: Engine, facts: Facts, window: Window) -> Iterator[tuple[str, Estimate]]:
    for kind, sub_kind in facts.undertaking_kinds:
        if kind == UndertakingKind.TREATMENT:
            yield f"helped/{kind}/{sub_kind}", _estimate(treatment_effect(facts, sub_kind, window.ripe_until))
        elif kind != UndertakingKind.CAMPAIGN:
            yield f"followed/{kind}/{sub_kind}", _estimate(begun_effect(facts, (kind, sub_kind), window.ripe_until))
    slots = random_slots(engine, facts, window)
    if slots is not None:
        yield f"helped/{ACTING}", _estimate(acting_effect(slots))


def _estimate(effect: Effect | CannotTell) -> Estimate:
    return Estimate(cannot_tell=effect.value) if isinstance(effect, CannotTell) else Estimate(**asdict(effect))


@dataclass(frozen=True)
class _Stratum:
    """One list and township in which a random slot was filled."""

    as_of: int
    unit: str
    drawn: frozenset[str]
    pool: frozenset[str]
    """Grids that could have been drawn, with the same chance."""


def random_slots(engine: Engine, facts: Facts, window: Window) -> RandomSlots | None:
    """Return the random slots of ripe lists, and the grids beside them that could have been drawn; None where there are none."""
    with reading(engine) as connection:
        strata = list(_strata(connection, facts.target_name, window))
    rows = [
        (grid_id in stratum.drawn, grid_id, stratum.as_of, stratum.unit)
        for stratum in strata
        for grid_id in sorted(stratum.drawn | stratum.pool)
    ]
    if not rows:
        return None
    drawn, grid_ids, as_ofs, units = (np.array(column) for column in zip(*rows, strict=True))
    grid = positions(facts.places.grid_ids, grid_ids)
    known = grid >= 0
    days = np.unique(as_ofs).astype(np.int32)
    labels = count_labels(facts, days, window.horizon_days, known_before=window.ripe_until)
    escalations = labels[np.searchsorted(days, as_ofs[known]), grid[known]].astype(np.float64)
    unit = np.unique(units, return_inverse=True)[1]
    return RandomSlots(drawn[known], escalations, as_ofs[known].astype(np.int32), unit[known].astype(np.int32))


def _strata(connection: Connection, target: str, window: Window) -> Iterator[_Stratum]:
    """Yield lists and townships with a random slot whose windows are ripe, those of the last `LOOK_BACK`."""
    last = to_date(window.ripe_until - window.horizon_days)
    first = last - LOOK_BACK
    chosen = alert.c.target == target, alert.c.starts <= last, alert.c.ends > first - timedelta(days=window.cool_down_days)
    columns = (alert.c.ranking_id, alert.c.grid_id, alert.c.starts, alert.c.ends, alert.c.chosen_by)
    alerts = connection.execute(select(*columns).where(*chosen)).all()
    by_lot = [row for row in alerts if row.chosen_by == "random" and row.starts >= first]
    for ranking_id, day in sorted({(row.ranking_id, row.starts) for row in by_lot}):
        drawn = {row.grid_id for row in by_lot if row.ranking_id == ranking_id}
        busy = {row.grid_id for row in alerts if row.starts <= day < row.ends + timedelta(days=window.cool_down_days)}
        busy |= _above(connection, ranking_id)
        township = dict(_townships(connection, ranking_id, places=sorted(drawn)))
        for unit in sorted(set(township.values())):
            drawn_here = frozenset(grid_id for grid_id in drawn if township.get(grid_id) == unit)
            pool = {grid_id for grid_id, where in _townships(connection, ranking_id, scope=Scope(unit)) if where == unit}
            yield _Stratum(day_number(day), unit, drawn_here, frozenset(pool - busy))


def _townships(
    connection: Connection, ranking_id: int, places: Sequence[str] | None = None, scope: Scope = EVERYTHING
) -> Iterator[tuple[str, str]]:
    """Yield rated grids of a list with their townships; the township is empty where a grid has none."""
    for row in read_rows(connection, [ranking_id], "grid", places, scope):
        body = json.loads(row.body)
        if body["score"]:
            yield row.place, body["township"] or ""


def _above(connection: Connection, ranking_id: int) -> set[str]:
    """Return the grids of a list that were above the threshold, and those that lot chose."""
    return set(connection.execute(select(alert_decision.c.grid_id).where(alert_decision.c.ranking_id == ranking_id)).scalars())
