"""The two lists of the command screen: where it has long been busy, and where it has lately become so."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from pydantic_core import from_json
from sqlalchemy import Engine

from serving.accounts.permissions import EVERYTHING, Scope
from serving.maps.place_names import Gazetteer, PlaceName
from serving.pages.translations import LEVEL_CLASS, Translator, factor, moved, often, strongest
from serving.rankings.entries import Entry
from serving.rankings.ledger import read_row
from serving.rankings.schemas import GridRow, Score
from serving.server.list_cache import PublishedList


def often_between(listed: PublishedList, score: Score, t: Translator) -> str:
    """Say the range as times in a hundred: the risks at the worst and the best place that a grid could have."""
    worst, best = (_risk_at(listed, rank) for rank in (score.rank_high, score.rank_low))
    return t("times_range", low=_times(min(worst, score.risk)), high=_times(max(best, score.risk)))


def _risk_at(listed: PublishedList, rank: int) -> float:
    row = from_json(listed.within(EVERYTHING, "grid")[rank - 1])
    risk: float = row["score"]["risk"]
    return risk


def _times(risk: float) -> str:
    """Round to whole times in a hundred; neither end is certain.

    >>> _times(0.001), _times(0.12), _times(0.999)
    ('<1', '12', '>98')
    """
    return "<1" if risk < 0.005 else ">98" if risk > 0.985 else str(round(100 * risk))


LENGTH = 8
"""Rows of each list: what is readable from three metres."""


@dataclass(frozen=True)
class Line:
    """One line of a list, said."""

    number: int
    grid_id: str
    place: PlaceName
    reason: str
    level: str
    """Class of its colour."""
    factor: str
    expected: str
    often: str
    often_range: str
    score: Score
    moved: str


@dataclass(frozen=True)
class Before:
    """The list before, to compare with; None where there is none."""

    engine: Engine
    scope: Scope
    entry: Entry | None

    def score(self, grid_id: str) -> Score | None:
        """Return how a grid was scored then."""
        body = read_row(self.engine, self.scope, self.entry, "grid", grid_id) if self.entry else None
        return GridRow.model_validate_json(body).score if body else None


@dataclass(frozen=True)
class Sayer:
    """What rows of a list are said with."""

    listed: PublishedList
    names: Gazetteer
    before: Before
    t: Translator


def lines(rows: Iterator[tuple[GridRow, Score]], sayer: Sayer) -> tuple[Line, ...]:
    """Say the first rows of one list."""
    return tuple(_line(number, row, score, sayer) for number, (row, score) in enumerate(islice(rows, LENGTH), start=1))


def numbered(chronic: tuple[Line, ...], rising: tuple[Line, ...]) -> Mapping[str, tuple[str, int, str]]:
    """Return grid_id -> form of its mark, number and level class; a grid on both lists keeps its first mark."""
    marks = {line.grid_id: ("square", line.number, line.level) for line in rising}
    return marks | {line.grid_id: ("circle", line.number, line.level) for line in chronic}


def _line(number: int, row: GridRow, score: Score, sayer: Sayer) -> Line:
    t, before = sayer.t, sayer.before
    return Line(
        number=number,
        grid_id=row.grid_id,
        place=sayer.names.take_apart(row.name, row.township, row.community),
        reason=strongest(row.explanation, t),
        level=LEVEL_CLASS[score.attention_level],
        factor=factor(score.factor),
        expected=f"{score.expected_escalations:.2f}",
        often=often(score.risk, t),
        often_range=often_between(sayer.listed, score, t),
        score=score,
        moved=moved(score, before.score(row.grid_id), t) if before.entry else t("no_day_before"),
    )
