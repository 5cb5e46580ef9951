"""Figures of earlier runs of the monitor: one line per day and target, for curves over time."""

import json
from dataclasses import asdict, dataclass
from datetime import date

from features.storage.atomic_files import atomic_write
from features.storage.home import Home

KEPT = 520
"""Days that are kept, ten years of weeks."""


@dataclass(frozen=True)
class WatchedDay:
    """Figures of one run; None where one could not be estimated."""

    as_of: date
    features: float | None
    """PSI of the feature that moved most."""
    predictions: float | None
    """PSI of the predictions."""
    realised: float | None
    """Realised over expected escalations of the ripe lists."""
    low: float | None
    high: float | None


def keep_day(home: Home, target: str, watched: WatchedDay) -> None:
    """Add a run to those of its target, in place of one of the same day."""
    kept = {each.as_of: each for each in read_history(home, target)} | {watched.as_of: watched}
    lines = [json.dumps(asdict(kept[day]), default=str) for day in sorted(kept)[-KEPT:]]
    path = home.folder(home.monitoring) / f"{target}.history.jsonl"
    atomic_write(path, "\n".join([*lines, ""]).encode())


def read_history(home: Home, target: str) -> list[WatchedDay]:
    """Return the runs of a target, the oldest first."""
    path = home.monitoring / f"{target}.history.jsonl"
    if not path.is_file():
        return []
    stored = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [WatchedDay(**{**line, "as_of": date.fromisoformat(line["as_of"])}) for line in stored]
