"""Models that were in use, beside each other: what each was worth in its backtest, and what changed from one to the next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Engine, RowMapping

from features.errors import NotFoundError
from features.storage.home import Home
from serving.pages.model_view import MEASURE, MODEL, NOT_RULES
from serving.rankings.publishing import publications

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
