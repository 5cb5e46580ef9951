"""What speaks for and against the model in use: the gate's checks, kinds of places side by side, and what the last look at drift found."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from serving.pages.catalogue import Speaker
from serving.pages.gazetteer import Gazetteer

SHOWN_SHIFTS = 5


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
    """What `yujing monitor` found last."""

    as_of: str
    findings: tuple[str, ...]
    shifts: tuple[tuple[str, float], ...]
    """Features that moved most, and how far."""
    predictions: float | None
    realised: float | None
    """Realised over expected of the ripe lists; None where that cannot be estimated."""
    interval: Sequence[float] | None


def read_gate(path: Path, t: Speaker) -> tuple[GateLine, ...]:
    """Return the checks of a published model, those that failed first; none where an older program trained it."""
    checks: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    lines = [GateLine(_asked(check, t), check["wanted"], check["found"], _mark(check)) for check in checks]
    return tuple(sorted(lines, key=lambda line: ("gate_failed", "gate_unsure", "gate_passed").index(line.mark)))


def read_places(disparity: Mapping[str, Any], names: Gazetteer, t: Speaker) -> tuple[Places, ...]:
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


def read_drift(path: Path, t: Speaker) -> Drift | None:
    """Return what the last look found; None where nobody has looked."""
    if not path.is_file():
        return None
    seen = json.loads(path.read_text(encoding="utf-8"))
    shifts, quality = seen["features"], seen["quality"].get("realised_over_expected") or {}
    return Drift(
        as_of=seen["as_of"],
        findings=tuple(finding[t.language] for finding in seen["findings"]),
        shifts=tuple((each["zh"] if t.language == "zh" else each["name"], each["psi"]) for each in shifts[:SHOWN_SHIFTS])
        if isinstance(shifts, list)
        else (),
        predictions=seen["predictions"].get("psi"),
        realised=quality.get("value"),
        interval=quality.get("ci95"),
    )


def _line(column: str, group: Mapping[str, Any], names: Gazetteer, t: Speaker) -> PlacesLine:
    key, kind = f"{column}_{group['name'].lower()}", names.area(group["name"])
    said = t.named("place", key)
    figures = (group["recall"], group["observed_over_expected"], group["ci90"])
    return PlacesLine(kind if said == key else said, group["grids"], group["positives"], *figures)


def _asked(check: Mapping[str, Any], t: Speaker) -> str:
    kinds = {"beats_rule": ("rule",), "no_worse_where_it_begins": ("subset", "rule"), "even": ("places",)}.get(check["asked"], ())
    about = [t.named(kind, name) for kind, name in zip(kinds, check["about"], strict=False)]
    return " · ".join([t.named("gate", check["asked"]), *about])


def _mark(check: Mapping[str, Any]) -> str:
    if check["objection"]:
        return "gate_failed"
    return "gate_passed" if check["found"] is not None and check["sure"] else "gate_unsure"
