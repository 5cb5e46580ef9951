"""Appending a batch to the event log: one transaction, one idempotency key, no hole in the sequence."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, Engine, insert, select

from features.database.bulk import among, insert_rows, plain, read_frame
from features.database.engine import writing
from features.database.tables import batch as batches
from features.database.tables import event, event_transition, quarantine
from features.errors import StoreError
from features.eventlog.cases import CORE, EVENT_SCHEMA, MOMENT, prepare_cases
from features.eventlog.feeds import advance_feed, ensure_feed
from features.eventlog.sequence import advance_sequence, lock_sequence
from features.schema import TRANSITION_COLUMNS, Col


@dataclass(frozen=True)
class Reconciled:
    """What one batch adds to the log; frames in the order of the batch's rows."""

    events: pl.DataFrame
    """Rows of new cases, with the columns of the batch."""
    transitions: pl.DataFrame
    """event_id, action, at, known_at: not yet stored."""
    conflicts: pl.DataFrame
    """Rows that contradict the log, or an earlier row of the batch."""
    accepted: int
    """Rows that brought anything new."""


def classify_cases(cases: pl.DataFrame, known: pl.DataFrame, known_transitions: pl.DataFrame) -> Reconciled:
    """Compare a batch with what the log knows of its cases.

    Args:
        cases: one row per case or repetition of it.
        known: event_id and the core columns of those cases that are stored.
        known_transitions: event_id, action, at of their stored transitions.
    """
    cases = cases.with_row_index("row")
    opening = cases.join(known, on=Col.EVENT_ID, how="anti").sort("row").unique(Col.EVENT_ID, keep="first", maintain_order=True)
    core = pl.concat([known.select(Col.EVENT_ID, *CORE), opening.select(Col.EVENT_ID, *CORE)])
    agreeing = cases.join(core, on=[Col.EVENT_ID, *CORE], how="semi")
    conflicts = cases.join(core, on=[Col.EVENT_ID, *CORE], how="anti").sort("row")
    transitions = _transitions(agreeing).join(known_transitions, on=[Col.EVENT_ID, Col.ACTION, Col.AT], how="anti").sort("row", "place")
    return Reconciled(
        events=opening,
        transitions=transitions.select(Col.EVENT_ID, Col.ACTION, Col.AT, Col.KNOWN_AT),
        conflicts=conflicts,
        accepted=pl.concat([opening["row"], transitions["row"]]).n_unique(),
    )


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
    ordered = moves.sort("row", Col.AT, maintain_order=True).with_row_index("place")
    return ordered.unique([Col.EVENT_ID, Col.ACTION, Col.AT], keep="first")


ID_CONFLICT = "ID_CONFLICT"
"""Code of a row whose id is known with another grid, type, category or time."""

REFUSED_ROW = ("row_number", "field", "code", "row_hash")

RefusedRow = tuple[int, str, str, str]
"""What is kept of a row that is not stored: `REFUSED_ROW`, the hash being a keyed one."""


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


@dataclass(frozen=True)
class BatchCounts:
    """What became of the rows of a batch; read = accepted + duplicate + quarantined."""

    read: int
    accepted: int
    duplicate: int
    quarantined: int
    conflicts: tuple[RefusedRow, ...] = ()
    """Those of the quarantined rows that contradict the log."""


def append_batch(engine: Engine, batch: Batch) -> BatchCounts:
    """Store a batch and return what became of its rows; they are durable when this returns.

    A key that is stored already changes nothing, and the rows it brought are counted as duplicate.

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
        known = _known_cases(connection, cases[Col.EVENT_ID])
        verdict = classify_cases(cases, known, _known_transitions(connection, known))
        counts = _count(batch, verdict)
        batch_id = _store_batch(connection, batch, counts)
        _store_records(connection, verdict, known, batch_id, last)
        if not verdict.events.is_empty():
            advance_feed(connection, batch.feed, verdict.events.select(pl.col(Col.KNOWN_AT).max()).item())
    return counts


def _first_answer(connection: Connection, key: str) -> BatchCounts | None:
    stored = connection.execute(select(batches).where(batches.c.key == key)).one_or_none()
    if stored is None:
        return None
    refused = select(*quarantine.c[REFUSED_ROW]).where(quarantine.c.batch_id == stored.id, quarantine.c.code == ID_CONFLICT)
    conflicts = tuple(tuple(row) for row in connection.execute(refused.order_by(quarantine.c.row_number)))
    return BatchCounts(stored.read, 0, stored.accepted + stored.duplicate, stored.quarantined, conflicts)


def _known_cases(connection: Connection, event_ids: pl.Series) -> pl.DataFrame:
    """Return event_seq, event_id and the core of those cases that are stored."""
    columns = (Col.EVENT_ID, *CORE)
    query = select(event.c.seq, *plain(event.c[columns])).where(among(connection, event.c.event_id, event_ids.unique()))
    return read_frame(connection, query, pl.Schema({Col.EVENT_SEQ: pl.Int64(), **{name: EVENT_SCHEMA[name] for name in columns}}))


def _known_transitions(connection: Connection, known: pl.DataFrame) -> pl.DataFrame:
    """Return event_id, action, at of the stored transitions of known cases."""
    columns = plain(event_transition.c[Col.EVENT_SEQ, Col.ACTION, Col.AT])
    query = select(*columns).where(among(connection, event_transition.c.event_seq, known[Col.EVENT_SEQ]))
    stored = read_frame(connection, query, pl.Schema({Col.EVENT_SEQ: pl.Int64(), Col.ACTION: pl.String(), Col.AT: MOMENT}))
    return stored.join(known, on=Col.EVENT_SEQ).select(Col.EVENT_ID, Col.ACTION, Col.AT)


def _count(batch: Batch, verdict: Reconciled) -> BatchCounts:
    conflicts = verdict.conflicts.select(Col.ROW_NUMBER, pl.lit(Col.EVENT_ID), pl.lit(ID_CONFLICT).alias("code"), Col.ROW_HASH).rows()
    quarantined = len(batch.quarantined) + len(conflicts)
    return BatchCounts(batch.read, verdict.accepted, batch.read - verdict.accepted - quarantined, quarantined, tuple(conflicts))


def _store_batch(connection: Connection, batch: Batch, counts: BatchCounts) -> int:
    numbers = {"read": counts.read, "accepted": counts.accepted, "duplicate": counts.duplicate, "quarantined": counts.quarantined}
    batch_id: int = connection.execute(
        insert(batches).values(key=batch.key, feed=batch.feed, **numbers).returning(batches.c.id)
    ).scalar_one()
    refused = pl.DataFrame([*batch.quarantined, *counts.conflicts], schema=REFUSED_ROW, orient="row")
    insert_rows(connection, quarantine, refused.with_columns(pl.lit(batch_id).alias("batch_id")))
    return batch_id


def _store_records(connection: Connection, verdict: Reconciled, known: pl.DataFrame, batch_id: int, last: int) -> None:
    """Store the records, numbered after `last`: cases first, then transitions."""
    events = _numbered(verdict.events.select(EVENT_SCHEMA.keys()), batch_id, last)
    case_seq = pl.concat([known.select(Col.EVENT_ID, Col.EVENT_SEQ), events.select(Col.EVENT_ID, pl.col(Col.SEQ).alias(Col.EVENT_SEQ))])
    moves = verdict.transitions.join(case_seq, on=Col.EVENT_ID, maintain_order="left").drop(Col.EVENT_ID)
    transitions = _numbered(moves, batch_id, last + len(events))
    insert_rows(connection, event, events)
    insert_rows(connection, event_transition, transitions)
    advance_sequence(connection, last + len(events) + len(transitions))


def _numbered(records: pl.DataFrame, batch_id: int, last: int) -> pl.DataFrame:
    return records.with_columns(pl.int_range(last + 1, last + 1 + pl.len()).alias(Col.SEQ), pl.lit(batch_id).alias("batch_id"))
