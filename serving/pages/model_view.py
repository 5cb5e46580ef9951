"""The model in use: is it better than simple rules, is it honest, who was live and why."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping

from features.errors import NotReadyError
from features.storage.home import Home
from serving.maps.place_names import Gazetteer
from serving.pages.page import Viewer
from serving.pages.translations import Translator
from serving.rankings.publishing import publications

SHOWN_SHIFTS = 5
SUBJECTS = {"beats_rule": ("rule",), "no_worse_than_peer": (), "no_worse_where_it_begins": ("subset", "rule"), "even": ("places",)}
"""Words that name the subject of a check of the gate; those of the other checks name it themselves."""


@dataclass(frozen=True)
class GateLine:
    """One check of the gate."""

    asked: str
    wanted: str
    found: str | None
    mark: str
    """Key of the words: passed, failed, or neither, which is no pass."""


@dataclass(frozen=True)
class PlacesLine:
    """One kind of place; figures are None where they would rest on too little."""

    kind: str
    grids: int
    positives: int
    recall: float | None
    observed: float | None
    interval: Sequence[float] | None


@dataclass(frozen=True)
class Places:
    """Kinds of places by one column."""

    name: str
    verdict: str
    ratio: float | None
    lines: tuple[PlacesLine, ...]


@dataclass(frozen=True)
class Drift:
    """Latest findings of `yujing monitor`."""

    as_of: str
    findings: tuple[str, ...]
    shifts: tuple[tuple[str, float], ...]
    """Features that moved most, and how far."""
    predictions: float | None
    realised: float | None
    """Realised over expected of the ripe lists; None where that cannot be estimated."""
    interval: Sequence[float] | None


def read_gate(path: Path, t: Translator) -> tuple[GateLine, ...]:
    """Return the checks of a published model, those that failed first; none where an older program trained it."""
    checks: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    lines = [GateLine(_asked(check, t), _wanted(check), _found(check, t), _mark(check)) for check in checks]
    return tuple(sorted(lines, key=lambda line: ("gate_failed", "gate_unsure", "gate_passed").index(line.mark)))


def read_places(disparity: Mapping[str, Any], names: Gazetteer, t: Translator) -> tuple[Places, ...]:
    """Return kinds of places as a backtest found them."""
    return tuple(
        Places(
            name=t.named("places", name),
            verdict=t(f"verdict_{grouping['verdict']}"),
            ratio=grouping["ratio"],
            lines=tuple(_line(name, each, names, t) for each in grouping["groups"]),
        )
        for name, grouping in disparity.items()
    )


def read_drift(path: Path, t: Translator) -> Drift | None:
    """Return what the last look found; None where nobody has looked."""
    if not path.is_file():
        return None
    seen = json.loads(path.read_text(encoding="utf-8"))
    shifts, quality = seen["features"], seen["quality"].get("realised_over_expected") or {}
    return Drift(
        as_of=seen["as_of"],
        findings=tuple(finding[t.language] for finding in seen["findings"]),
        shifts=tuple((each.get(t.language, each["name"]), each["psi"]) for each in shifts[:SHOWN_SHIFTS])
        if isinstance(shifts, list)
        else (),
        predictions=seen["predictions"].get("psi"),
        realised=quality.get("value"),
        interval=quality.get("ci95"),
    )


def _line(column: str, group: Mapping[str, Any], names: Gazetteer, t: Translator) -> PlacesLine:
    key, kind = f"{column}_{group['name'].lower()}", names.area(group["name"])
    said = t.named("place", key)
    figures = (group["recall"], group["observed_over_expected"], group["ci90"])
    return PlacesLine(kind if said == key else said, group["grids"], group["positives"], *figures)


def _asked(check: Mapping[str, Any], t: Translator) -> str:
    about = [t.named(kind, name) for kind, name in zip(SUBJECTS.get(check["asked"], ()), check["about"], strict=False)]
    return " · ".join([t.named("gate", check["asked"]), *about])


def _found(check: Mapping[str, Any], t: Translator) -> str | None:
    """Return what was found, its one word in the reader's language."""
    found: str | None = check["found"]
    return found and found.replace(", chance", t("gate_chance"))


def _wanted(check: Mapping[str, Any]) -> str:
    return str(check["wanted"]).replace(">=", "≥").replace("<=", "≤")


def _mark(check: Mapping[str, Any]) -> str:
    if check["objection"]:
        return "gate_failed"
    return "gate_passed" if check["found"] is not None and check["sure"] else "gate_unsure"


MODEL = "lightgbm"
MEASURE = "hit@10%"
NOT_RULES = frozenset({MODEL, "oracle", "knowable", "plain_lightgbm", "xgboost", "catboost", "glm", "negative_binomial"})
"""Rows of a backtest that are no simple rule."""
PLOTS = tuple(
    f"{name}.png"
    for name in (
        *("hits", "reliability", "deviance", "folds_in_time", "folds", "two_lists", "lead_time", "churn"),
        *(f"{part}-{kind}" for part in ("open", "closed", "new") for kind in ("reasons", "beeswarm")),
    )
)
"""Those of a report that the page shows, in its order."""
FOLD_MEASURE = "poisson_deviance"
LEFT, WIDTH = 10.0, 380.0
"""Pixels at which the axis from 0 to 100 % begins, and its length."""


@dataclass(frozen=True)
class Compared:
    """One model or rule: its share of escalations within the top tenth of grids, with its 95 % interval, as places on an axis."""

    name: str
    value: float
    x: float
    low: float | None
    high: float | None
    own: bool


@dataclass(frozen=True)
class Figure:
    """One measure of the model in use; None where it could not be estimated."""

    key: str
    value: float | None
    interval: Sequence[float] | None


@dataclass(frozen=True)
class FoldLine:
    """One fold of the last backtest; figures are None where it holds too few escalations."""

    first: str
    last: str
    positives: int
    own: float | None
    """Deviance of the model; lower is better."""
    best: float | None
    """Of the best rule over all folds."""

    @property
    def difference(self) -> float | None:
        """Lead of the model over the rule; negative where it is worse."""
        return None if self.own is None or self.best is None else self.best - self.own


@dataclass(frozen=True)
class ModelsView:
    """All that the template shows."""

    publications: Sequence[RowMapping]
    current: RowMapping
    backtest: Mapping[str, Any]
    figures: tuple[Figure, ...]
    compared: tuple[Compared, ...]
    subsets: tuple[tuple[str, int, int, float | None, float | None], ...]
    """Name, rows, positives, and MEASURE of the model and of the best rule."""
    folds: tuple[FoldLine, ...]
    rule: str
    """Name of the best rule in them."""
    plots: tuple[str, ...]
    gate: tuple[GateLine, ...]
    places: tuple[Places, ...]
    drift: Drift | None
    mlflow_command: str
    """Command that opens MLflow's pages on this machine, where nobody serves them."""


def view_models(viewer: Viewer) -> ModelsView:
    """Read what was published with the model that made the newest list.

    Raises:
        NotReadyError: no model was published.
    """
    record = publications(viewer.engine)
    if not record:
        raise NotReadyError("a model must have been published, found none. Run `yujing train` and `yujing models promote`.")
    current = record[0]
    home, t = viewer.site.home, viewer.t
    published = home.published / current["model_hash"]
    backtest = json.loads((published / "backtest.json").read_text(encoding="utf-8"))
    own = backtest["models"][MODEL]
    keys = ("hit@5%", MEASURE, "ap_over_base", "auc", "ece")
    rule, folds = _folds(plots_folder(home, backtest) / "report.json")
    compared = [_compared(name, measured) for name, measured in backtest["models"].items() if measured[MEASURE] is not None]
    return ModelsView(
        publications=record,
        current=current,
        backtest=backtest,
        figures=tuple(Figure(key, own[key], (own.get("ci95") or {}).get(key)) for key in keys),
        compared=tuple(sorted(compared, key=lambda each: -each.value)),
        subsets=tuple(_subset(name, part) for name, part in backtest["subsets"].items()),
        folds=folds,
        rule=rule,
        plots=tuple(name for name in PLOTS if (plots_folder(home, backtest) / name).is_file()),
        gate=read_gate(published / "gate.json", t),
        places=read_places(backtest.get("disparity", {}), _names(viewer), t),
        drift=read_drift(home.monitoring / f"{backtest['target']}.json", t),
        mlflow_command=f"MLFLOW_DISABLE_TELEMETRY=true mlflow ui --backend-store-uri {home.tracking_url}",
    )


def _names(viewer: Viewer) -> Gazetteer:
    current = viewer.reading.shelf.current
    return viewer.site.atlas.names(viewer.engine, current.head.ranking_id if current else "")


def plots_folder(home: Home, backtest: Mapping[str, Any]) -> Path:
    """Return where the plots of a backtest lie."""
    return home.backtests / f"{backtest['target']}-{backtest['horizon_days']}d"


def _folds(path: Path) -> tuple[str, tuple[FoldLine, ...]]:
    """Return the best rule and the folds of a report; nothing where none was kept."""
    if not path.is_file():
        return "", ()
    report = json.loads(path.read_text(encoding="utf-8"))
    rule = next((name for name in report["shown"] if name not in NOT_RULES), "")
    lines = [
        FoldLine(
            each["first"],
            each["last"],
            each["positives"],
            *(each["models"].get(name, {}).get(FOLD_MEASURE) for name in (MODEL, rule)),
        )
        for each in report["folds"]
    ]
    return rule, tuple(lines)


def _compared(name: str, measured: Mapping[str, Any]) -> Compared:
    low, high = (measured.get("ci95") or {}).get(MEASURE) or (None, None)
    return Compared(name, measured[MEASURE], _x(measured[MEASURE]), _x(low), _x(high), own=name == MODEL)


def _x(value: float | None) -> Any:
    return None if value is None else round(LEFT + value * WIDTH, 1)


def _subset(name: str, part: Mapping[str, Any]) -> tuple[str, int, int, float | None, float | None]:
    others = [measured[MEASURE] for other, measured in part["models"].items() if other not in NOT_RULES and measured[MEASURE] is not None]
    return name, part["rows"], part["positives"], part["models"][MODEL][MEASURE], max(others, default=None)
