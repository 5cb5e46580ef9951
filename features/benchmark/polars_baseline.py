"""The peer: the compared columns of one as_of as a Polars group_by over the same facts, for every as_of anew.

Columns are sums of element-wise conditions, which Polars computes faster than filtered aggregations, over an in-memory frame that is
sorted by grid and cut to what the as_of can see; only what cannot be expressed so (the last case) is a maximum or a mean.
"""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import polars as pl

from features.days import NEVER
from features.facts.facts import Facts
from features.panel.as_ofs import LOOKBACKS, MEMORY_DAYS
from features.panel.block import DECAY_SPAN
from features.panel.families.backlog import CLOSED_WINDOWS, OPEN_AGES
from features.panel.families.counts import KIND_WINDOWS, SOURCE_WINDOWS
from features.panel.families.recency import OTHER_TAUS, TAUS
from features.panel.feature import Feature

FAMILIES = ("counts", "kinds", "sources", "backlog", "handling", "recency")
"""Families of which every column is compared; of `history`, the counts."""

Engine = Literal["in-memory", "streaming"]
ENGINES: tuple[Engine, ...] = ("in-memory", "streaming")
Named = Iterator[tuple[str, pl.Expr]]

AGE, CLOSED_AGO, ESCALATED_AGO = pl.col("age"), pl.col("closed_ago"), pl.col("escalated_ago")
"""Days from the report, the closing and the escalation to as_of; 0 or less where they lie ahead of it."""

OPEN = CLOSED_AGO <= 0


def compared(features: tuple[Feature, ...]) -> tuple[Feature, ...]:
    """Return the features that the peer builds too."""
    return tuple(each for each in features if each.family in FAMILIES or (each.family, each.measure) == ("history", "count"))


def peer_frame(facts: Facts) -> pl.DataFrame:
    """Return the facts as one row per case, sorted by grid; a case must have one spell and at most one escalation."""
    cases = facts.cases
    closed, escalated = np.full((2, len(cases.grid)), NEVER, np.int32)
    closed[facts.spells.case] = facts.spells.end_day
    escalated[facts.target.case] = facts.target.known_day
    codes = {name: getattr(cases, name).astype(np.int8) for name in ("event_type", "kind", "source")}
    days = {"known": cases.known_day, "closed": closed, "escalated": escalated}
    return pl.DataFrame({"grid": cases.grid, **codes, **days}).with_columns(pl.col("grid").set_sorted())


def peer_panel(frame: pl.DataFrame, facts: Facts, as_of: int, engine: Engine) -> pl.DataFrame:
    """Return one row per grid that has anything to count, in any order."""
    known, closed, escalated = (as_of - pl.col(name) for name in ("known", "closed", "escalated"))
    seen = frame.lazy().filter((known > 0) & ((known <= MEMORY_DAYS) | (closed <= MEMORY_DAYS)))
    aged = seen.with_columns(age=known, closed_ago=closed, escalated_ago=escalated)
    return aged.group_by("grid").agg(**dict(_columns(facts))).collect(engine=engine)


def _columns(facts: Facts) -> Named:
    for index, event_type in enumerate(facts.event_types):
        of_type = pl.col("event_type") == index
        for days in LOOKBACKS:
            yield f"{event_type}_count_grid_{days}d", (of_type & (days >= AGE)).sum()
        yield from _backlog(event_type, of_type)
        yield from _recency(event_type, pl.when(of_type).then(AGE))
    for index, (event_type, category) in enumerate(facts.kinds):
        for days in KIND_WINDOWS:
            yield f"{event_type}_{category}_count_grid_{days}d", ((pl.col("kind") == index) & (days >= AGE)).sum()
    for index, source in enumerate(facts.sources):
        for days in SOURCE_WINDOWS:
            yield f"{source}_source_count_grid_{days}d", ((pl.col("source") == index) & (days >= AGE)).sum()
    for days in LOOKBACKS:
        yield f"target_count_grid_{days}d", ESCALATED_AGO.is_between(1, days).sum()
    yield from _recency("target", pl.when(ESCALATED_AGO > 0).then(ESCALATED_AGO))


def _backlog(event_type: str, of_type: pl.Expr) -> Named:
    is_open = of_type & OPEN
    yield f"{event_type}_open_count_grid", is_open.sum()
    for days in OPEN_AGES:
        yield f"{event_type}_open_over_{days}d_count_grid", (is_open & (days < AGE)).sum()
    yield f"{event_type}_open_age_mean_grid", pl.when(is_open).then(AGE).mean()
    for days in CLOSED_WINDOWS:
        yield f"{event_type}_closed_count_grid_{days}d", (of_type & CLOSED_AGO.is_between(1, days)).sum()
    lately = of_type & CLOSED_AGO.is_between(1, 90)
    yield f"{event_type}_handling_days_mean_grid_90d", pl.when(lately).then(AGE - CLOSED_AGO).mean()


def _recency(what: str, age: pl.Expr) -> Named:
    """Count from the age of what matters, null for all else."""
    last = age.min()
    yield f"{what}_since_grid", pl.when(last <= MEMORY_DAYS).then(last)
    for tau in TAUS.get(what, OTHER_TAUS):
        yield f"{what}_decay_grid_{tau}d", pl.when(age <= min(DECAY_SPAN * tau, MEMORY_DAYS)).then((-age / tau).exp()).sum()
