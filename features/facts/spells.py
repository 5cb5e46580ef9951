"""Spells: the stretches of time in which a case is known to be open."""

from datetime import timedelta

import numpy as np
import polars as pl

from features.schema import CLOSING_ACTIONS, Action, Col, EventType

PETITION_TERM_DAYS = 60
"""Legal term of a petition without a deadline of its own: a withdrawn one counts as open until then."""


def read_moves(records: pl.DataFrame, cases: pl.DataFrame) -> pl.DataFrame:
    """Return the transitions after the report with their `case`, by case and in the order in which they became known."""
    moves = records.filter(pl.col(Col.ACTION) != Action.REPORTED).select(Col.EVENT_SEQ, Col.ACTION, Col.AT, Col.KNOWN_AT)
    case_of = np.full(records.select(pl.col(Col.EVENT_SEQ).max()).item() + 1, -1, np.int32)
    case_of[cases[Col.EVENT_SEQ].to_numpy()] = np.arange(len(cases), dtype=np.int32)
    moves = moves.with_columns(case=pl.Series(case_of[moves[Col.EVENT_SEQ].to_numpy()])).filter(pl.col("case") >= 0)
    return moves.drop(Col.EVENT_SEQ).sort("case", Col.KNOWN_AT, maintain_order=True)


def open_spells(cases: pl.DataFrame, moves: pl.DataFrame) -> pl.DataFrame:
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
    terms = number(cases).filter(pl.col(Col.EVENT_TYPE) == EventType.PETITION).select("case", term.alias("term"))
    late = (pl.col(Col.ACTION) == Action.WITHDRAWN) & pl.col("term").is_not_null()
    known_at = pl.when(late).then(pl.max_horizontal(Col.KNOWN_AT, "term")).otherwise(pl.col(Col.KNOWN_AT))
    moved = turns.join(terms, on="case", how="left", maintain_order="left").with_columns(known_at.alias(Col.KNOWN_AT))
    return moved.drop("term").sort("case", Col.KNOWN_AT, maintain_order=True)


def number(cases: pl.DataFrame) -> pl.DataFrame:
    """Add `case`, the row number, to cases."""
    return cases.with_columns(case=pl.int_range(pl.len(), dtype=pl.Int32))
