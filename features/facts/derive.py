"""Derive facts from a snapshot of the event log, for one target."""

from collections.abc import Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import NEVER, Days, local_days
from features.errors import UsageError
from features.eventlog.snapshot import Feed, LogSnapshot
from features.facts.bursts import join_bursts
from features.facts.codes import Vocabulary, codes
from features.facts.corrections import Corrections, follow_corrections
from features.facts.covariates import place_covariates
from features.facts.crosswalk import split
from features.facts.escalations import clock_fires, hazards_of, refuse_unknown_categories, target_marks, without_petitions
from features.facts.facts import Cases, Facts, Marks, Outcome, Spells
from features.facts.places import Places, read_places
from features.facts.spells import open_spells, read_moves
from features.schema import DISPUTE_CATEGORIES, Action, Col
from features.settings import Settings
from features.targets import Target
from features.undertakings.laid import with_undertakings

DEFAULT_TARGET = "escalation"
"""Name under which the setting `target` is reported."""

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


def read_facts(snapshot: LogSnapshot, target_name: str | None, settings: Settings) -> Facts:
    """Turn a snapshot of the log into facts for one target.

    A target that a feed's source file declares counts that feed only, over the grids of that feed.

    Raises:
        UsageError: the target is not declared anywhere, or the log holds no record it could count.
    """
    target, feeds = find_target(snapshot, target_name, settings)
    refuse_unknown_categories(target, known_categories(snapshot, settings))
    records = snapshot.records
    if len(feeds) < len(snapshot.feeds):
        records = records.filter((pl.col(Col.ACTION) != Action.REPORTED) | pl.col(Col.FEED).cast(pl.String).is_in(list(feeds)))
    reported = records.filter(pl.col(Col.ACTION) == Action.REPORTED).select(CASE_COLUMNS)
    if reported.is_empty():
        raise UsageError("the event log holds no records of this target. Run `yujing ingest FILE` first.")
    corrected = records.filter((pl.col(Col.ACTION) == Action.CORRECTED) & pl.col(Col.GRID_ID).is_not_null())
    places = read_places(_grids(snapshot, reported, corrected), snapshot.neighbours)
    # records come nearly in the order in which they became known, which makes two stable sorts cheaper than one by both keys
    cases = reported.sort(Col.KNOWN_AT, maintain_order=True)
    cases = cases.with_columns(grid=_positions(cases[Col.GRID_ID], places.grid_ids)).sort("grid", maintain_order=True)
    moves = read_moves(records, cases)
    spells, fires = open_spells(cases, moves), clock_fires(cases, feeds, target, settings.zone)
    corrected = _last_of_each_day(corrected, cases, settings.zone)
    words = Vocabulary.of(pl.concat([cases, corrected], how="diagonal_relaxed"))
    marks = _mark_arrays(target_marks(target, cases, moves, spells, fires), cases, settings.zone)
    came_back = moves.filter(pl.col(Col.ACTION) == Action.REOPENED).with_columns(outcome=pl.lit(int(Outcome.CAME_BACK), pl.Int16))
    facts = Facts(
        places=places,
        cases=_case_arrays(cases, fires, words, settings.zone),
        spells=_spell_arrays(spells, cases, settings.zone),
        target=marks,
        hazards=marks,
        reopened=_mark_arrays(came_back, cases, settings.zone),
        event_types=words.event_types,
        kinds=words.kinds,
        sources=words.sources,
        target_name=target_name or DEFAULT_TARGET,
        known_through_day=_known_through(feeds, settings.zone),
        first_day=_first_day(cases, settings.zone),
        sequence=snapshot.sequence,
    )
    if target.parent:
        parent, _ = find_target(snapshot, target.parent, settings)
        borrowed = target_marks(hazards_of(parent), cases, moves, spells, fires)
        facts = replace(facts, hazards=_mark_arrays(borrowed, cases, settings.zone))
    facts, row_of = join_bursts(facts, _joining(cases, feeds))
    corrected = corrected.with_columns(case=pl.Series(row_of[corrected["case"].to_numpy()])).filter(pl.col("case") >= 0)
    facts = replace(facts, places=_since_first_record(facts, snapshot.grids))
    facts = split(_corrected(facts, corrected, words), snapshot.crosswalk)
    names, covariates = place_covariates(snapshot.covariates, facts.places.grid_ids, settings.zone)
    return with_undertakings(replace(facts, covariate_names=names, covariates=covariates), snapshot, settings.zone)


def find_target(snapshot: LogSnapshot, name: str | None, settings: Settings) -> tuple[Target, dict[str, Feed]]:
    """Return the target of that name and the feeds it counts: those that declare it, else all."""
    if name is None or name == DEFAULT_TARGET:
        return settings.target, snapshot.feeds
    if name in settings.targets:
        return settings.targets[name], snapshot.feeds
    declared = {feed.targets[name] for feed in snapshot.feeds.values() if name in feed.targets}
    if not declared:
        known = ", ".join(target_names(snapshot.feeds, settings))
        raise UsageError(f"target must be one of {known}, got {name!r}. Name it under `targets:` of the configuration.")
    if len(declared) > 1:
        raise UsageError(f"target {name!r} means different things in several source files. Settle it under `targets:` of the settings.")
    return declared.pop(), {key: feed for key, feed in snapshot.feeds.items() if name in feed.targets}


def target_names(feeds: Mapping[str, Feed], settings: Settings) -> tuple[str, ...]:
    """Return the targets that can be named: the default one first, then those of the settings and of the source files."""
    named = {*settings.targets, *(name for feed in feeds.values() for name in feed.targets)} - {DEFAULT_TARGET}
    return (DEFAULT_TARGET, *sorted(named))


def targets_that_occurred(snapshot: LogSnapshot, settings: Settings) -> dict[str, int]:
    """Return target -> how often it occurred, of those that ever did."""
    counts = {name: len(read_facts(snapshot, name, settings).target.case) for name in target_names(snapshot.feeds, settings)}
    return {name: count for name, count in counts.items() if count}


def known_categories(snapshot: LogSnapshot, settings: Settings) -> set[str]:
    """Return the codes a target may name: the project's own, those of the settings and the source files, and those in the log."""
    declared = {code for feed in snapshot.feeds.values() for code in feed.categories}
    seen = snapshot.records[Col.CATEGORY].drop_nulls().unique().cast(pl.String)
    return {*DISPUTE_CATEGORIES, *settings.categories, *declared, *seen}


def _last_of_each_day(corrected: pl.DataFrame, cases: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return case, event_type, day, grid_id and category of the corrections of these cases, the last of a case on each day."""
    numbered = cases.select(Col.EVENT_SEQ, Col.EVENT_TYPE, case=pl.int_range(pl.len(), dtype=pl.Int32))
    known = corrected.select(Col.EVENT_SEQ, Col.KNOWN_AT, Col.GRID_ID, Col.CATEGORY).join(numbered, on=Col.EVENT_SEQ, maintain_order="left")
    known = known.with_columns(pl.Series("day", _days(known[Col.KNOWN_AT], zone), dtype=pl.Int32))
    return known.unique(["case", "day"], keep="last", maintain_order=True).drop(Col.EVENT_SEQ, Col.KNOWN_AT)


def _joining(cases: pl.DataFrame, feeds: dict[str, Feed]) -> npt.NDArray[np.bool_]:
    """Tell which cases are of feeds whose reports of one cause are one case."""
    joining = [name for name, feed in feeds.items() if feed.bursts == "join"]
    return cases[Col.FEED].cast(pl.String).is_in(joining).to_numpy()


def _corrected(facts: Facts, corrected: pl.DataFrame, words: Vocabulary) -> Facts:
    """Let corrected cases go on where they were handed to; a grid that is known from such a case alone is there since that day."""
    if corrected.is_empty():
        return facts
    grid, day = _positions(corrected[Col.GRID_ID], facts.places.grid_ids).to_numpy(), corrected["day"].to_numpy()
    valid_from = facts.places.valid_from.copy()
    np.minimum.at(valid_from, grid, day)
    corrections = Corrections(corrected["case"].to_numpy(), day, grid, words.kind_of(corrected))
    return follow_corrections(replace(facts, places=replace(facts.places, valid_from=valid_from)), corrections)


def _grids(snapshot: LogSnapshot, reported: pl.DataFrame, corrected: pl.DataFrame) -> pl.DataFrame:
    """Return the grids of the snapshot; only those with records where its feeds are not all in use."""
    if set(reported[Col.FEED].unique().cast(pl.String)) == set(snapshot.feeds):
        return snapshot.grids
    seen = pl.concat([reported[Col.GRID_ID].cast(pl.String), corrected[Col.GRID_ID].cast(pl.String)]).unique()
    successors = snapshot.crosswalk.filter(pl.col("old").cast(pl.String).is_in(seen.to_list()))["new"].cast(pl.String)
    return snapshot.grids.filter(pl.col(Col.GRID_ID).cast(pl.String).is_in([*seen, *successors]))


def _since_first_record(facts: Facts, grids: pl.DataFrame) -> Places:
    """Let a grid without a position, known from its events alone, be there only since its first record."""
    first = np.full(facts.places.size, NEVER, np.int32)
    np.minimum.at(first, facts.cases.grid[~facts.is_petition], facts.cases.known_day[~facts.is_petition])
    registered = grids.filter(pl.col(Col.LON).is_not_null())[Col.GRID_ID].cast(pl.String).to_numpy().astype(np.str_)
    valid_from = np.where(np.isin(facts.places.grid_ids, registered), facts.places.valid_from, first)
    return replace(facts.places, valid_from=valid_from.astype(np.int32))


def _positions(grid_id: pl.Series, grid_ids: npt.NDArray[np.str_]) -> pl.Series:
    found = codes(grid_id, dict(zip(grid_ids.tolist(), range(len(grid_ids)), strict=True)))
    if (found < 0).any():
        raise UsageError("events lie outside the grid table. Ingest the grid file that holds their grids.")
    return pl.Series("grid", found.astype(np.int32))


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


def _days(times: pl.Series, zone: str) -> Days:
    """Return the local day number of each time, NEVER where there is none."""
    days = np.full(len(times), NEVER, np.int32)
    known = times.is_not_null().to_numpy()
    if known.any():
        days[known] = local_days(times.drop_nulls().dt.epoch("us").to_numpy(), ZoneInfo(zone))
    return days


def _known_through(feeds: dict[str, Feed], zone: str) -> int:
    known = pl.Series([feed.known_through for feed in feeds.values()], dtype=pl.Datetime("us", "UTC"))
    return int(_days(known, zone).min())


def _first_day(cases: pl.DataFrame, zone: str) -> int:
    """Return the day of the first record, NEVER in a log of petitions alone: their number moves no rate."""
    return int(_days(without_petitions(cases).select(pl.col(Col.KNOWN_AT).min()).to_series(), zone)[0])
