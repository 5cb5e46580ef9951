"""Cases before delivery: one row each, times in days from the start, null where nothing happened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
from scipy.special import ndtri

from features.schema import TRANSITION_COLUMNS, Col, EventType
from features.simulation.arrivals import FIRST_HOUR, LAST_HOUR, Arrivals
from features.simulation.dispute_numbers import Recording
from features.simulation.disputes import Fates, Records

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

PART = "part"
"""Part in which it happened; the grid is told at delivery."""
NUMBER = "dispute"
"""Row of the dispute it tells of; null for other matters."""
CLOSED_AGAIN = "closed_again_at"
TIMES = (Col.OCCURRED_AT, Col.REPORTED_AT, Col.DEADLINE_AT, *TRANSITION_COLUMNS, CLOSED_AGAIN)
CASE_SCHEMA = pl.Schema(
    {
        NUMBER: pl.Int64(),
        PART: pl.Int64(),
        Col.EVENT_TYPE: pl.String(),
        Col.CATEGORY: pl.String(),
        **dict.fromkeys(TIMES, pl.Float64()),
        Col.SOURCE: pl.String(),
        Col.SELF_FOUND: pl.Boolean(),
        Col.PEOPLE: pl.Int64(),
        Col.LEVEL: pl.String(),
    }
)

DISPUTE_SOURCES = {"resident": 0.4, "hotline": 0.25, "grid_worker": 0.2, "online": 0.15}


@dataclass(frozen=True)
class Handling:
    """Handling of matters of one type."""

    sources: Mapping[str, float]
    """Share of each source."""
    report_days: float
    """Median days to the report."""
    days: float
    """Median days to the end."""
    term_days: float
    """Days after which it is late."""
    has_deadline: bool = False


HANDLING = {
    EventType.SERVICE_REQUEST: Handling({"hotline": 0.6, "online": 0.3, "resident": 0.1}, 0.05, 3, 10),
    EventType.POLICE_CALL: Handling({"police": 1.0}, 0.01, 0.3, 2),
    EventType.PETITION: Handling({"visit": 0.4, "online": 0.4, "other": 0.2}, 0.3, 30, 60, has_deadline=True),
    EventType.HAZARD: Handling({"grid_worker": 1.0}, 0.05, 4, 15),
    EventType.ENVIRONMENT_ORDER: Handling({"grid_worker": 0.7, "online": 0.3}, 0.05, 1, 5),
}
"""Assumptions; only petitions and disputes carry a deadline, so that only disputes escalate by passing theirs."""


def choose(shares: Mapping[str, float], count: int, rng: np.random.Generator) -> pl.Series:
    """Draw names with the given shares."""
    names = np.array(list(shares))
    return pl.Series(names[np.searchsorted(np.cumsum(list(shares.values()))[:-1], rng.random(count))])


def dispute_cases(
    disputes: Arrivals, kinds: Sequence[str], records: Records, recording: Recording, rng: np.random.Generator
) -> pl.DataFrame:
    """Return the rows of all disputes that the log shows."""
    count = len(disputes)
    surfaced = records.shown & ~records.recorded
    self_found = records.recorded & (records.by_campaign | (rng.random(count) < recording.self_found))
    source = pl.Series(np.where(surfaced, "police", np.where(self_found, "grid_worker", choose(DISPUTE_SOURCES, count, rng).to_numpy())))
    group = rng.random(count) < recording.group_share
    people = np.where(group, 4 + rng.geometric(1 / (1 + recording.group_mean), count), rng.integers(1, 5, count))
    level = np.where(surfaced, "county", choose({"community": 0.7, "township": 0.3}, count, rng).to_numpy())
    columns = {
        NUMBER: np.arange(count),
        PART: disputes.part,
        Col.EVENT_TYPE: pl.repeat(EventType.DISPUTE.value, count, eager=True),
        Col.CATEGORY: _names(kinds, disputes),
        Col.OCCURRED_AT: records.occurred_at,
        Col.REPORTED_AT: records.reported_at,
        Col.DEADLINE_AT: records.deadline_at,
        Col.ACCEPTED_AT: records.accepted_at,
        Col.ESCALATED_AT: records.escalated_at,
        Col.RESOLVED_AT: records.closed_at,
        Col.REOPENED_AT: records.reopened_at,
        CLOSED_AGAIN: records.closed_again_at,
        Col.SOURCE: source,
        Col.SELF_FOUND: self_found,
        Col.PEOPLE: people,
        Col.LEVEL: level,
    }
    return _complete(pl.DataFrame(columns).filter(pl.Series(records.shown)))


def other_cases(
    event_type: EventType, matters: Arrivals, kinds: Sequence[str], recording: Recording, rng: np.random.Generator
) -> pl.DataFrame:
    """Return the rows of matters that are no disputes; some are withdrawn as invalid."""
    handling, count = HANDLING[event_type], len(matters)
    reported = matters.time + rng.lognormal(np.log(handling.report_days), 1, count)
    accepted = reported + rng.lognormal(np.log(0.1), 1, count)
    sigma = np.log(handling.term_days / handling.days) / ndtri(1 - recording.closed_late)
    ended = np.maximum(reported + rng.lognormal(np.log(handling.days), sigma, count), accepted)
    invalid = rng.random(count) < recording.invalid
    source = choose(handling.sources, count, rng)
    columns = {
        PART: matters.part,
        Col.EVENT_TYPE: pl.repeat(event_type.value, count, eager=True),
        Col.CATEGORY: _names(kinds, matters),
        Col.OCCURRED_AT: matters.time,
        Col.REPORTED_AT: reported,
        Col.ACCEPTED_AT: accepted,
        Col.RESOLVED_AT: np.where(invalid, np.inf, ended),
        Col.WITHDRAWN_AT: np.where(invalid, ended, np.inf),
        Col.SOURCE: source,
        Col.SELF_FOUND: source == "grid_worker",
        Col.LEVEL: choose({"community": 0.75, "township": 0.23, "county": 0.02}, count, rng),
    }
    if handling.has_deadline:
        columns[Col.DEADLINE_AT] = reported + handling.term_days
    return _complete(pl.DataFrame(columns))


def burst(incidents: Arrivals, recording: Recording, rng: np.random.Generator) -> Arrivals:
    """Let each incident give one or more records on its day."""
    size = np.minimum(rng.zipf(recording.burst_exponent, len(incidents)), recording.burst_most)
    records = incidents.take(np.repeat(np.arange(len(incidents)), size))
    return Arrivals(records.part, records.kind, np.floor(records.time) + rng.uniform(FIRST_HOUR, LAST_HOUR, len(records)) / 24)


def mean_burst(recording: Recording) -> float:
    """Return the records per incident to expect.

    >>> round(mean_burst(Recording()), 2)
    1.31
    """
    size = np.arange(1, 100_000, dtype=np.float64)
    weight = size**-recording.burst_exponent
    return float((np.minimum(size, recording.burst_most) * weight).sum() / weight.sum())


def calls_about(disputes: Arrivals, fates: Fates, per_dispute: float, rng: np.random.Generator) -> Arrivals:
    """Draw police calls about disputes while they last, at most two months."""
    row = np.repeat(np.arange(len(disputes)), rng.poisson(per_dispute, len(disputes)))
    length = np.minimum(fates.lasts_until[row] - disputes.time[row], 60)
    return Arrivals(disputes.part[row], disputes.kind[row], disputes.time[row] + length * rng.random(len(row)))


def _names(kinds: Sequence[str], matters: Arrivals) -> pl.Series:
    return pl.Series(np.array(kinds)[matters.kind])


def _complete(cases: pl.DataFrame) -> pl.DataFrame:
    """Fill up the columns; what never happens is null."""
    missing = [pl.lit(None, dtype).alias(name) for name, dtype in CASE_SCHEMA.items() if name not in cases.columns]
    never = pl.col(*TIMES)
    return cases.with_columns(missing).select(CASE_SCHEMA.keys()).with_columns(pl.when(never.is_finite()).then(never))
