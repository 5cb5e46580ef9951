"""The lists of the command screen: today's attention, where it has long been busy, and where it has lately become so."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal, get_args

from pydantic_core import from_json
from sqlalchemy import Engine

from serving.accounts.permissions import EVERYTHING, Scope
from serving.maps.place_names import Gazetteer, PlaceName
from serving.pages.translations import LEVEL_CLASS, Translator, factor, moved, often, strongest
from serving.rankings.entries import Entry
from serving.rankings.ledger import read_row
from serving.rankings.schemas import GridRow, Score, place_of
from serving.server.list_cache import PublishedList


def often_between(listed: PublishedList, score: Score, t: Translator) -> str:
    """Say the range of grids in a hundred: by refits; of a list without it by the worst and the best place that the grid could have."""
    if score.risk_low is not None and score.risk_high is not None:
        return t("often_range", low=_of_hundred(score.risk_low), high=_of_hundred(score.risk_high))
    worst, best = (_risk_at(listed, rank) for rank in (score.rank_high, score.rank_low))
    return t("often_range", low=_of_hundred(min(worst, score.risk)), high=_of_hundred(max(best, score.risk)))


def _risk_at(listed: PublishedList, rank: int) -> float:
    row = from_json(listed.within(EVERYTHING, "grid")[rank - 1])
    risk: float = row["score"]["risk"]
    return risk


def _of_hundred(risk: float) -> str:
    """Round to whole grids in a hundred; neither end is certain.

    >>> _of_hundred(0.001), _of_hundred(0.12), _of_hundred(0.999)
    ('<1', '12', '>98')
    """
    return "<1" if risk < 0.005 else ">98" if risk > 0.985 else str(round(100 * risk))


ListName = Literal["attention", "chronic", "rising"]
LISTS: tuple[ListName, ...] = get_args(ListName)
PLACE = {"grid_id", "community", "township", "district"}
"""Fields of a row that give its standing."""
LENGTH = 12
"""Rows of one page of a list: what is readable from three metres."""
MARK: Mapping[ListName, bytes] = {"attention": b'"attention_level":"priority"', "chronic": b'"chronic":true', "rising": b'"rising":true'}
"""Fields of a stored row that give the standing of its grid: most of many thousand need not be read."""


@dataclass(frozen=True)
class ListPage:
    """One page of one list."""

    name: ListName
    page: int
    lines: tuple["Line", ...]
    total: int
    """Grids of the list."""

    @property
    def pages(self) -> int:
        """Pages that the list has, at least one."""
        return max(-(-self.total // LENGTH), 1)

    @property
    def left(self) -> int:
        """Grids of the list that come after this page."""
        return max(self.total - self.page * LENGTH, 0)


@dataclass(frozen=True)
class Line:
    """One line of a list, said."""

    number: int
    grid_id: str
    path: str
    """The grid's place in the tree."""
    place: PlaceName
    reason: str
    form: str
    """Form of its mark."""
    level: str
    """Class of its colour."""
    is_new: bool
    """Whether it has the level priority and had not on the list before."""
    factor: str
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
    """Words and settings for the rows of a list."""

    listed: PublishedList
    names: Gazetteer
    before: Before
    t: Translator


def priority_rows(rows: Sequence[bytes]) -> Iterator[GridRow]:
    """Yield the grids at level priority."""
    return (GridRow.model_validate_json(row) for row in rows if MARK["attention"] in row)


def count_list(rows: Sequence[bytes], name: ListName) -> int:
    """Return how many grids stand on a list."""
    return sum(MARK[name] in row for row in rows)


def page_list(rows: Sequence[bytes], name: ListName, page: int, sayer: Sayer) -> ListPage:
    """Say one page of a list; a page beyond the last is empty."""
    marked = [row for row in rows if MARK[name] in row]
    first = LENGTH * (page - 1)
    read = (GridRow.model_validate_json(row) for row in islice(marked, first, first + LENGTH))
    lines = tuple(_line(number, row, row.score, sayer) for number, row in enumerate(read, start=first + 1) if row.score)
    return ListPage(name, page, lines, len(marked))


def numbered(lines: Sequence[Line]) -> Mapping[str, tuple[str, int, str]]:
    """Return path of a grid -> form of its mark, number and level class."""
    return {line.path: (line.form, line.number, line.level) for line in lines}


def _line(number: int, row: GridRow, score: Score, sayer: Sayer) -> Line:
    t, before = sayer.t, sayer.before.score(row.grid_id)
    was_priority = before is not None and before.attention_level == "priority"
    return Line(
        number=number,
        grid_id=row.grid_id,
        path=place_of(row.model_dump(include=PLACE)),
        place=sayer.names.take_apart(row.name, row.township, row.community),
        reason=strongest(row.explanation, t),
        form="square" if score.rising else "circle",
        level=LEVEL_CLASS[score.attention_level],
        is_new=sayer.before.entry is not None and score.attention_level == "priority" and not was_priority,
        factor=factor(score.factor),
        often=often(score.risk, t),
        often_range=often_between(sayer.listed, score, t),
        score=score,
        moved=moved(score, before, t) if sayer.before.entry else t("no_day_before"),
    )
