"""Derive facts from the event log: open spells, escalations, and rules that fire by the clock.

A rule (a deadline passes, N days go by) fires on what was known at that moment: on a case that is known to be open then, and is itself
known from then on.
"""

from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from features.crosswalk import split
from features.days import NEVER, Days
from features.errors import UsageError
from features.eventlog.snapshot import Feed, LogSnapshot
from features.facts import Cases, Facts, Marks, Spells
from features.places import read_places
from features.schema import CLOSING_ACTIONS, Action, Col, EventType
from features.settings import Settings
from features.targets import DeadlinePassed, EventFilter, Rule, Target
from features.vocabulary import Vocabulary, codes

DEFAULT_TARGET = "escalation"
"""Name under which the setting `target` is reported."""

PETITION_TERM_DAYS = 60
"""Legal term of a petition without a deadline of its own: a withdrawn one counts as open until then."""

GROUP_BUCKETS = ("5-9", "10-29", "30+")
"""People buckets of cases that five or more people bring jointly."""

CASE_COLUMNS = (
    Col.EVENT_SEQ,
    Col.FEED,
    Col.GRID_ID,
    Col.EVENT_TYPE,
    Col.CATEGORY,
    Col.SOURCE,
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
    records = snapshot.records
    if len(feeds) < len(snapshot.feeds):
        records = records.filter((pl.col(Col.ACTION) != Action.REPORTED) | pl.col(Col.FEED).cast(pl.String).is_in(list(feeds)))
    reported = records.filter(pl.col(Col.ACTION) == Action.REPORTED).select(CASE_COLUMNS)
    if reported.is_empty():
        raise UsageError("the event log holds no records of this target. Run `yujing ingest FILE` first.")
    places = read_places(_grids(snapshot, reported), snapshot.neighbours)
    cases = reported.with_columns(grid=_positions(reported[Col.GRID_ID], places.grid_ids)).sort("grid", Col.KNOWN_AT, maintain_order=True)
    moves = _moves(records, cases)
    spells, fires = _spells(cases, moves), _fires(cases, feeds, target, settings.zone)
    words = Vocabulary.of(cases)
    facts = Facts(
        places=places,
        cases=_case_arrays(cases, fires, words, settings.zone),
        spells=_spell_arrays(spells, cases, settings.zone),
        target=_mark_arrays(_target_marks(target, cases, moves, spells, fires), cases, settings.zone),
        reopened=_mark_arrays(moves.filter(pl.col(Col.ACTION) == Action.REOPENED), cases, settings.zone),
        event_types=words.event_types,
        kinds=words.kinds,
        sources=words.sources,
        target_name=target_name or DEFAULT_TARGET,
        known_through_day=_known_through(feeds, settings.zone),
        first_day=_first_day(cases, settings.zone),
        sequence=snapshot.sequence,
    )
    return split(facts, snapshot.crosswalk)


def find_target(snapshot: LogSnapshot, name: str | None, settings: Settings) -> tuple[Target, dict[str, Feed]]:
    """Return the target of that name and the feeds it counts: those that declare it, else all."""
    if name is None or name == DEFAULT_TARGET:
        return settings.target, snapshot.feeds
    if name in settings.targets:
        return settings.targets[name], snapshot.feeds
    declared = {feed.targets[name] for feed in snapshot.feeds.values() if name in feed.targets}
    if not declared:
        known = {DEFAULT_TARGET, *settings.targets, *(key for feed in snapshot.feeds.values() for key in feed.targets)}
        raise UsageError(f"target must be one of {', '.join(sorted(known))}, got {name!r}. Name it under `targets:` of the configuration.")
    if len(declared) > 1:
        raise UsageError(f"target {name!r} means different things in several source files. Settle it under `targets:` of the settings.")
    return declared.pop(), {key: feed for key, feed in snapshot.feeds.items() if name in feed.targets}


def _grids(snapshot: LogSnapshot, reported: pl.DataFrame) -> pl.DataFrame:
    """Return the grids of the snapshot; only those with records where its feeds are not all in use."""
    if set(reported[Col.FEED].unique().cast(pl.String)) == set(snapshot.feeds):
        return snapshot.grids
    seen = reported[Col.GRID_ID].unique().cast(pl.String)
    successors = snapshot.crosswalk.filter(pl.col("old").cast(pl.String).is_in(seen.to_list()))["new"].cast(pl.String)
    return snapshot.grids.filter(pl.col(Col.GRID_ID).cast(pl.String).is_in([*seen, *successors]))


def _positions(grid_id: pl.Series, grid_ids: npt.NDArray[np.str_]) -> pl.Series:
    found = codes(grid_id, dict(zip(grid_ids.tolist(), range(len(grid_ids)), strict=True)))
    if (found < 0).any():
        raise UsageError("events lie outside the grid table. Ingest the grid file that holds their grids.")
    return pl.Series("grid", found.astype(np.int32))


def _moves(records: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """Return the transitions after the report with their `case`, by case and in the order in which they became known."""
    moves = records.filter(pl.col(Col.ACTION) != Action.REPORTED).select(Col.EVENT_SEQ, Col.ACTION, Col.AT, Col.KNOWN_AT)
    case_of = np.full(records.select(pl.col(Col.EVENT_SEQ).max()).item() + 1, -1, np.int32)
    case_of[cases[Col.EVENT_SEQ].to_numpy()] = np.arange(len(cases), dtype=np.int32)
    moves = moves.with_columns(case=pl.Series(case_of[moves[Col.EVENT_SEQ].to_numpy()])).filter(pl.col("case") >= 0)
    return moves.drop(Col.EVENT_SEQ).sort("case", Col.KNOWN_AT, maintain_order=True)


def _spells(cases: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Return one row per open spell: case, start_at, end_at (null while open), by case and start.

    A closing counts where the case is open, a reopening where it is closed; whatever repeats the state is passed over.
    """
    closing = pl.col(Col.ACTION).is_in([action.value for action in CLOSING_ACTIONS])
    turns = moves.filter(closing | (pl.col(Col.ACTION) == Action.REOPENED)).with_columns(closing.alias("closing"))
    turns = _keep_petitions_open(turns, cases)
    same_case = pl.col("case") == pl.col("case").shift(1)
    was_closed = (same_case & pl.col("closing").shift(1)).fill_null(value=False)
    turns = turns.filter(pl.col("closing") != was_closed).with_columns(
        end_at=pl.when(pl.col("case") == pl.col("case").shift(-1)).then(pl.col(Col.KNOWN_AT).shift(-1))
    )
    first_in_case = (pl.col("case") != pl.col("case").shift(1)).fill_null(value=True)
    first_ends = turns.filter(first_in_case).select("case", pl.col(Col.KNOWN_AT).alias("end_at"))
    again = turns.filter(~pl.col("closing")).select("case", pl.col(Col.KNOWN_AT).alias("start_at"), "end_at")
    ends = np.full(len(cases), np.datetime64("NaT"), "datetime64[us]")
    ends[first_ends["case"].to_numpy()] = first_ends["end_at"].dt.replace_time_zone(None).to_numpy()
    firsts = pl.DataFrame({"case": np.arange(len(cases), dtype=np.int32), "start_at": cases[Col.KNOWN_AT], "end_at": ends})
    firsts = firsts.with_columns(pl.col("end_at").dt.replace_time_zone("UTC"))
    return pl.concat([firsts, again]).sort("case", maintain_order=True) if len(again) else firsts


def _keep_petitions_open(turns: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """Let a withdrawn petition count as open until its term ends: talking someone out of it earns nothing."""
    if not (turns[Col.ACTION] == Action.WITHDRAWN).any():
        return turns
    term = pl.coalesce(pl.col(Col.DEADLINE_AT), pl.col(Col.KNOWN_AT) + timedelta(days=PETITION_TERM_DAYS))
    terms = _numbered(cases).filter(pl.col(Col.EVENT_TYPE) == EventType.PETITION).select("case", term.alias("term"))
    late = (pl.col(Col.ACTION) == Action.WITHDRAWN) & pl.col("term").is_not_null()
    known_at = pl.when(late).then(pl.max_horizontal(Col.KNOWN_AT, "term")).otherwise(pl.col(Col.KNOWN_AT))
    moved = turns.join(terms, on="case", how="left", maintain_order="left").with_columns(known_at.alias(Col.KNOWN_AT))
    return moved.drop("term").sort("case", Col.KNOWN_AT, maintain_order=True)


def _numbered(cases: pl.DataFrame) -> pl.DataFrame:
    return cases.with_columns(case=pl.int_range(pl.len(), dtype=pl.Int32))


def _lawful(cases: pl.DataFrame) -> pl.DataFrame:
    """Return the cases that may escalate, numbered: all but petitions."""
    return _numbered(cases).filter(pl.col(Col.EVENT_TYPE) != EventType.PETITION)


def _fires(cases: pl.DataFrame, feeds: dict[str, Feed], target: Target, zone: str) -> pl.DataFrame:
    """Return when the target's clock rules fire for each case they apply to, open or not: case, fire_at; never on petitions."""
    numbered = _lawful(cases)
    parts = [
        numbered.filter(pl.col(Col.FEED).cast(pl.String) == name).select("case", _fire_at(rule, zone).alias("fire_at"))
        for name, feed in feeds.items()
        for rule in feed.rules
        if rule.action in target.transitions
    ]
    empty = numbered.clear().select("case", pl.col(Col.KNOWN_AT).alias("fire_at"))
    return pl.concat([empty, *parts]).drop_nulls()


def _fire_at(rule: Rule, zone: str) -> pl.Expr:
    """Return the moment; days are those of the zone, so that a change of clocks moves none."""
    if isinstance(rule, DeadlinePassed):
        return pl.col(Col.DEADLINE_AT)
    days = timedelta(days=rule.days)
    local = pl.col(Col.AT).dt.convert_time_zone(zone).dt.replace_time_zone(None) + days
    there = local.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").dt.convert_time_zone("UTC")
    return there.fill_null(pl.col(Col.AT) + days)


def _fired(fires: pl.DataFrame, spells: pl.DataFrame) -> pl.DataFrame:
    """Return the fires that met a case known to be open: case, at, known_at."""
    met = fires.join(spells, on="case").filter(
        (pl.col("start_at") <= pl.col("fire_at")) & (pl.col("end_at").is_null() | (pl.col("end_at") > pl.col("fire_at")))
    )
    return met.select("case", pl.col("fire_at").alias(Col.AT), pl.col("fire_at").alias(Col.KNOWN_AT))


def _target_marks(target: Target, cases: pl.DataFrame, moves: pl.DataFrame, spells: pl.DataFrame, fires: pl.DataFrame) -> pl.DataFrame:
    """Return what the target counts, by case: case, at, known_at.

    Petitions never count. A case counts once per spell, by what was known first: what is learnt later takes nothing back.
    """
    lawful = _lawful(cases)
    if target.events is not None:
        return _matching(lawful, target.events).select("case", pl.col(Col.OCCURRED_AT).alias(Col.AT), Col.KNOWN_AT)
    wanted = [action.value for action in target.transitions]
    stored = moves.filter(pl.col(Col.ACTION).is_in(wanted)).select("case", Col.AT, Col.KNOWN_AT)
    again = spells.filter(pl.col("case") == pl.col("case").shift(1)).select("case", at=pl.col("start_at"), known_at=pl.col("start_at"))
    marks = pl.concat([again.with_columns(turn=pl.lit(1)), pl.concat([stored, _fired(fires, spells)]).with_columns(turn=pl.lit(0))])
    marks = marks.sort("case", Col.KNOWN_AT, maintain_order=True).with_columns(spell=pl.col("turn").cum_sum())
    counted = marks.filter(pl.col("turn") == 0).unique(["case", "spell"], keep="first", maintain_order=True)
    return counted.join(lawful.select("case"), on="case", how="semi", maintain_order="left").select("case", Col.AT, Col.KNOWN_AT)


def _matching(cases: pl.DataFrame, wanted: EventFilter) -> pl.DataFrame:
    for column, values in ((Col.EVENT_TYPE, wanted.event_type), (Col.CATEGORY, wanted.category)):
        if values:
            cases = cases.filter(pl.col(column).cast(pl.String).is_in(list(values)))
    return cases


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
    )


def _spell_arrays(spells: pl.DataFrame, cases: pl.DataFrame, zone: str) -> Spells:
    case = spells["case"].to_numpy()
    return Spells(case, cases["grid"].to_numpy()[case], _days(spells["start_at"], zone), _days(spells["end_at"], zone))


def _mark_arrays(marks: pl.DataFrame, cases: pl.DataFrame, zone: str) -> Marks:
    case = marks["case"].to_numpy()
    return Marks(case, cases["grid"].to_numpy()[case], _days(marks[Col.AT], zone), _days(marks[Col.KNOWN_AT], zone))


def _days(times: pl.Series, zone: str) -> Days:
    """Return the local day number of each time, NEVER where there is none."""
    local = times.dt.convert_time_zone(zone).dt.date().cast(pl.Int32)
    return local.fill_null(NEVER).to_numpy()


def _known_through(feeds: dict[str, Feed], zone: str) -> int:
    known = pl.Series([feed.known_through for feed in feeds.values()], dtype=pl.Datetime("us", "UTC"))
    return int(_days(known, zone).min())


def _first_day(cases: pl.DataFrame, zone: str) -> int:
    """Return the day of the first record; petitions set it only in a log of nothing else, for their number moves no rate."""
    lawful = _lawful(cases)
    first = (cases if lawful.is_empty() else lawful).select(pl.col(Col.KNOWN_AT).min())
    return int(_days(first.to_series(), zone)[0])
