"""Derive facts from a snapshot of the event log, for one target."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import NEVER, day_number
from features.errors import UsageError
from features.eventlog.snapshot import Feed, LogSnapshot
from features.facts.bursts import Reports, count_doubles, find_doubles, group_feeds, join_bursts
from features.facts.corrections import Corrections, follow_corrections
from features.facts.crosswalk import split
from features.facts.escalations import refuse_unknown_categories
from features.facts.facts import Facts, Reporters, place_covariates
from features.facts.histories import Histories, Subject, read_histories
from features.facts.places import Places, positions, read_places
from features.schema import DISPUTE_CATEGORIES, Action, Col, EventType
from features.settings import LogSettings
from features.targets import DEFAULT_TARGET, Target
from features.undertakings.exposure import with_undertakings, with_visits


def read_facts(snapshot: LogSnapshot, target_name: str | None, log: LogSettings) -> Facts:
    """Turn a snapshot of the log into facts for one target.

    A target that a feed's source file declares counts that feed only, over the grids of that feed.

    Raises:
        UsageError: the target is not declared anywhere, or the log holds no record it could count.
    """
    subject = find_subject(snapshot.feeds, target_name, log)
    places, histories = derive_histories(snapshot, subject, log.categories)
    return assemble(histories, places, snapshot, subject)


def derive_histories(snapshot: LogSnapshot, subject: Subject, categories: Collection[str]) -> tuple[Places, Histories]:
    """Follow every case of the subject through the log; return also the places they lie in.

    Raises:
        UsageError: the target names an unknown category, or the log holds no record it could count.
    """
    refuse_unknown_categories(subject.target, known_categories(snapshot, categories))
    records = _records_of(snapshot, subject)
    if not (records[Col.ACTION] == Action.REPORTED).any():
        raise UsageError("the event log holds no records of this target. Run `yujing ingest FILE` first.")
    places = read_places(_grids(snapshot, records), snapshot.neighbours)
    return places, read_histories(records, places.grid_ids, subject)


def assemble(histories: Histories, places: Places, snapshot: LogSnapshot, subject: Subject) -> Facts:
    """Hold the histories of cases against each other and lay them on the grids of today.

    Args:
        histories: of all cases of the subject.
        places: that they lie in.
        snapshot: grids, redrawn ones, undertakings and visits; its records are not read.
        subject: what is counted.
    """
    facts = Facts(
        places=places,
        cases=histories.cases,
        spells=histories.spells,
        target=histories.target,
        hazards=histories.hazards,
        reopened=histories.reopened,
        event_types=histories.words.event_types,
        kinds=histories.words.kinds,
        sources=histories.words.sources,
        target_name=subject.name,
        known_through_day=_known_through(subject),
        first_day=_first_day(histories),
        sequence=snapshot.sequence,
    )
    reports, group = _reports(facts, histories), _groups(histories, subject.feeds)
    doubled = count_doubles(reports, histories.feeds, group)
    facts, row_of = join_bursts(replace(facts, doubles=doubled), _joining(histories, subject.feeds), find_doubles(reports, group))
    facts = replace(facts, places=_since_first_record(facts, snapshot.grids))
    facts = split(_corrected(facts, histories.corrections, row_of), snapshot.crosswalk)
    facts = replace(facts, reporters=_reporters(histories, places.grid_ids, facts.places.grid_ids))
    names, covariates = place_covariates(snapshot.covariates, facts.places.grid_ids, subject.zone)
    facts = with_undertakings(replace(facts, covariate_names=names, covariates=covariates), snapshot, subject.zone)
    return with_visits(facts, snapshot.effort, subject.target.visit_days)


def find_subject(feeds: Mapping[str, Feed], name: str | None, log: LogSettings) -> Subject:
    """Return what a target of that name counts.

    Raises:
        UsageError: the target is not declared anywhere.
    """
    target, own = find_target(feeds, name, log)
    parent = find_target(feeds, target.parent, log)[0] if target.parent else None
    return Subject(name or DEFAULT_TARGET, target, parent, own, log.zone)


def find_target(feeds: Mapping[str, Feed], name: str | None, log: LogSettings) -> tuple[Target, dict[str, Feed]]:
    """Return the target of that name and the feeds it counts: those that declare it, else all."""
    if name is None or name == DEFAULT_TARGET:
        return log.target, dict(feeds)
    if name in log.targets:
        return log.targets[name], dict(feeds)
    declared = {feed.targets[name] for feed in feeds.values() if name in feed.targets}
    if not declared:
        known = ", ".join(target_names(feeds, log.targets))
        raise UsageError(f"target must be one of {known}, got {name!r}. Name it under `targets:` of the configuration.")
    if len(declared) > 1:
        raise UsageError(f"target {name!r} means different things in several source files. Settle it under `targets:` of the settings.")
    return declared.pop(), {key: feed for key, feed in feeds.items() if name in feed.targets}


def target_names(feeds: Mapping[str, Feed], targets: Collection[str]) -> tuple[str, ...]:
    """Return the targets that can be named: the default one first, then those of the settings and of the source files."""
    named = {*targets, *(name for feed in feeds.values() for name in feed.targets)} - {DEFAULT_TARGET}
    return (DEFAULT_TARGET, *sorted(named))


def targets_that_occurred(snapshot: LogSnapshot, log: LogSettings) -> dict[str, int]:
    """Return target -> how often it occurred, of those that ever did."""
    counts = {name: len(read_facts(snapshot, name, log).target.case) for name in target_names(snapshot.feeds, log.targets)}
    return {name: count for name, count in counts.items() if count}


def known_categories(snapshot: LogSnapshot, categories: Collection[str]) -> set[str]:
    """Return the codes a target may name: the project's own, those of the settings and the source files, and those in the log."""
    declared = {code for feed in snapshot.feeds.values() for code in feed.categories}
    seen = snapshot.records[Col.CATEGORY].drop_nulls().unique().cast(pl.String)
    return {*DISPUTE_CATEGORIES, *categories, *declared, *seen}


def _records_of(snapshot: LogSnapshot, subject: Subject) -> pl.DataFrame:
    """Return the records without the reports of feeds that the subject leaves out."""
    if len(subject.feeds) == len(snapshot.feeds):
        return snapshot.records
    of_feeds = pl.col(Col.FEED).cast(pl.String).is_in(list(subject.feeds))
    return snapshot.records.filter((pl.col(Col.ACTION) != Action.REPORTED) | of_feeds)


def _grids(snapshot: LogSnapshot, records: pl.DataFrame) -> pl.DataFrame:
    """Return the grids of the snapshot; only those with records where its feeds are not all in use."""
    if len(records) == len(snapshot.records):
        return snapshot.grids
    seen = records[Col.GRID_ID].drop_nulls().unique().cast(pl.String)
    successors = snapshot.crosswalk.filter(pl.col("old").cast(pl.String).is_in(seen.to_list()))["new"].cast(pl.String)
    return snapshot.grids.filter(pl.col(Col.GRID_ID).cast(pl.String).is_in([*seen, *successors]))


def _joining(histories: Histories, feeds: Mapping[str, Feed]) -> npt.NDArray[np.bool_]:
    """Tell which cases are of feeds whose reports of one cause are one case."""
    return np.array([feeds[name].bursts == "join" for name in histories.feeds], np.bool_)[histories.feed]


def _reports(facts: Facts, histories: Histories) -> Reports:
    """Return what tells doubles apart; a petition is nobody's double, since petitions are counted by themselves."""
    categories = {name: number for number, name in enumerate(sorted({category for _, category in facts.kinds}))}
    of_kind = np.array([categories[category] for _, category in facts.kinds], np.int64)
    deadline = np.where(facts.is_petition, NEVER, facts.cases.deadline_day).astype(np.int32)
    return Reports(facts.cases.grid, of_kind[facts.cases.kind], facts.cases.occurred_day, deadline, histories.feed)


def _groups(histories: Histories, feeds: Mapping[str, Feed]) -> npt.NDArray[np.int64]:
    """Return the group of feeds of each case."""
    groups = group_feeds({name: feeds[name].shared_with for name in histories.feeds})
    return np.array([groups[name] for name in histories.feeds], np.int64)[histories.feed]


def _corrected(facts: Facts, corrections: Corrections, row_of: npt.NDArray[np.int32]) -> Facts:
    """Let corrected cases go on where they were handed to; a grid that is known from such a case alone is there since that day.

    `row_of` is the row that each case of the corrections has now, -1 for further reports of another.
    """
    stays = np.flatnonzero(row_of[corrections.case] >= 0)
    if not len(stays):
        return facts
    case, day = row_of[corrections.case[stays]], corrections.known_day[stays]
    grid, kind = corrections.grid[stays], corrections.kind[stays]
    valid_from = facts.places.valid_from.copy()
    np.minimum.at(valid_from, grid, day)
    return follow_corrections(replace(facts, places=replace(facts.places, valid_from=valid_from)), Corrections(case, day, grid, kind))


def _since_first_record(facts: Facts, grids: pl.DataFrame) -> Places:
    """Let a grid without a position, known from its events alone, be there only since its first record."""
    first = np.full(facts.places.size, NEVER, np.int32)
    np.minimum.at(first, facts.cases.grid[~facts.is_petition], facts.cases.known_day[~facts.is_petition])
    registered = grids.filter(pl.col(Col.LON).is_not_null())[Col.GRID_ID].cast(pl.String).to_numpy().astype(np.str_)
    valid_from = np.where(np.isin(facts.places.grid_ids, registered), facts.places.valid_from, first)
    return replace(facts.places, valid_from=valid_from.astype(np.int32))


def _reporters(histories: Histories, grid_ids: npt.NDArray[np.str_], now: npt.NDArray[np.str_]) -> Reporters:
    """Return which feeds reported on which of today's grids, by the grids that the reports themselves name."""
    since = np.full((len(histories.feeds), len(grid_ids)), NEVER, np.int32)
    np.minimum.at(since, (histories.feed, histories.cases.grid), histories.cases.known_day)
    place = positions(grid_ids, now)
    first = int(histories.cases.known_day.min())
    span = int(histories.cases.known_day.max()) - first + 1
    reported = np.bincount(histories.feed * np.int64(span) + (histories.cases.known_day - first), minlength=len(histories.feeds) * span)
    feed, day = np.divmod(np.flatnonzero(reported), span)
    return Reporters(histories.feeds, since[:, place], feed.astype(np.int16), (day + first).astype(np.int32))


def _known_through(subject: Subject) -> int:
    return min(day_number(feed.known_through.astimezone(ZoneInfo(subject.zone)).date()) for feed in subject.feeds.values())


def _first_day(histories: Histories) -> int:
    """Return the day of the first record, NEVER in a log of petitions alone: their number moves no rate."""
    petition = histories.words.event_types.index(EventType.PETITION) if EventType.PETITION in histories.words.event_types else -1
    return int(histories.cases.known_day[histories.cases.event_type != petition].min(initial=NEVER))
