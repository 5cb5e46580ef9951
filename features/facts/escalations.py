"""Escalations: what a target counts, rules that fire by the clock, and the spells in which a case is known to be open.

A rule (a deadline passes, N days go by) fires on what was known at that moment: on a case that is known to be open then, and is itself
known from then on.
"""

from collections.abc import Collection
from datetime import timedelta

import numpy as np
import polars as pl

from features.errors import UsageError, suggest
from features.eventlog.snapshot import Feed
from features.facts.facts import Outcome
from features.schema import CLOSING_ACTIONS, Action, Col, EventType
from features.targets import DeadlinePassed, EventFilter, Rule, Target

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


def without_petitions(cases: pl.DataFrame) -> pl.DataFrame:
    """Return the cases that may escalate, numbered: all but petitions."""
    return number(cases).filter(pl.col(Col.EVENT_TYPE) != EventType.PETITION)


OUTCOME_OF = {Action.OVERDUE: Outcome.TERM_PASSED, Action.REOPENED: Outcome.CAME_BACK}
"""Any other transition is a handing up, or harm."""


def clock_fires(cases: pl.DataFrame, feeds: dict[str, Feed], target: Target, zone: str) -> pl.DataFrame:
    """Return when the target's clock rules fire for each case they apply to, open or not: case, fire_at; never on petitions."""
    numbered = without_petitions(cases)
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
    return met.select("case", pl.col("fire_at").alias(Col.AT), pl.col("fire_at").alias(Col.KNOWN_AT), outcome=_code(Outcome.TERM_PASSED))


def target_marks(target: Target, cases: pl.DataFrame, moves: pl.DataFrame, spells: pl.DataFrame, fires: pl.DataFrame) -> pl.DataFrame:
    """Return what the target counts, by case: case, at, known_at, outcome.

    Petitions never count. A case counts once per spell, by what was known first: what is learnt later takes nothing back.
    """
    eligible = without_petitions(cases)
    if target.events is not None:
        new = _matching(eligible, target.events)
        return new.select("case", pl.col(Col.OCCURRED_AT).alias(Col.AT), Col.KNOWN_AT, outcome=_code(Outcome.REPORTED))
    wanted = [action.value for action in target.transitions]
    stored = moves.filter(pl.col(Col.ACTION).is_in(wanted)).select("case", Col.AT, Col.KNOWN_AT, outcome=_outcome())
    again = spells.filter(pl.col("case") == pl.col("case").shift(1)).select(
        "case", at=pl.col("start_at"), known_at=pl.col("start_at"), outcome=_code(Outcome.CAME_BACK)
    )
    marks = pl.concat([again.with_columns(turn=pl.lit(1)), pl.concat([stored, _fired(fires, spells)]).with_columns(turn=pl.lit(0))])
    marks = marks.sort("case", Col.KNOWN_AT, maintain_order=True).with_columns(spell=pl.col("turn").cum_sum())
    counted = marks.filter(pl.col("turn") == 0).unique(["case", "spell"], keep="first", maintain_order=True)
    kept = counted.join(eligible.select("case"), on="case", how="semi", maintain_order="left")
    return kept.select("case", Col.AT, Col.KNOWN_AT, "outcome")


def hazards_of(parent: Target) -> Target:
    """Return what a rare target borrows from its parent: cases handed up or ending in harm, without terms and reopenings."""
    return parent.model_copy(update={"transitions": tuple(action for action in parent.transitions if action not in OUTCOME_OF)})


def _outcome() -> pl.Expr:
    """Return how each stored transition made its case an escalation."""
    codes = {action.value: int(outcome) for action, outcome in OUTCOME_OF.items()}
    return pl.col(Col.ACTION).cast(pl.String).replace_strict(codes, default=int(Outcome.HANDED_UP), return_dtype=pl.Int16)


def _code(outcome: Outcome) -> pl.Expr:
    return pl.lit(int(outcome), pl.Int16)


def refuse_unknown_categories(target: Target, known: Collection[str]) -> None:
    """Refuse a target of events in a category that does not exist, which would otherwise never occur.

    Raises:
        UsageError: a code is unknown; the nearest known one is named.
    """
    for code in target.events.category if target.events else ():
        if code not in known:
            advice = "A category of your own is declared under `categories:` of the settings or of a source file"
            raise UsageError(f"a target must name known categories, got {code!r}; {suggest(code, known)} {advice}.")


def _matching(cases: pl.DataFrame, wanted: EventFilter) -> pl.DataFrame:
    for column, values in ((Col.EVENT_TYPE, wanted.event_type), (Col.CATEGORY, wanted.category)):
        if values:
            cases = cases.filter(pl.col(column).cast(pl.String).is_in(list(values)))
    return cases
