"""Logs that differ from one another by a campaign alone, or by a real rise of what residents bring, and how far lists move by either."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import polars as pl

from features.days import EPOCH, to_date
from features.eventlog.snapshot import LogSnapshot
from features.facts.derive import read_facts
from features.panel.build import build_panel
from features.schema import CLOSING_ACTIONS, Action, Col, EventType
from features.simulation.disputes import relapse_rate
from features.simulation.district import District
from features.simulation.oracle import outlook_of
from features.undertakings.undertaking import SEPARATOR, UndertakingKind
from serving.settings import Settings
from training.learning.model import Fitted

Floats = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]

CAMPAIGN_DAYS, DONOR_DAYS = 28, 365
"""Days before as_of of a campaign, and days before it from which the courses of further cases are drawn."""
HORIZON = 14
NUMBER, DAY, SHIFT = "number", "day", "shift"


@dataclass(frozen=True)
class Doubled:
    """A log with more cases, and the records of those alone."""

    log: LogSnapshot
    further: pl.DataFrame


def double(log: LogSnapshot, grids: Names, as_of: int, zone: str, rng: np.random.Generator, *, self_found: bool) -> Doubled:
    """Return the log with one case more for each case of some grids that was reported in the `CAMPAIGN_DAYS` before as_of.

    The kind and whole course of a further case are those of one drawn from all cases that came in the same way in the whole district in
    the `DONOR_DAYS` before; it is reported on any of the days, with equal chance.

    Args:
        log: a log.
        grids: ids of grids as they are now.
        as_of: a day number.
        zone: of the local day.
        rng: decides.
        self_found: which cases: those that staff found, or those that were brought to them.
    """
    local_day = (pl.col(Col.KNOWN_AT).dt.convert_time_zone(zone).dt.date() - pl.lit(EPOCH)).dt.total_days()
    came = (pl.col(Col.ACTION) == Action.REPORTED) & (pl.col(Col.SELF_FOUND) == self_found)
    reports = log.records.filter(came).with_columns(local_day.alias(DAY))
    start = as_of - CAMPAIGN_DAYS
    here = pl.col(Col.GRID_ID).cast(pl.String).is_in(grids.tolist())
    during = reports.filter(pl.col(DAY).is_between(start, as_of, closed="left"), here)
    donors = reports.filter(pl.col(DAY).is_between(start - DONOR_DAYS, start, closed="left"))
    drawn = donors[rng.integers(len(donors), size=len(during))]
    days = pl.Series(SHIFT, rng.integers(start, as_of, size=len(during))) - drawn[DAY]
    wanted = pl.DataFrame([drawn[Col.SEQ].alias("donor"), days, during[Col.GRID_ID].alias("place")]).with_row_index(NUMBER)
    further = _copy(log.records, wanted)
    return Doubled(replace(log, records=pl.concat([log.records, further]), sequence=int(further[Col.SEQ].max() or 0)), further)


def _copy(records: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """Return the records of the wanted donors, moved to their days and places, as cases of their own."""
    first = int(records[Col.SEQ].max()) + 1
    copied = wanted.join(records, left_on="donor", right_on=Col.EVENT_SEQ, maintain_order="left")
    copied = copied.filter(pl.col(Col.ACTION) != Action.CORRECTED).with_columns((pl.int_range(pl.len()) + first).alias(Col.SEQ))
    is_report = pl.col(Col.ACTION) == Action.REPORTED
    moments = (Col.AT, Col.KNOWN_AT, Col.OCCURRED_AT, Col.DEADLINE_AT)
    return copied.with_columns(
        pl.when(is_report).then(Col.SEQ).max().over(NUMBER).alias(Col.EVENT_SEQ),
        pl.when(is_report).then("place").alias(Col.GRID_ID),
        *((pl.col(name) + pl.duration(days=SHIFT)).alias(name) for name in moments),
    ).select(pl.col(name).cast(kind) for name, kind in records.schema.items())


def declare_campaign(log: LogSnapshot, grids: Names, as_of: int, zone: str) -> LogSnapshot:
    """Return the log with a screening campaign of some grids in the `CAMPAIGN_DAYS` before as_of, public since its first day."""
    start = to_date(as_of - CAMPAIGN_DAYS)
    told = {
        "undertaking_id": "~campaign",
        "version": 1,
        "kind": UndertakingKind.CAMPAIGN.value,
        "sub_kind": "screening",
        "places": SEPARATOR.join(grids.tolist()),
        "public_at": start,
        "start_at": start,
        "end_at": to_date(as_of),
        "withdrawn": False,
        "known_at": _midnight(start, zone),
    }
    return replace(log, undertakings=pl.concat([log.undertakings, pl.DataFrame([told], schema=log.undertakings.schema)]))


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


@dataclass(frozen=True)
class TrueChances:
    """Chances of the simulated district by which a case that is in the log escalates within `HORIZON` days."""

    open: dict[str, Floats]
    """Category -> chance at each age in days of a dispute that is open and was not handed up."""
    closed: float
    """Chance that one comes back which was closed lately."""

    @classmethod
    def of(cls, district: District) -> "TrueChances":
        """Return those of a district, by its oracle; early action and repeats are not told apart."""
        outlook, rules, kinds = outlook_of(district, HORIZON), district.ageing.mediation, district.stream.kinds
        repeat = float(district.fates.repeat.mean())
        share = np.outer([1 - rules.early_share, rules.early_share], [1 - repeat, repeat]).ravel()
        going_on, escalated = (
            np.einsum("kca,c->ka", values.reshape(len(kinds), len(share), -1), share)
            for values in (outlook.lasts * outlook.unharmed, outlook.escalated)
        )
        rises = escalated[:, HORIZON:] - escalated[:, :-HORIZON]
        chance = rises / np.maximum(going_on[:, : rises.shape[1]], np.finfo(float).tiny)
        back = (1 - rules.solved) * -np.expm1(-relapse_rate(district.ageing) * HORIZON)
        return cls(dict(zip(kinds, chance, strict=True)), float(back))

    def expected(self, further: pl.DataFrame, grid_ids: Names, as_of: int, zone: str) -> Floats:
        """Return the escalations that the cases of these records bring, (G,); their terms are too far for them to pass."""
        known = further.filter(pl.col(Col.KNOWN_AT) < _midnight(to_date(as_of), zone))
        has = {action: known.filter(pl.col(Col.ACTION) == action)[Col.EVENT_SEQ].to_list() for action in Action}
        closed = {case for action in CLOSING_ACTIONS for case in has[action]}
        handed_up = set(has[Action.ESCALATED])
        position = {grid_id: place for place, grid_id in enumerate(grid_ids.tolist())}
        expected = np.zeros(len(grid_ids))
        disputes = known.filter(pl.col(Col.ACTION) == Action.REPORTED, pl.col(Col.EVENT_TYPE) == EventType.DISPUTE)
        for case, grid_id, category, began in disputes.select(Col.SEQ, Col.GRID_ID, Col.CATEGORY, Col.OCCURRED_AT).iter_rows():
            age = (_midnight(to_date(as_of), zone) - began) // timedelta(days=1)
            if case in closed:
                expected[position[grid_id]] += self.closed
            elif case not in handed_up:
                expected[position[grid_id]] += self.open[category][age]
        return expected


@dataclass(frozen=True)
class Move:
    """Mean number of places by which the grids of a campaign move from one list of all grids to another."""

    up: float
    """Towards the top: what they gain together. Where rates of single grids are only estimated anew, ups and downs cancel."""
    either_way: float


@dataclass(frozen=True)
class Moves:
    """Moves by a campaign in which what staff find doubles, and by a rise in which what residents bring doubles."""

    rise: Move
    campaign: Move
    """Where it is declared."""
    found: Move
    """In the list as it was, with no more than the true chances of the cases that the campaign found added to it."""
    beyond: Move
    """From that list to the list after the campaign: what nothing justifies."""
    undeclared: Move
    """The same where nobody declares the campaign."""


def measure_moves(log: LogSnapshot, model: Fitted, chances: TrueChances, settings: Settings, as_of: int, rng: np.random.Generator) -> Moves:
    """Let a campaign, or a real rise, come to a third of the grids in the `CAMPAIGN_DAYS` before as_of, and list all grids by the model."""
    zone = settings.zone
    grid_ids = read_facts(log, model.target, settings).places.grid_ids
    treated = np.sort(rng.choice(len(grid_ids), len(grid_ids) // 3, replace=False))
    grids = grid_ids[treated]
    found, brought = (double(log, grids, as_of, zone, rng, self_found=self_found) for self_found in (True, False))

    def expect(told: LogSnapshot) -> Floats:
        panel = build_panel(read_facts(told, model.target, settings), np.array([as_of], np.int32), HORIZON, settings)
        return model.predict(panel).expected[0]

    before = expect(log)
    justified = before + chances.expected(found.further, grid_ids, as_of, zone)
    after, undeclared = expect(declare_campaign(found.log, grids, as_of, zone)), expect(found.log)
    risen = expect(brought.log)

    def move(one: Floats, other: Floats) -> Move:
        places = (_ranks(one) - _ranks(other))[treated]
        return Move(float(places.mean()), float(np.abs(places).mean()))

    return Moves(
        rise=move(before, risen),
        campaign=move(before, after),
        found=move(before, justified),
        beyond=move(justified, after),
        undeclared=move(justified, undeclared),
    )


def mean_of(moves: Sequence[Moves]) -> Moves:
    """Return the mean of the moves of several lists."""
    fields = list(vars(moves[0]))
    up, either_way = (
        [np.mean([getattr(getattr(each, name), way) for each in moves]).item() for name in fields] for way in vars(moves[0].rise)
    )
    return Moves(*map(Move, up, either_way))


def _ranks(expected: Floats) -> Floats:
    ranks = np.empty(len(expected))
    ranks[np.argsort(-expected, kind="stable")] = np.arange(len(expected))
    return ranks
