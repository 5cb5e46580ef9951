"""Histories: what the records of each case alone say of it, before cases are held against each other.

A history depends on the records of its own case only, so news changes the histories of the cases it is about and of no others.
"""

from dataclasses import dataclass, fields, replace
from datetime import time
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import NEVER, Days, local_days
from features.errors import UsageError
from features.eventlog.snapshot import Feed
from features.facts.arrays import Vocabulary, codes, insertion_points
from features.facts.corrections import Corrections
from features.facts.escalations import clock_fires, hazards_of, open_spells, read_moves, target_marks
from features.facts.facts import Cases, Marks, Outcome, Spells
from features.schema import Action, Col
from features.targets import Target

Ints = npt.NDArray[np.int64]
Rows = TypeVar("Rows", Spells, Marks, Corrections)

GROUP_BUCKETS = ("5-9", "10-29", "30+")
"""People buckets of cases that five or more people bring jointly."""

CASE_COLUMNS = (
    Col.EVENT_SEQ,
    Col.FEED,
    Col.GRID_ID,
    Col.EVENT_TYPE,
    Col.CATEGORY,
    Col.SOURCE,
    Col.SELF_FOUND,
    Col.PEOPLE_BUCKET,
    Col.AT,
    Col.KNOWN_AT,
    Col.OCCURRED_AT,
    Col.DEADLINE_AT,
)


@dataclass(frozen=True)
class Subject:
    """Definition of the counted target, and where it is counted."""

    name: str
    target: Target
    parent: Target | None
    """The target from whose cases a rare one is foretold."""
    feeds: dict[str, Feed]
    """Sources whose cases count."""
    zone: str
    """Of the local day."""


@dataclass(frozen=True)
class Histories:
    """Cases ordered by grid, known moment and sequence number, and what happened to each."""

    event_seq: Ints
    """(cases,) sequence number of the report."""
    known_at: Ints
    """(cases,) microseconds since 1970, UTC."""
    feed: npt.NDArray[np.int16]
    """(cases,) position in `feeds`."""
    cases: Cases
    spells: Spells
    target: Marks
    hazards: Marks
    """The same object as `target` where the target has no parent."""
    reopened: Marks
    corrections: Corrections
    words: Vocabulary
    feeds: tuple[str, ...]


def read_histories(records: pl.DataFrame, grid_ids: npt.NDArray[np.str_], subject: Subject, words: Vocabulary | None = None) -> Histories:
    """Follow each case of the subject's feeds through its records.

    Args:
        records: all records of these cases, columns of `RECORD_SCHEMA`, ordered by seq.
        grid_ids: sorted; every record's grid must be among them.
        subject: what is counted.
        words: that codes stand for; those of the records by default.

    Raises:
        UsageError: an event lies outside the grids.
    """
    zone, feeds = subject.zone, tuple(sorted(subject.feeds))
    cases = _order_cases(records, grid_ids)
    moves = read_moves(records, cases)
    spells, fires = open_spells(cases, moves), clock_fires(cases, subject.feeds, subject.target, zone)
    corrected = _last_of_each_day(records, cases, zone)
    words = words or Vocabulary.of(pl.concat([cases, corrected], how="diagonal_relaxed"))
    target = _mark_arrays(target_marks(subject.target, cases, moves, spells, fires), cases, zone)
    hazards = target
    if subject.parent:
        hazards = _mark_arrays(target_marks(hazards_of(subject.parent), cases, moves, spells, fires), cases, zone)
    came_back = moves.filter(pl.col(Col.ACTION) == Action.REOPENED).with_columns(outcome=pl.lit(int(Outcome.CAME_BACK), pl.Int16))
    return Histories(
        event_seq=cases[Col.EVENT_SEQ].to_numpy(),
        known_at=cases[Col.KNOWN_AT].to_physical().to_numpy(),
        feed=codes(cases[Col.FEED], {name: number for number, name in enumerate(feeds)}).astype(np.int16),
        cases=_case_arrays(cases, fires, words, zone),
        spells=_spell_arrays(spells, cases, zone),
        target=target,
        hazards=hazards,
        reopened=_mark_arrays(came_back, cases, zone),
        corrections=Corrections(
            corrected["case"].to_numpy(), corrected["day"].to_numpy(), _positions(corrected, grid_ids), words.kind_of(corrected)
        ),
        words=words,
        feeds=feeds,
    )


def merge_histories(old: Histories, new: Histories) -> Histories:
    """Put new histories in the place of old ones of the same cases; both must have the same words and feeds."""
    kept = np.flatnonzero(~np.isin(old.event_seq, new.event_seq))
    event_seq, known_at, feed = (_join(getattr(old, name)[kept], getattr(new, name)) for name in ("event_seq", "known_at", "feed"))
    columns = _join(old.cases.grid[kept], new.cases.grid), known_at, event_seq
    places = insertion_points(*([column[part] for column in columns] for part in (slice(len(kept)), slice(len(kept), None))))
    order = np.insert(np.arange(len(kept)), places, np.arange(len(kept), len(event_seq)))
    number = np.empty(len(order), np.int32)
    number[order] = np.arange(len(order), dtype=np.int32)
    old_row, new_row = np.full(len(old.event_seq), -1, np.int32), number[len(kept) :]
    old_row[kept] = number[: len(kept)]

    def follow(before: Rows, after: Rows) -> Rows:
        stays = np.flatnonzero(old_row[before.case] >= 0)
        case = _join(old_row[before.case[stays]], new_row[after.case])
        by_case = np.argsort(case, kind="stable")
        columns = {one.name: _join(getattr(before, one.name)[stays], getattr(after, one.name))[by_case] for one in fields(before)}
        return replace(before, **{**columns, "case": case[by_case]})

    target = follow(old.target, new.target)
    cases = {one.name: _join(getattr(old.cases, one.name)[kept], getattr(new.cases, one.name))[order] for one in fields(old.cases)}
    return replace(
        old,
        event_seq=event_seq[order],
        known_at=known_at[order],
        feed=feed[order],
        cases=Cases(**cases),
        spells=follow(old.spells, new.spells),
        target=target,
        hazards=target if old.hazards is old.target else follow(old.hazards, new.hazards),
        reopened=follow(old.reopened, new.reopened),
        corrections=follow(old.corrections, new.corrections),
    )


def uses_all_words(histories: Histories) -> bool:
    """Tell whether every word still occurs; a word is forgotten when the last record that had it is corrected."""
    cases, words = histories.cases, histories.words
    used = (
        (np.append(cases.kind, histories.corrections.kind), len(words.kinds)),
        (cases.event_type, len(words.event_types)),
        (cases.source[cases.source >= 0], len(words.sources)),
    )
    return all(bool((np.bincount(code, minlength=size) > 0).all()) for code, size in used)


def _join(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return np.concatenate([one, other])


def _order_cases(records: pl.DataFrame, grid_ids: npt.NDArray[np.str_]) -> pl.DataFrame:
    """Return the reports with their `grid`, by grid and known moment."""
    reported = records.filter(pl.col(Col.ACTION) == Action.REPORTED).select(CASE_COLUMNS)
    # records come nearly in the order in which they became known, which makes two stable sorts cheaper than one by both keys
    cases = reported.sort(Col.KNOWN_AT, maintain_order=True)
    return cases.with_columns(grid=pl.Series(_positions(cases, grid_ids))).sort("grid", maintain_order=True)


def _last_of_each_day(records: pl.DataFrame, cases: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return case, event_type, day, grid_id and category of the corrections of these cases, the last of a case on each day."""
    corrected = records.filter((pl.col(Col.ACTION) == Action.CORRECTED) & pl.col(Col.GRID_ID).is_not_null())
    numbered = cases.select(Col.EVENT_SEQ, Col.EVENT_TYPE, case=pl.int_range(pl.len(), dtype=pl.Int32))
    known = corrected.select(Col.EVENT_SEQ, Col.KNOWN_AT, Col.GRID_ID, Col.CATEGORY).join(numbered, on=Col.EVENT_SEQ, maintain_order="left")
    known = known.with_columns(pl.Series("day", _days(known[Col.KNOWN_AT], zone), dtype=pl.Int32))
    return known.unique(["case", "day"], keep="last", maintain_order=True).drop(Col.EVENT_SEQ, Col.KNOWN_AT)


def _positions(records: pl.DataFrame, grid_ids: npt.NDArray[np.str_]) -> npt.NDArray[np.int32]:
    found = codes(records[Col.GRID_ID], dict(zip(grid_ids.tolist(), range(len(grid_ids)), strict=True)))
    if (found < 0).any():
        raise UsageError("events lie outside the grid table. Ingest the grid file that holds their grids.")
    return found.astype(np.int32)


def _case_arrays(cases: pl.DataFrame, fires: pl.DataFrame, words: Vocabulary, zone: str) -> Cases:
    due = np.full(len(cases), NEVER, np.int32)
    np.minimum.at(due, fires["case"].to_numpy(), _days(fires["fire_at"], zone))
    return Cases(
        grid=cases["grid"].to_numpy(),
        weight=np.ones(len(cases)),
        event_type=words.event_type_of(cases),
        kind=words.kind_of(cases),
        source=words.source_of(cases),
        group=codes(cases[Col.PEOPLE_BUCKET], dict.fromkeys(GROUP_BUCKETS, 1)) > 0,
        occurred_day=_days(cases[Col.OCCURRED_AT], zone),
        known_day=_days(cases[Col.KNOWN_AT], zone),
        reported_minute=_minutes(cases[Col.AT], zone),
        deadline_day=_days(cases[Col.DEADLINE_AT], zone),
        due_day=due,
        self_found=cases[Col.SELF_FOUND].cast(pl.Int16).fill_null(-1).to_numpy(),
        exposure=np.ones(len(cases)),
        reported=np.ones(len(cases), np.bool_),
    )


def _spell_arrays(spells: pl.DataFrame, cases: pl.DataFrame, zone: str) -> Spells:
    case = spells["case"].to_numpy()
    start_day, end_day = _days(spells["start_at"], zone), _days(spells["end_at"], zone)
    return Spells(case, cases["grid"].to_numpy()[case], start_day, end_day, np.zeros(len(case), np.bool_))


def _mark_arrays(marks: pl.DataFrame, cases: pl.DataFrame, zone: str) -> Marks:
    case = marks["case"].to_numpy()
    days = _days(marks[Col.AT], zone), _days(marks[Col.KNOWN_AT], zone)
    return Marks(case, cases["grid"].to_numpy()[case], *days, marks["outcome"].to_numpy())


def _minutes(times: pl.Series, zone: str) -> npt.NDArray[np.int16]:
    """Return the minute of the local day of each time, -1 at midnight sharp."""
    local = times.dt.convert_time_zone(zone).dt.time()
    minute = local.dt.hour().cast(pl.Int16) * 60 + local.dt.minute()
    return np.where((local == time()).to_numpy(), np.int16(-1), minute.to_numpy()).astype(np.int16)


def _days(times: pl.Series, zone: str) -> Days:
    """Return the local day number of each time, NEVER where there is none."""
    days = np.full(len(times), NEVER, np.int32)
    known = times.is_not_null().to_numpy()
    if known.any():
        days[known] = local_days(times.drop_nulls().dt.epoch("us").to_numpy(), ZoneInfo(zone))
    return days
