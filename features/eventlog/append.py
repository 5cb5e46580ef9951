"""Appending a batch to the event log: one transaction, one idempotency key, no hole in the sequence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from operator import itemgetter

import polars as pl
from sqlalchemy import Connection, Engine, insert, select

from features.database.bulk import among, insert_rows, plain, read_frame
from features.database.engine import reading, writing
from features.database.tables import batch as batches
from features.database.tables import event, event_transition, quarantine
from features.errors import StoreError
from features.eventlog.cases import CORE, CORRECTABLE, EVENT_SCHEMA, IDENTITY, MOMENT, prepare_cases
from features.eventlog.feeds import advance_feed, ensure_feed
from features.eventlog.first_load import FirstLoad
from features.eventlog.sequence import advance_sequence, lock_sequence
from features.schema import TRANSITION_COLUMNS, Action, Col

TRANSITION_SCHEMA = pl.Schema(
    {
        Col.EVENT_ID: pl.String(),
        Col.ACTION: pl.String(),
        Col.AT: MOMENT,
        Col.KNOWN_AT: MOMENT,
        Col.GRID_ID: pl.String(),
        Col.CATEGORY: pl.String(),
    }
)
"""A transition on its way into the log; grid and category are those of a correction, else null."""


@dataclass(frozen=True)
class Reconciled:
    """Rows that one batch adds to the log; frames in the order of the batch's rows."""

    events: pl.DataFrame
    """Rows of new cases, with the columns of the batch."""
    transitions: pl.DataFrame
    """Columns of `TRANSITION_SCHEMA`: not yet stored."""
    conflicts: pl.DataFrame
    """Rows that contradict the log, or an earlier row of the batch."""
    accepted: int
    """Rows that brought anything new."""
    corrected: int
    """Rows that moved a case to another grid or category."""
    vanished: int
    """Times that the log knows of a case and its row no longer holds; the log keeps them."""


@dataclass(frozen=True)
class Moment:
    """When a batch is judged: `now` dates its corrections; a bare date stands for its whole day in `zone`."""

    now: datetime
    zone: str


def classify_cases(cases: pl.DataFrame, known: pl.DataFrame, known_transitions: pl.DataFrame, moment: Moment) -> Reconciled:
    """Compare a batch with what the log knows of its cases.

    Args:
        cases: one row per case or repetition of it.
        known: event_id, identity and present grid and category of those cases that are stored.
        known_transitions: event_id, action, at of their stored transitions.
        moment: when that is.
    """
    cases = cases.with_row_index("row")
    opening = cases.join(known, on=Col.EVENT_ID, how="anti").sort("row").unique(Col.EVENT_ID, keep="first", maintain_order=True)
    columns = (Col.EVENT_ID, *IDENTITY, *CORRECTABLE)
    stored = pl.concat([known.select(columns), opening.select(columns)])
    both = cases.join(stored, on=Col.EVENT_ID, suffix="_stored").sort("row")
    agrees = _agree(both, moment.zone)
    agreeing, conflicts = both.filter(agrees), both.filter(~agrees)
    news = _news(agreeing.select(cases.columns), known_transitions, moment.zone)
    corrections = _corrections(agreeing, moment.now)
    transitions = pl.concat([news, corrections], how="diagonal").sort("row", maintain_order=True)
    return Reconciled(
        events=opening,
        transitions=transitions.select(TRANSITION_SCHEMA.keys()),
        conflicts=conflicts,
        accepted=pl.concat([opening["row"], transitions["row"]]).n_unique(),
        corrected=corrections["row"].n_unique(),
        vanished=_count_vanished(agreeing, known_transitions),
    )


def _agree(both: pl.DataFrame, zone: str) -> pl.Series:
    """Tell which rows speak of the same case as the log, by type and times."""
    same = both.select(pl.all_horizontal(pl.col(name) == pl.col(f"{name}_stored") for name in IDENTITY).fill_null(value=False)).to_series()
    if same.all():
        return same
    kind = pl.col(Col.EVENT_TYPE) == pl.col(f"{Col.EVENT_TYPE}_stored")
    times = (same_moment(pl.col(name), pl.col(f"{name}_stored"), zone) for name in (Col.OCCURRED_AT, Col.REPORTED_AT))
    return both.select(pl.all_horizontal(kind, *times).fill_null(value=False)).to_series()


def same_moment(one: pl.Expr, other: pl.Expr, zone: str) -> pl.Expr:
    """Tell whether two times are one, written with or without seconds, or with or without the time of day."""
    whole_minute = (one.dt.truncate("1m") == other.dt.truncate("1m")) & (_is_whole(one, "1m", zone) | _is_whole(other, "1m", zone))
    day = one.dt.convert_time_zone(zone).dt.date() == other.dt.convert_time_zone(zone).dt.date()
    return (one == other) | whole_minute | (day & (_is_whole(one, "1d", zone) | _is_whole(other, "1d", zone)))


def _is_whole(time: pl.Expr, unit: str, zone: str) -> pl.Expr:
    local = time.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return local.dt.truncate(unit) == local


def _corrections(agreeing: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Return one transition per row that names another grid or category than the log, or than the row of the case before it."""
    moved = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_stored") for name in CORRECTABLE)
    agreeing = agreeing.join(agreeing.filter(moved), on=Col.EVENT_ID, how="semi", maintain_order="left")
    before = [pl.col(name).shift(1).over(Col.EVENT_ID).fill_null(pl.col(f"{name}_stored")).alias(f"{name}_before") for name in CORRECTABLE]
    changed = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_before") for name in CORRECTABLE)
    changes = agreeing.with_columns(before).filter(changed)
    at = pl.lit(now).cast(MOMENT) + pl.duration(microseconds=pl.int_range(pl.len()).over(Col.EVENT_ID))
    action = pl.lit(Action.CORRECTED.value).alias(Col.ACTION)
    return changes.select("row", Col.EVENT_ID, action, at.alias(Col.AT), at.alias(Col.KNOWN_AT), *CORRECTABLE)


def _news(agreeing: pl.DataFrame, known_transitions: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Return the transitions of the rows that the log does not know yet, to the precision of either."""
    told = _transitions(agreeing).join(known_transitions, on=[Col.EVENT_ID, Col.ACTION, Col.AT], how="anti")
    if told.is_empty() or known_transitions.is_empty():
        return told.sort("row", "place")
    near = told.join(known_transitions, on=[Col.EVENT_ID, Col.ACTION], suffix="_stored")
    near = near.filter(same_moment(pl.col(Col.AT), pl.col(f"{Col.AT}_stored"), zone))
    return told.join(near, on="place", how="anti").sort("row", "place")


def _transitions(cases: pl.DataFrame) -> pl.DataFrame:
    """Return one row per (event_id, action, at), with the first row of the batch that says so.

    A transition is known when it happens, but never before the row that tells of it is.
    """
    actions = {column: action.value for column, action in TRANSITION_COLUMNS.items()}
    moves = cases.unpivot(on=list(actions), index=["row", Col.EVENT_ID, Col.KNOWN_AT], variable_name="column", value_name=Col.AT)
    moves = moves.drop_nulls(Col.AT).with_columns(
        pl.col("column").replace_strict(actions).alias(Col.ACTION),
        pl.max_horizontal(Col.AT, Col.KNOWN_AT).alias(Col.KNOWN_AT),
    )
    ordered = moves.sort("row", Col.AT, maintain_order=True).with_row_index("place").drop("column")
    return ordered.unique([Col.EVENT_ID, Col.ACTION, Col.AT], keep="first")


def _count_vanished(agreeing: pl.DataFrame, known_transitions: pl.DataFrame) -> int:
    """Count the times that the log knows and a row no longer holds, in columns that are filled at all."""
    vanished = 0
    for column, action in TRANSITION_COLUMNS.items():
        if agreeing[column].null_count() < len(agreeing):
            knows = known_transitions.filter(pl.col(Col.ACTION) == action.value).select(Col.EVENT_ID).unique()
            vanished += agreeing.filter(pl.col(column).is_null()).join(knows, on=Col.EVENT_ID, how="semi").height
    return vanished


ID_CONFLICT = "ID_CONFLICT"
"""Code of a row whose id is known with another type or time."""

REFUSED_ROW = ("row_number", "field", "code", "row_hash")

RefusedRow = tuple[int, str, str, str]
"""Fields kept of a row that is not stored: `REFUSED_ROW`, the hash being a keyed one."""


@dataclass(frozen=True)
class Batch:
    """Rows of one feed that are stored together or not at all."""

    key: str
    """Idempotency key: the same key is the same batch, whenever it is sent."""
    feed: str
    cases: pl.DataFrame
    """Valid rows, columns of `CASE_SCHEMA`; event_id is the keyed hash; known_at null where the report itself made the case known."""
    quarantined: Sequence[RefusedRow]
    """Rows refused at the door."""
    read: int
    """Number of rows read: those above."""
    moment: Moment = field(default_factory=lambda: Moment(datetime.now(UTC), "UTC"))
    """When and in which zone: corrections are known from then on."""
    hash_rows: Callable[[pl.DataFrame], pl.Series] = itemgetter(Col.ROW_HASH)
    """Return the keyed hashes of some rows of `cases`; only rows that contradict the log need one."""


@dataclass(frozen=True)
class BatchCounts:
    """Counts of the rows of a batch by outcome; read = accepted + duplicate + quarantined."""

    read: int
    accepted: int
    duplicate: int
    quarantined: int
    conflicts: tuple[RefusedRow, ...] = ()
    """Those of the quarantined rows that contradict the log."""
    corrected: int = 0
    """Those of the accepted rows that moved a case to another grid or category."""
    vanished: int = 0
    """Times that the log knows of a case and its row no longer holds."""


def append_batch(engine: Engine, batch: Batch, load: FirstLoad | None = None) -> BatchCounts:
    """Store a batch and return what became of its rows; they are durable when this returns.

    A key that is stored already changes nothing, and the rows it brought are counted as duplicate. The first load of a log, where the
    batch is part of one, knows the cases before it.

    Raises:
        StoreError: the database refused; sending the same batch again tells whether it was stored.
    """
    if batch.read != len(batch.cases) + len(batch.quarantined):
        raise StoreError(f"a batch must account for {batch.read} rows, got {len(batch.cases)} cases and {len(batch.quarantined)} refusals.")
    cases = prepare_cases(batch.cases)
    with writing(engine) as connection:
        last = lock_sequence(connection)
        if answer := _first_answer(connection, batch.key):
            return answer
        ensure_feed(connection, batch.feed)
        candidates = load.numbers_of(connection, cases[Col.EVENT_ID], last) if load else None
        known = _known_cases(connection, cases[Col.EVENT_ID], candidates)
        moves = _known_transitions(connection, known)
        verdict = classify_cases(cases, _as_corrected(known, moves), moves, batch.moment)
        counts = _count(batch, verdict)
        batch_id = _store_batch(connection, batch, counts)
        newest = _store_records(connection, verdict, known, batch_id, last)
        if not verdict.events.is_empty():
            advance_feed(connection, batch.feed, verdict.events.select(pl.col(Col.KNOWN_AT).max()).item())
    if load:
        load.add(verdict.events[Col.EVENT_ID], last, newest)
    return counts


def compare_batch(engine: Engine, batch: Batch) -> BatchCounts:
    """Return what `append_batch` would make of the rows of a batch, and store nothing."""
    cases = prepare_cases(batch.cases)
    with reading(engine) as connection:
        known = _known_cases(connection, cases[Col.EVENT_ID])
        moves = _known_transitions(connection, known)
        return _count(batch, classify_cases(cases, _as_corrected(known, moves), moves, batch.moment))


def _first_answer(connection: Connection, key: str) -> BatchCounts | None:
    stored = connection.execute(select(batches).where(batches.c.key == key)).one_or_none()
    if stored is None:
        return None
    refused = select(*quarantine.c[REFUSED_ROW]).where(quarantine.c.batch_id == stored.id, quarantine.c.code == ID_CONFLICT)
    conflicts = tuple(tuple(row) for row in connection.execute(refused.order_by(quarantine.c.row_number)))
    return BatchCounts(stored.read, 0, stored.accepted + stored.duplicate, stored.quarantined, conflicts)


def _known_cases(connection: Connection, event_ids: pl.Series, candidates: pl.Series | None = None) -> pl.DataFrame:
    """Return event_seq, event_id and the core of those cases that are stored; `candidates` are the only numbers they can have."""
    columns = (Col.EVENT_ID, *CORE)
    stored = among(connection, event.c.event_id, event_ids.unique()) if candidates is None else among(connection, event.c.seq, candidates)
    query = select(event.c.seq, *plain(event.c[columns])).where(stored)
    known = read_frame(connection, query, pl.Schema({Col.EVENT_SEQ: pl.Int64(), **{name: EVENT_SCHEMA[name] for name in columns}}))
    return known if candidates is None else known.join(event_ids.to_frame(Col.EVENT_ID), on=Col.EVENT_ID, how="semi")


def _known_transitions(connection: Connection, known: pl.DataFrame) -> pl.DataFrame:
    """Return event_id, action, at, grid_id and category of the stored transitions of known cases, in their order."""
    schema = pl.Schema({Col.EVENT_SEQ: pl.Int64(), Col.ACTION: pl.String(), Col.AT: MOMENT, **{name: pl.String() for name in CORRECTABLE}})
    query = select(*plain(event_transition.c[tuple(schema)])).order_by(event_transition.c.seq)
    stored = read_frame(connection, query.where(among(connection, event_transition.c.event_seq, known[Col.EVENT_SEQ])), schema)
    ids = known.select(Col.EVENT_SEQ, Col.EVENT_ID)
    return stored.join(ids, on=Col.EVENT_SEQ, maintain_order="left").select(Col.EVENT_ID, Col.ACTION, Col.AT, *CORRECTABLE)


def _as_corrected(known: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
    """Return known cases with the grid and category of their last correction."""
    corrected = moves.filter(pl.col(Col.ACTION) == Action.CORRECTED.value)
    if corrected.is_empty():
        return known
    last = corrected.unique(Col.EVENT_ID, keep="last").select(Col.EVENT_ID, *CORRECTABLE)
    return known.update(last, on=Col.EVENT_ID)


def _count(batch: Batch, verdict: Reconciled) -> BatchCounts:
    refused = verdict.conflicts.select(Col.ROW_NUMBER, pl.lit(Col.EVENT_ID).alias("field"), pl.lit(ID_CONFLICT).alias("code"))
    conflicts = refused.with_columns(batch.hash_rows(verdict.conflicts).alias("row_hash")).rows()
    quarantined = len(batch.quarantined) + len(conflicts)
    duplicate = batch.read - verdict.accepted - quarantined
    return BatchCounts(batch.read, verdict.accepted, duplicate, quarantined, tuple(conflicts), verdict.corrected, verdict.vanished)


def _store_batch(connection: Connection, batch: Batch, counts: BatchCounts) -> int:
    numbers = {"read": counts.read, "accepted": counts.accepted, "duplicate": counts.duplicate, "quarantined": counts.quarantined}
    batch_id: int = connection.execute(
        insert(batches).values(key=batch.key, feed=batch.feed, **numbers).returning(batches.c.id)
    ).scalar_one()
    refused = pl.DataFrame([*batch.quarantined, *counts.conflicts], schema=REFUSED_ROW, orient="row")
    insert_rows(connection, quarantine, refused.with_columns(pl.lit(batch_id).alias("batch_id")))
    return batch_id


def _store_records(connection: Connection, verdict: Reconciled, known: pl.DataFrame, batch_id: int, last: int) -> int:
    """Store the records, numbered after `last`, cases first, then transitions; return the last number."""
    events = _numbered(verdict.events.select(EVENT_SCHEMA.keys()), batch_id, last)
    case_seq = pl.concat([known.select(Col.EVENT_ID, Col.EVENT_SEQ), events.select(Col.EVENT_ID, pl.col(Col.SEQ).alias(Col.EVENT_SEQ))])
    moves = verdict.transitions.join(case_seq, on=Col.EVENT_ID, maintain_order="left").drop(Col.EVENT_ID)
    transitions = _numbered(moves, batch_id, last + len(events))
    insert_rows(connection, event, events)
    insert_rows(connection, event_transition, transitions)
    newest = last + len(events) + len(transitions)
    advance_sequence(connection, newest)
    return newest


def _numbered(records: pl.DataFrame, batch_id: int, last: int) -> pl.DataFrame:
    return records.with_columns(pl.int_range(last + 1, last + 1 + pl.len()).alias(Col.SEQ), pl.lit(batch_id).alias("batch_id"))
