"""Comparisons: models that were in use, by what each was worth in its backtest, and two days, by what changed on their lists."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import Engine, RowMapping

from features.errors import NotFoundError
from features.storage.home import Home
from serving.maps.place_names import Gazetteer, PlaceName
from serving.pages.corrections_view import Change, changes
from serving.pages.list_query import Area, MapQuery, ShownDay, find_area
from serving.pages.model_view import MEASURE, MODEL, NOT_RULES
from serving.pages.page import Viewer
from serving.pages.ranked_lists import priority_rows
from serving.pages.translations import strongest
from serving.rankings.ledger import read_row
from serving.rankings.publishing import publications
from serving.rankings.schemas import GridRow
from serving.server.list_cache import PublishedList
from serving.text import IsoDay

MEASURES = ("hit@5%", MEASURE, "ap_over_base", "auc", "poisson_deviance", "ece")
LOWER_IS_BETTER = frozenset({"poisson_deviance", "ece"})


@dataclass(frozen=True)
class ComparedFigure:
    """One measure of both models; `better` is the side that is better, None where their intervals overlap or one is unknown."""

    key: str
    values: tuple[float | None, float | None]
    intervals: tuple[tuple[float, float] | None, tuple[float, float] | None]
    better: int | None


@dataclass(frozen=True)
class Comparison:
    """Two models that were published."""

    models: tuple[RowMapping, RowMapping]
    figures: tuple[ComparedFigure, ...]
    subsets: tuple[tuple[str, float | None, float | None], ...]
    """Name of a part, and the share of escalations within the top tenth of grids by either model."""
    features: tuple[tuple[str, ...], tuple[str, ...]]
    """Columns that only the first reads, and only the second."""
    same_days: bool
    """True where both were judged on the same days; otherwise their figures cannot be set against each other."""


def distinct_models(home: Home, target: str, engine: Engine) -> list[RowMapping]:
    """Return the models of a target that were published and whose files are here, the newest first."""
    rows = [row for row in publications(engine) if row["target"] == target]
    unique = {row["model_hash"]: row for row in reversed(rows)}
    return [row for row in reversed(unique.values()) if (home.published / row["model_hash"] / "backtest.json").is_file()]


def compare(home: Home, rows: list[RowMapping], hashes: tuple[str, str]) -> Comparison:
    """Return two published models beside each other.

    Raises:
        NotFoundError: one of them was not published here.
    """
    known = {row["model_hash"][:12]: row for row in rows}
    if any(each not in known for each in hashes):
        raise NotFoundError("models to compare must be published ones, found another. Choose from the list.")
    chosen = (known[hashes[0]], known[hashes[1]])
    one, two = (_backtest(home, row) for row in chosen)
    parts = sorted(one["subsets"].keys() | two["subsets"].keys())
    columns = [_columns(home, row) for row in chosen]
    return Comparison(
        models=chosen,
        figures=tuple(_figure(key, one["models"][MODEL], two["models"][MODEL]) for key in MEASURES),
        subsets=tuple((name, _part(one, name), _part(two, name)) for name in parts),
        features=(tuple(sorted(columns[0] - columns[1])), tuple(sorted(columns[1] - columns[0]))),
        same_days=one["as_of"] == two["as_of"],
    )


def weak_subsets(backtest: Mapping[str, Any]) -> tuple[tuple[str, float, float], ...]:
    """Return the parts in which the best simple rule finds more than the model: name, share by the model, share by the rule."""
    weak = []
    for name, part in backtest["subsets"].items():
        shares = {rule: measured[MEASURE] for rule, measured in part["models"].items() if measured[MEASURE] is not None}
        best = max((share for rule, share in shares.items() if rule not in NOT_RULES), default=None)
        if best is not None and MODEL in shares and shares[MODEL] < best:
            weak.append((name, shares[MODEL], best))
    return tuple(weak)


@cache
def weak_subsets_of(home: Home, model_hash: str) -> tuple[tuple[str, float, float], ...]:
    """Return the same of a published model; nothing where its backtest is not here."""
    path = home.published / model_hash / "backtest.json"
    return weak_subsets(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else ()


def _backtest(home: Home, row: RowMapping) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((home.published / row["model_hash"] / "backtest.json").read_text(encoding="utf-8"))
    return content


def _columns(home: Home, row: RowMapping) -> set[str]:
    path = home.published / row["model_hash"] / "features.json"
    parts: dict[str, dict[str, list[str]]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {name for part in parts.values() for name in part["names"]}


def _part(backtest: Mapping[str, Any], name: str) -> float | None:
    share: float | None = backtest["subsets"].get(name, {}).get("models", {}).get(MODEL, {}).get(MEASURE)
    return share


def _figure(key: str, one: Mapping[str, Any], two: Mapping[str, Any]) -> ComparedFigure:
    first, second = _interval(one, key), _interval(two, key)
    better = None
    if first and second:
        above = 0 if first[0] > second[1] else 1 if second[0] > first[1] else None
        better = above if above is None or key not in LOWER_IS_BETTER else 1 - above
    return ComparedFigure(key, (one.get(key), two.get(key)), (first, second), better)


def _interval(measured: Mapping[str, Any], key: str) -> tuple[float, float] | None:
    bounds = (measured.get("ci95") or {}).get(key)
    return (bounds[0], bounds[1]) if bounds else None


class ChangesQuery(MapQuery):
    """Two lists to compare, and the area."""

    before: IsoDay | None = None
    """Date of the earlier list; that before `date` where it is None."""


@dataclass(frozen=True)
class ChangedGrid:
    """One grid on both days, said."""

    grid_id: str
    place: PlaceName
    reason: str
    """Main reason on the day on which it stood in the first level."""
    why: tuple[Change, ...] | None
    """Difference between the days; None where one of them does not have the grid."""


@dataclass(frozen=True)
class ChangesView:
    """All that the template shows."""

    area: Area
    name: str
    before: date
    entered: tuple[ChangedGrid, ...]
    left: tuple[ChangedGrid, ...]
    stayed: tuple[ChangedGrid, ...]


def view_changes(viewer: Viewer, day: ShownDay, query: ChangesQuery) -> ChangesView:
    """Compare the grids at level priority on two lists; each group is in the order of codes.

    Raises:
        NotFoundError: there is no earlier list, or no such area that the reader may see.
    """
    area = find_area(viewer.scope, day, query.area or None)
    earlier = viewer.reading.shelf.on(query.before or day.previous, day.entry.origin.target) if query.before or day.previous else None
    if earlier is None:
        raise NotFoundError("There must be another list to compare with. Choose a date that has one.")
    names = viewer.site.atlas.names(viewer.engine, day.entry.ranking_id)
    now, then = _by_id(area.rows), _by_id(earlier.within(viewer.scope, "grid", area.node))
    pair = _Pair(viewer, names, earlier)
    return ChangesView(
        area=area,
        name=names.area(area.node) if "/" in area.node else viewer.t("whole"),
        before=earlier.head.entry.origin.as_of,
        entered=tuple(pair.say(now[grid_id], earlier) for grid_id in sorted(now.keys() - then.keys())),
        left=tuple(pair.say(then[grid_id], day.listed) for grid_id in sorted(then.keys() - now.keys())),
        stayed=tuple(pair.say(now[grid_id], earlier) for grid_id in sorted(now.keys() & then.keys())),
    )


def _by_id(rows: Sequence[bytes]) -> Mapping[str, GridRow]:
    return {row.grid_id: row for row in priority_rows(rows)}


@dataclass(frozen=True)
class _Pair:
    """The earlier of two lists, and what rows are said with."""

    viewer: Viewer
    names: Gazetteer
    earlier: PublishedList

    def say(self, row: GridRow, other: PublishedList) -> ChangedGrid:
        """Say a grid that one list has at level priority, beside its row on the other list."""
        body = read_row(self.viewer.engine, self.viewer.scope, other.head.entry, "grid", row.grid_id)
        beside = GridRow.model_validate_json(body) if body else None
        before, now = (beside, row) if other is self.earlier else (row, beside)
        return ChangedGrid(
            grid_id=row.grid_id,
            place=self.names.take_apart(row.name, row.township, row.community),
            reason=strongest(row.explanation, self.viewer.t),
            why=changes(before, now, self.viewer.t) if before and now else None,
        )
