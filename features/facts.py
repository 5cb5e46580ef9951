"""Facts: the event log as arrays of day numbers, ordered by grid.

Every fact carries the local day on which it became known; a fact of day d is usable from as_of d + 1 on. Rules that fire by the clock
(a deadline passes, N days go by) are worked out here, from what was known at the moment they fire.
"""

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import NEVER, Days
from features.errors import UsageError
from features.eventlog.snapshot import Feed, LogSnapshot
from features.places import WEIGHT_UNIT, Indices, Places, positions, read_places
from features.schema import CLOSING_ACTIONS, Action, Col, EventType
from features.settings import Settings
from features.targets import DeadlinePassed, Rule, Target

DEFAULT_TARGET = "escalation"
"""Name under which the setting `target` is reported."""

PETITION_TERM_DAYS = 60
"""Legal term of a petition without a deadline of its own: a withdrawn one counts as open until then."""

GROUP_BUCKETS = ("5-9", "10-29", "30+")
"""People buckets of cases that five or more people bring jointly."""

Codes = npt.NDArray[np.int16]
Weights = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Cases:
    """One row per case and current grid, ordered by grid; arrays of equal length."""

    grid: Indices
    weight: Weights
    """Share of the case that lies in this grid; below 1 only for cases of a grid that was redrawn."""
    event_type: Codes
    """Position in `Facts.event_types`."""
    kind: Codes
    """Position in `Facts.kinds`, the pairs of event type and category."""
    source: Codes
    """Position in `Facts.sources`; -1 where unknown."""
    group: npt.NDArray[np.bool_]
    """True where five or more people are concerned jointly."""
    occurred_day: Days
    known_day: Days
    deadline_day: Days
    """NEVER where there is none."""
    due_day: Days
    """Day on which the target's clock rule fires unless the case is closed before; NEVER where no rule applies."""


@dataclass(frozen=True)
class Spells:
    """Stretches of time in which a case is known to be open, for as_of in (start_day, end_day]; ordered by grid."""

    case: Indices
    """Row of `Cases`."""
    start_day: Days
    end_day: Days
    """NEVER while it is open."""


@dataclass(frozen=True)
class Marks:
    """Things that happened to cases, such as an escalation; ordered by grid."""

    case: Indices
    """Row of `Cases`."""
    occurred_day: Days
    known_day: Days


@dataclass(frozen=True)
class Facts:
    """All that counters and labels read, with the vocabulary that turns codes into words."""

    places: Places
    cases: Cases
    spells: Spells
    target: Marks
    """Every escalation the target counts: a case once per spell."""
    reopened: Marks
    event_types: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]
    target_name: str
    known_through_day: int
    """Last day through which every feed in use is complete."""
    first_day: int
    """Day of the first known record."""
    sequence: int


def read_facts(snapshot: LogSnapshot, target_name: str | None, settings: Settings) -> Facts:
    """Turn a snapshot of the log into facts for one target.

    A target that a feed's source file declares counts that feed only, over the grids of that feed.

    Raises:
        UsageError: the target is not declared anywhere, or the log holds no record it could count.
    """
    target, feeds = find_target(snapshot, target_name, settings)
    records = snapshot.records.filter(pl.col(Col.FEED).cast(pl.String).is_in(list(feeds)))
    if records.is_empty():
        raise UsageError("the event log holds no records of this target. Run `yujing ingest FILE` first.")
    places = _places(snapshot, records)
    cases = _cases(records, snapshot.crosswalk, places)
    moves = _moves(records, cases)
    spells = _spells(cases, moves)
    fires = _fires(cases, feeds, target)
    first_day, known_through_day = _span(cases, feeds, settings.zone)
    vocabulary = _Vocabulary.of(cases)
    return Facts(
        places=places,
        cases=_case_arrays(cases, fires, vocabulary, settings.zone),
        spells=_spell_arrays(spells, settings.zone),
        target=_mark_arrays(_target_marks(target, cases, moves, _fired(fires, spells)), settings.zone),
        reopened=_mark_arrays(moves.filter(pl.col(Col.ACTION) == Action.REOPENED), settings.zone),
        event_types=vocabulary.event_types,
        kinds=vocabulary.kinds,
        sources=vocabulary.sources,
        target_name=target_name or DEFAULT_TARGET,
        known_through_day=known_through_day,
        first_day=first_day,
        sequence=snapshot.sequence,
    )


def find_target(snapshot: LogSnapshot, name: str | None, settings: Settings) -> tuple[Target, dict[str, Feed]]:
    """Return the target of that name and the feeds it counts: those that declare it, else all."""
    if name is None or name == DEFAULT_TARGET:
        return settings.target, snapshot.feeds
    if name in settings.targets:
        return settings.targets[name], snapshot.feeds
    declared = {feed.targets[name]: feed for feed in snapshot.feeds.values() if name in feed.targets}
    if not declared:
        known = {DEFAULT_TARGET, *settings.targets, *(key for feed in snapshot.feeds.values() for key in feed.targets)}
        raise UsageError(f"target must be one of {', '.join(sorted(known))}, got {name!r}. Name it under `targets:` of the configuration.")
    if len(declared) > 1:
        raise UsageError(
            f"target {name!r} means different things in several source files. Settle it under `targets:` of the configuration."
        )
    target = next(iter(declared))
    return target, {key: feed for key, feed in snapshot.feeds.items() if name in feed.targets}


def _places(snapshot: LogSnapshot, records: pl.DataFrame) -> Places:
    grids = snapshot.grids.with_columns(pl.col(Col.GRID_ID).cast(pl.String))
    grids = grids.filter(~pl.col(Col.GRID_ID).is_in(snapshot.crosswalk["old"].cast(pl.String).to_list()))
    if len(records) < len(snapshot.records):
        seen = records[Col.GRID_ID].drop_nulls().unique().cast(pl.String)
        grids = grids.filter(pl.col(Col.GRID_ID).is_in(seen.to_list()))
    return read_places(grids, snapshot.neighbours)


def _cases(records: pl.DataFrame, crosswalk: pl.DataFrame, places: Places) -> pl.DataFrame:
    """Return reported records with `grid` and `weight`, a redrawn grid's cases split over its successors; `case` numbers the rows."""
    reported = records.filter(pl.col(Col.ACTION) == Action.REPORTED)
    names = reported[Col.GRID_ID].unique().cast(pl.String).rename("grid_name")
    shares = crosswalk.select(pl.col("old").cast(pl.String), pl.col("new").cast(pl.String), pl.col("share").cast(pl.Float64))
    now = names.to_frame().join(shares, left_on="grid_name", right_on="old", how="left")
    now = now.with_columns(pl.col("new").fill_null(pl.col("grid_name")), pl.col("share").fill_null(1.0))
    now = now.with_columns(
        pl.Series("grid", positions(places.grid_ids, now["new"].to_numpy().astype(np.str_))),
        (pl.col("share") / WEIGHT_UNIT).round().mul(WEIGHT_UNIT).alias("weight"),
        pl.col("grid_name").cast(reported.schema[Col.GRID_ID]).alias(Col.GRID_ID),
    )
    located = reported.join(now.select(Col.GRID_ID, "grid", "weight"), on=Col.GRID_ID).filter(pl.col("grid") >= 0)
    return located.sort("grid", Col.KNOWN_AT, Col.SEQ).with_row_index("case")


def _moves(records: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """Return the transitions after the report with their `case`, in the order in which they became known."""
    moves = records.filter(pl.col(Col.ACTION) != Action.REPORTED).select(Col.SEQ, Col.EVENT_SEQ, Col.ACTION, Col.AT, Col.KNOWN_AT)
    return moves.join(cases.select("case", Col.EVENT_SEQ), on=Col.EVENT_SEQ).sort("case", Col.KNOWN_AT, Col.SEQ)


def _spells(cases: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Return one row per open spell: case, n (0 for the first), start_at, end_at (null while open)."""
    closing = pl.col(Col.ACTION).is_in([action.value for action in CLOSING_ACTIONS])
    turns = moves.filter(closing | (pl.col(Col.ACTION) == Action.REOPENED)).with_columns(closing.alias("closing"))
    turns = _keep_petitions_open(turns, cases)
    same_case = pl.col("case") == pl.col("case").shift(1)
    before = pl.when(same_case).then(pl.col("closing").shift(1)).otherwise(statement=False).fill_null(value=False)
    turns = turns.filter(pl.col("closing") != before)
    ends = turns.filter(pl.col("closing")).select("case", pl.col(Col.KNOWN_AT).alias("end_at"))
    starts = pl.concat(
        [
            cases.select("case", pl.col(Col.KNOWN_AT).alias("start_at")),
            turns.filter(~pl.col("closing")).select("case", pl.col(Col.KNOWN_AT).alias("start_at")),
        ]
    ).sort("case", maintain_order=True)
    numbered = [frame.with_columns(_count_within_case().alias("n")) for frame in (starts, ends)]
    return numbered[0].join(numbered[1], on=["case", "n"], how="left", maintain_order="left")


def _count_within_case() -> pl.Expr:
    """Return the position of each row among the rows of its case, in a frame sorted by case."""
    row = pl.int_range(pl.len(), dtype=pl.Int64)
    return row - pl.when(pl.col("case") != pl.col("case").shift(1)).then(row).fill_null(strategy="forward").fill_null(0)


def _keep_petitions_open(turns: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """Let a withdrawn petition count as open until its term ends: talking someone out of it earns nothing."""
    withdrawn = turns[Col.ACTION] == Action.WITHDRAWN
    if not withdrawn.any():
        return turns
    term = pl.coalesce(pl.col(Col.DEADLINE_AT), pl.col(Col.KNOWN_AT) + timedelta(days=PETITION_TERM_DAYS))
    terms = cases.filter(pl.col(Col.EVENT_TYPE) == EventType.PETITION).select("case", term.alias("term"))
    late = (pl.col(Col.ACTION) == Action.WITHDRAWN) & pl.col("term").is_not_null()
    known_at = pl.when(late).then(pl.max_horizontal(Col.KNOWN_AT, "term")).otherwise(pl.col(Col.KNOWN_AT))
    return turns.join(terms, on="case", how="left").with_columns(known_at.alias(Col.KNOWN_AT)).sort("case", Col.KNOWN_AT, Col.SEQ)


def _fires(cases: pl.DataFrame, feeds: dict[str, Feed], target: Target) -> pl.DataFrame:
    """Return when the target's clock rules fire for each case they apply to, open or not: case, fire_at."""
    parts = [
        cases.filter(pl.col(Col.FEED) == name).select("case", _fire_at(rule).alias("fire_at"))
        for name, feed in feeds.items()
        for rule in feed.rules
        if rule.action in target.transitions
    ]
    empty = cases.clear().select("case", pl.col(Col.KNOWN_AT).alias("fire_at"))
    return pl.concat([empty, *parts]).drop_nulls()


def _fire_at(rule: Rule) -> pl.Expr:
    if isinstance(rule, DeadlinePassed):
        return pl.col(Col.DEADLINE_AT)
    return pl.col(Col.AT) + timedelta(days=rule.days)


def _fired(fires: pl.DataFrame, spells: pl.DataFrame) -> pl.DataFrame:
    """Return the fires that met a case known to be open: case, at, known_at."""
    met = fires.join(spells, on="case").filter(
        (pl.col("start_at") <= pl.col("fire_at")) & (pl.col("end_at").is_null() | (pl.col("end_at") > pl.col("fire_at")))
    )
    return met.select("case", pl.col("fire_at").alias(Col.AT), pl.col("fire_at").alias(Col.KNOWN_AT))


def _target_marks(target: Target, cases: pl.DataFrame, moves: pl.DataFrame, fired: pl.DataFrame) -> pl.DataFrame:
    """Return what the target counts: case, at, known_at; petitions never count."""
    lawful = cases.filter(pl.col(Col.EVENT_TYPE) != EventType.PETITION)
    if target.events is not None:
        chosen = lawful
        if target.events.event_type:
            chosen = chosen.filter(pl.col(Col.EVENT_TYPE).cast(pl.String).is_in(list(target.events.event_type)))
        if target.events.category:
            chosen = chosen.filter(pl.col(Col.CATEGORY).cast(pl.String).is_in(list(target.events.category)))
        return chosen.select("case", pl.col(Col.OCCURRED_AT).alias(Col.AT), Col.KNOWN_AT)
    stored = moves.filter(pl.col(Col.ACTION).cast(pl.String).is_in(list(target.transitions))).select("case", Col.AT, Col.KNOWN_AT)
    reopened = moves.filter(pl.col(Col.ACTION) == Action.REOPENED).select("case", Col.AT, Col.KNOWN_AT)
    marks = pl.concat([reopened.with_columns(spell=pl.lit(1)), pl.concat([stored, fired]).with_columns(spell=pl.lit(0))])
    marks = marks.sort("case", Col.AT, maintain_order=True).with_columns(pl.col("spell").cum_sum().alias("period"), pl.col("spell") == 0)
    counted = marks.filter(pl.col("spell")).unique(["case", "period"], keep="first", maintain_order=True)
    return counted.join(lawful.select("case"), on="case", how="semi", maintain_order="left").select("case", Col.AT, Col.KNOWN_AT)


@dataclass(frozen=True)
class _Vocabulary:
    event_types: tuple[str, ...]
    kinds: tuple[tuple[str, str], ...]
    sources: tuple[str, ...]

    @classmethod
    def of(cls, cases: pl.DataFrame) -> "_Vocabulary":
        pairs = cases.select(pl.col(Col.EVENT_TYPE, Col.CATEGORY)).unique().cast(pl.String).sort(Col.EVENT_TYPE, Col.CATEGORY)
        sources = cases[Col.SOURCE].drop_nulls().unique().cast(pl.String).sort()
        present = set(pairs[Col.EVENT_TYPE])
        return cls(tuple(kind.value for kind in EventType if kind in present), tuple(pairs.iter_rows()), tuple(sources))


def _case_arrays(cases: pl.DataFrame, fires: pl.DataFrame, words: _Vocabulary, zone: str) -> Cases:
    due = np.full(len(cases), NEVER, np.int32)
    np.minimum.at(due, fires["case"].to_numpy(), fires.select(_day("fire_at", zone)).to_series().to_numpy())
    kinds = [f"{event_type}/{category}" for event_type, category in words.kinds]
    kind = pl.concat_str(pl.col(Col.EVENT_TYPE).cast(pl.String), pl.col(Col.CATEGORY).cast(pl.String), separator="/")
    group = pl.col(Col.PEOPLE_BUCKET).cast(pl.String).is_in(list(GROUP_BUCKETS)).fill_null(value=False)
    columns = cases.select(
        "grid",
        "weight",
        _code(pl.col(Col.EVENT_TYPE).cast(pl.String), words.event_types).alias("event_type"),
        _code(kind, kinds).alias("kind"),
        _code(pl.col(Col.SOURCE).cast(pl.String), words.sources).alias("source"),
        group.alias("group"),
        _day(Col.OCCURRED_AT, zone).alias("occurred_day"),
        _day(Col.KNOWN_AT, zone).alias("known_day"),
        _day(Col.DEADLINE_AT, zone).fill_null(int(NEVER)).alias("deadline_day"),
    )
    return Cases(**{name: columns[name].to_numpy() for name in columns.columns}, due_day=due)


def _spell_arrays(spells: pl.DataFrame, zone: str) -> Spells:
    end_day = spells.select(_day("end_at", zone).fill_null(int(NEVER))).to_series().to_numpy()
    start_day = spells.select(_day("start_at", zone)).to_series().to_numpy()
    return Spells(spells["case"].cast(pl.Int32).to_numpy(), start_day, end_day)


def _mark_arrays(marks: pl.DataFrame, zone: str) -> Marks:
    days = marks.select(_day(Col.AT, zone).alias("at"), _day(Col.KNOWN_AT, zone).alias("known"))
    return Marks(marks["case"].cast(pl.Int32).to_numpy(), days["at"].to_numpy(), days["known"].to_numpy())


def _span(cases: pl.DataFrame, feeds: dict[str, Feed], zone: str) -> tuple[int, int]:
    known = pl.Series("known_through", [feed.known_through for feed in feeds.values()], dtype=pl.Datetime("us", "UTC"))
    first = cases.select(_day(Col.KNOWN_AT, zone).min()).item()
    return int(first), int(known.to_frame().select(_day("known_through", zone).min()).item())


def _day(column: str, zone: str) -> pl.Expr:
    return pl.col(column).dt.convert_time_zone(zone).dt.date().cast(pl.Int32)


def _code(words: pl.Expr, vocabulary: tuple[str, ...] | list[str]) -> pl.Expr:
    codes = pl.Series(range(len(vocabulary)), dtype=pl.Int16)
    return words.replace_strict(pl.Series(vocabulary, dtype=pl.String), codes, default=-1, return_dtype=pl.Int16).fill_null(-1)
