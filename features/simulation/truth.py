"""Truth of a simulation, which the log does not show. Only a backtest may look, once every prediction is made."""

from datetime import datetime, time, timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from features.schema import Col
from features.simulation.district import District, weekly_rates
from features.simulation.oracle import expected_by_hazard, expected_escalations, knowable_by_hazard, knowable_escalations
from features.simulation.preset import Span

Floats = npt.NDArray[np.float64]

ESCALATION_DAYS = 14
STRICT_DAYS = 28
"""Horizons: of the whole and of its substantive part, and of major harm."""
KNOWABLE_SUFFIX = "_knowable"
"""Ends the names of columns with what to expect by the log alone."""


def true_disputes(district: District, event_ids: pl.DataFrame) -> pl.DataFrame:
    """Return every dispute, recorded or not; event_id is null where the case file does not have it."""
    disputes, fates, records = district.disputes, district.fates, district.records
    columns = {
        "dispute": np.arange(len(disputes)),
        Col.GRID_ID: _current_grids(district).gather(disputes.part),
        Col.CATEGORY: np.array(district.stream.kinds)[disputes.kind],
        Col.OCCURRED_AT: _moments(disputes.time, district.world.span),
        "lasts_until": _moments(fates.lasts_until, district.world.span),
        Col.ESCALATED_AT: _moments(fates.escalates_at, district.world.span),
        "strict": fates.strict,
        "early": fates.early,
        "failed": fates.failed,
        "recorded": records.recorded,
        "by_campaign": records.by_campaign,
    }
    return pl.DataFrame(columns).join(event_ids, on="dispute", how="left", maintain_order="left")


def true_escalations(district: District) -> pl.DataFrame:
    """Return what the target counts, delivered or not, once per time a case was open: dispute, grid_id, at, way, known_before.

    `known_before` is true where the dispute was in the log before that moment.
    """
    records, strict = district.records, district.fates.strict
    opens = np.minimum(records.escalated_at, records.overdue_at)
    first = np.where(opens < records.reopened_at, opens, np.inf)
    handed_up = records.escalated_at <= records.overdue_at
    ways = (
        (np.where(handed_up & ~strict, first, np.inf), "handed_up"),
        (np.where(handed_up & strict, first, np.inf), "harm"),
        (np.where(handed_up, np.inf, first), "overdue"),
        (records.reopened_at, "reopened"),
    )
    rows = pl.concat([_escalations(district, at, way) for at, way in ways])
    return rows.sort(Col.AT, "dispute", maintain_order=True)


def _escalations(district: District, at: Floats, way: str) -> pl.DataFrame:
    rows = np.flatnonzero(at < district.world.span.days)
    return pl.DataFrame(
        {
            "dispute": rows,
            Col.GRID_ID: _current_grids(district).gather(district.disputes.part[rows]),
            Col.AT: _moments(at[rows], district.world.span),
            "way": pl.repeat(way, len(rows), dtype=pl.String, eager=True),
            "known_before": district.records.reported_at[rows] < at[rows],
        }
    )


def true_expectations(district: District) -> pl.DataFrame:
    """Return escalations to expect for each day as as_of and each grid.

    Returns: as_of, grid_id, escalation and substantive (14 days), strict (28 days), and all again as far as the log could tell
    (`*_knowable`).
    """
    strict_share = district.world.preset.escalation.strict_share
    expected = {
        "escalation": expected_escalations(district, ESCALATION_DAYS),
        "substantive": expected_by_hazard(district, ESCALATION_DAYS),
        "strict": strict_share * expected_by_hazard(district, STRICT_DAYS),
        f"escalation{KNOWABLE_SUFFIX}": knowable_escalations(district, ESCALATION_DAYS),
        f"substantive{KNOWABLE_SUFFIX}": knowable_by_hazard(district, ESCALATION_DAYS),
        f"strict{KNOWABLE_SUFFIX}": strict_share * knowable_by_hazard(district, STRICT_DAYS),
    }
    return _by_grid(district, expected, Col.AS_OF, step_days=1)


def true_intensities(district: District) -> pl.DataFrame:
    """Return disputes to expect by week and grid, those that others bring on left out: week, grid_id, disputes."""
    weekly = weekly_rates(district.stream, district.world, district.world.levels.drift).sum(axis=2)
    return _by_grid(district, {"disputes": weekly}, "week", step_days=7)


def _by_grid(district: District, values: dict[str, Floats], time_name: str, step_days: int) -> pl.DataFrame:
    """Sum (P, T) values over the parts of each grid as it is now; one row per time and grid."""
    place, grid_of = np.unique(district.world.ground.after, return_inverse=True)
    ids = district.world.ground.grids[Col.GRID_ID][place]
    columns = {name: np.zeros((len(place), value.shape[1])) for name, value in values.items()}
    for name, value in values.items():
        np.add.at(columns[name], grid_of, value)
    times = next(iter(values.values())).shape[1]
    days = [district.world.span.start + timedelta(days=step_days * number) for number in range(times)]
    return pl.DataFrame(
        {
            time_name: pl.Series(days, dtype=pl.Date).gather(np.repeat(np.arange(times), len(place))),
            Col.GRID_ID: ids.gather(np.tile(np.arange(len(place)), times)),
            **{name: column.T.ravel().astype(np.float32) for name, column in columns.items()},
        }
    )


def _current_grids(district: District) -> pl.Series:
    """Return the grid that each part belongs to now."""
    return district.world.ground.grids[Col.GRID_ID][district.world.ground.after]


def _moments(days: Floats, span: Span) -> pl.Series:
    """Return local times, null for never."""
    happens = pl.DataFrame({"days": np.where(np.isfinite(days), days, np.nan)}, nan_to_null=True)
    minutes = (pl.col("days") * 24 * 60).floor().cast(pl.Int64)
    return happens.select(pl.lit(datetime.combine(span.start, time())) + pl.duration(minutes=minutes)).to_series()
