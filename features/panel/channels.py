"""Facts as increments of counters.

A channel set turns facts into increments over its channels. Events add 1 on the day they became known; a state (open, overdue, about to
fall due) adds 1 on the day after which it holds and -1 on the day after which it no longer does, so its sum is the number of cases in
that state.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.days import NEVER, Days
from features.facts.facts import Facts
from features.facts.places import WEIGHT_UNIT
from features.panel import counters
from features.panel.counters import Increments

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class ChannelSet:
    """Counters that one kind of fact feeds; `name` tells sets apart."""

    name: str
    increments: Callable[[Facts], Increments]


@dataclass(frozen=True)
class Channel:
    """One counter of a set."""

    of: ChannelSet
    index: int = 0


def _of_cases(facts: Facts, channel: npt.NDArray[np.int16], channels: int, amount: npt.NDArray[np.floating] | None = None) -> Increments:
    """Return one increment per case where it was reported; one that came from another grid is no report of this one."""
    weight = facts.cases.weight * facts.cases.exposure
    channel = np.where(facts.cases.reported, channel, np.int16(-1))
    return Increments(channels, channel, facts.cases.grid, facts.cases.known_day, weight if amount is None else weight * amount)


def _only(chosen: Flags) -> npt.NDArray[np.int16]:
    return np.where(chosen, np.int16(0), np.int16(-1))


def cases_where(name: str, chosen: Callable[[Facts], Flags]) -> ChannelSet:
    """Count the cases that `chosen` picks, petitions aside, from the day after each became known; `name` must be a name of its own.

    Args:
        name: tells this set of counters from all others.
        chosen: (cases,) flags, from columns of `Facts.cases` only.
    """
    return ChannelSet(name, lambda facts: _of_cases(facts, _only(chosen(facts) & ~facts.is_petition), 1))


def is_type(facts: Facts, event_type: str) -> Flags:
    """Return (cases,) flags of the cases of one event type; none where the log has no such type."""
    return np.isin(facts.cases.event_type, [number for number, name in enumerate(facts.event_types) if name == event_type])


def _states(facts: Facts, start: Days, end: Days, amount: npt.NDArray[np.floating] | None = None) -> Increments:
    """Return +1 on start and -1 on end for each spell in which start comes before end, by event type."""
    case = facts.spells.case
    weight = facts.cases.weight[case] if amount is None else facts.cases.weight[case] * amount
    return Increments(len(facts.event_types), facts.cases.event_type[case], facts.spells.grid, start, weight, end)


def _closings(facts: Facts, amount: npt.NDArray[np.floating] | None = None) -> Increments:
    """Return one increment per closing, by event type; it weighs what the report of its case weighs in windows."""
    case = facts.spells.case
    weight = facts.cases.weight[case] * facts.cases.exposure[case]
    closed = np.where(facts.spells.moved_on, np.int16(-1), facts.cases.event_type[case])
    return Increments(
        len(facts.event_types), closed, facts.spells.grid, facts.spells.end_day, weight if amount is None else weight * amount
    )


def _handling_days(facts: Facts) -> npt.NDArray[np.float64]:
    closed = facts.spells.end_day < NEVER
    return np.where(closed, facts.spells.end_day - facts.cases.known_day[facts.spells.case], 0).astype(np.float64)


def _marks(facts: Facts, name: str) -> Increments:
    marks = getattr(facts, name)
    case = marks.case
    return Increments(1, np.zeros(len(case), np.int16), marks.grid, marks.known_day, facts.weights_of(marks))


REPORTED = ChannelSet("reported", lambda facts: _of_cases(facts, facts.cases.event_type, len(facts.event_types)))
KIND = ChannelSet("kind", lambda facts: _of_cases(facts, facts.cases.kind, len(facts.kinds)))
SOURCE = ChannelSet(
    "source", lambda facts: _of_cases(facts, np.where(facts.is_petition, np.int16(-1), facts.cases.source), len(facts.sources))
)
ANY = cases_where("any", lambda facts: ~facts.is_petition)
DELAY = ChannelSet(
    "delay",
    lambda facts: _of_cases(facts, _only(~facts.is_petition), 1, (facts.cases.known_day - facts.cases.occurred_day).astype(np.float64)),
)
GROUP = cases_where("group", lambda facts: facts.cases.group)
TARGET = ChannelSet("target", lambda facts: _marks(facts, "target"))
REOPENED = ChannelSet("reopened", lambda facts: _marks(facts, "reopened"))
CLOSED = ChannelSet("closed", _closings)
HANDLING_DAYS = ChannelSet("handling_days", lambda facts: _closings(facts, _handling_days(facts)))
OPEN = ChannelSet("open", lambda facts: _states(facts, facts.spells.start_day, facts.spells.end_day))
OPEN_SINCE = ChannelSet(
    "open_since",
    lambda facts: _states(facts, facts.spells.start_day, facts.spells.end_day, facts.cases.known_day[facts.spells.case].astype(np.float64)),
)


def open_longer(days: int) -> ChannelSet:
    """Cases open for more than `days` days, by event type."""
    return ChannelSet(
        f"open_over_{days}d",
        lambda facts: _states(
            facts, np.maximum(facts.spells.start_day, facts.cases.known_day[facts.spells.case] + days), facts.spells.end_day
        ),
    )


def _overdue(facts: Facts) -> Increments:
    deadline = facts.cases.deadline_day[facts.spells.case]
    return _states(facts, np.maximum(facts.spells.start_day, deadline), facts.spells.end_day)


OVERDUE = ChannelSet("overdue", _overdue)


def _within(facts: Facts, moment: Days, days: int) -> Increments:
    moment = moment[facts.spells.case]
    return _states(facts, np.maximum(facts.spells.start_day, moment - days), np.minimum(facts.spells.end_day, moment))


def deadline_within(days: int) -> ChannelSet:
    """Open cases whose deadline lies in [as_of, as_of + days), by event type."""
    return ChannelSet(f"deadline_{days}d", lambda facts: _within(facts, facts.cases.deadline_day, days))


def due_within(days: int) -> ChannelSet:
    """Open cases on which the target's clock rule fires in [as_of, as_of + days) unless they are closed before, by event type."""
    return ChannelSet(f"due_{days}d", lambda facts: _within(facts, facts.cases.due_day, days))


def new_within(horizon_days: int) -> ChannelSet:
    """Escalations of cases reported less than a horizon before: each weighs the share of a horizon in which it was not in the log yet."""

    def increments(facts: Facts) -> Increments:
        marks, case = facts.hazards, facts.hazards.case
        lag = marks.occurred_day - facts.cases.known_day[case]
        share = np.round((horizon_days - lag) / horizon_days / WEIGHT_UNIT) * WEIGHT_UNIT
        weight = facts.cases.weight[case] * np.clip(share, 0.0, 1.0)
        return Increments(1, np.zeros(len(case), np.int16), marks.grid, marks.known_day, weight)

    return ChannelSet(f"new_{horizon_days}d", increments)


def _repeated(facts: Facts, days: int) -> Flags:
    cases = facts.cases
    rows = np.flatnonzero(cases.reported)
    again = np.zeros(len(cases.grid), np.bool_)
    again[rows] = counters.follows_same_kind(cases.grid[rows], cases.kind[rows], cases.known_day[rows], len(facts.kinds), days)
    return again


def repeated_within(days: int) -> ChannelSet:
    """Cases that follow another of the same kind in the same grid by at most `days` days."""
    return cases_where(f"repeated_{days}d", lambda facts: _repeated(facts, days))
