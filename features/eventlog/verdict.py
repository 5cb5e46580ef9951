"""Telling new cases, news of known cases, duplicates and conflicts apart."""

from dataclasses import dataclass

import polars as pl

from features.eventlog.cases import CORE
from features.schema import TRANSITION_COLUMNS, Col


@dataclass(frozen=True)
class Verdict:
    """What one batch adds to the log; frames in the order of the batch's rows."""

    events: pl.DataFrame
    """Rows of new cases, with the columns of the batch."""
    transitions: pl.DataFrame
    """event_id, action, at, known_at: not yet stored."""
    conflicts: pl.DataFrame
    """Rows that contradict the log, or an earlier row of the batch."""
    accepted: int
    """Rows that brought anything new."""


def judge(cases: pl.DataFrame, known: pl.DataFrame, known_transitions: pl.DataFrame) -> Verdict:
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
    return Verdict(
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
