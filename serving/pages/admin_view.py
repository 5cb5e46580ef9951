"""The rule of alerts as it is set and as it could be, and the settings as they hold, each with where it was set; secrets are masked.

The rule lives in the configuration file alone; the page tries changes and says which lines to write there.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ValidationError
from sqlalchemy import Engine, func, make_url, select

from features.database.alert_tables import alert, alert_decision
from features.database.engine import reading
from features.errors import UsageError
from serving.alerts.capacity import expected_alerts_per_day, read_revisit_interval, say_neglect
from serving.settings import AlertSettings, Settings
from serving.text import Text

LISTS = 14

MASK = "•••"


@dataclass(frozen=True)
class Rule:
    """Rule of alerts as the page shows it."""

    settings: Mapping[str, object]
    raised: tuple[tuple[str, int], ...]
    """Day and alerts raised, the newest first."""
    outcomes: Mapping[str, int]
    """Outcome for the grids that the rule looked at on the last lists."""
    neglect: Text | None
    """Interval at which lot leads to each grid; None before the first list."""


def read_rule(engine: Engine, alerts: AlertSettings) -> Rule:
    """Return the settings, and what they led to on the last lists."""
    by_day = select(alert.c.starts, func.count()).group_by(alert.c.starts).order_by(alert.c.starts.desc()).limit(LISTS)
    lists = select(alert_decision.c.ranking_id).distinct().order_by(alert_decision.c.ranking_id.desc()).limit(LISTS).scalar_subquery()
    decided = (
        select(alert_decision.c.outcome, func.count()).where(alert_decision.c.ranking_id.in_(lists)).group_by(alert_decision.c.outcome)
    )
    with reading(engine) as connection:
        raised = tuple((str(day), count) for day, count in connection.execute(by_day))
        outcomes = {row[0]: row[1] for row in connection.execute(decided)}
    weeks = read_revisit_interval(engine, alerts)
    return Rule(_figures(alerts), raised, outcomes, None if weeks is None else say_neglect(weeks))


@dataclass(frozen=True)
class Trial:
    """Effect of a changed rule, beside the one that is set."""

    figures: Mapping[str, object]
    days: tuple[tuple[date, int, int], ...]
    """Day, alerts by the rule that is set, and by the changed one, the newest first."""
    lines: str
    """Lines for the configuration; empty where nothing was changed."""

    @property
    def averages(self) -> tuple[float, float]:
        """Alerts per day by the rule that is set, and by the changed one; 0 where no list was published."""
        count = max(len(self.days), 1)
        return sum(now for _, now, _ in self.days) / count, sum(then for *_, then in self.days) / count


def try_rule(engine: Engine, alerts: AlertSettings, wanted: Mapping[str, str], target: str) -> Trial:
    """Replay a changed rule over the last lists; nothing is saved.

    Raises:
        UsageError: there is no such setting, or the settings do not fit together.
    """
    if unknown := wanted.keys() - _figures(alerts).keys():
        raise UsageError(f"only figures of the rule can be tried, got {', '.join(sorted(unknown))}. Leave the rest out.")
    try:
        changed = AlertSettings.model_validate({**alerts.model_dump(), **wanted})
    except ValidationError as error:
        raise UsageError(f"the settings of the rule must fit together: {error.errors()[0]['msg']}. Change them.") from error
    now, then = (expected_alerts_per_day(engine, each, target) for each in (alerts, changed))
    different = {name: value for name, value in _figures(changed).items() if value != _figures(alerts)[name]}
    lines = yaml.safe_dump({"alerts": different}, sort_keys=False) if different else ""
    return Trial(_figures(changed), tuple((day, now[day], then[day]) for day in sorted(now, reverse=True)), lines)


def _figures(alerts: AlertSettings) -> dict[str, object]:
    plain = alerts.model_dump()
    return {name: value for name, value in plain.items() if isinstance(value, int | float) and not isinstance(value, bool)}


@dataclass(frozen=True)
class SettingLine:
    """One setting."""

    name: str
    """With its sections, joined by dots."""
    value: str
    source: str
    """environment, named_file, home_file, command_line or default."""


def read_settings(settings: Settings, home_config: Path) -> list[SettingLine]:
    """Return every setting, those that somebody set first."""
    lines = [
        SettingLine(name, _shown(name, value), _source(name, settings.origins, home_config, is_default=is_default))
        for name, value, is_default in _flat(settings, type(settings).model_construct())
    ]
    return sorted(lines, key=lambda line: line.source == "default")


def _flat(settings: BaseModel, defaults: BaseModel, prefix: str = "") -> Iterator[tuple[str, object, bool]]:
    """Yield name, JSON value and whether it is the default of every setting."""
    stored = settings.model_dump(mode="json")
    for name in type(settings).model_fields:
        value, default = getattr(settings, name), getattr(defaults, name)
        if isinstance(value, BaseModel) and isinstance(default, type(value)):
            yield from _flat(value, default, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", stored[name], value == default


def _source(name: str, origins: Mapping[str, str], home_config: Path, *, is_default: bool) -> str:
    """Return where a setting comes from; one that no source names and is not the default was given to the command."""
    origin = next((source for key, source in origins.items() if f"{name}.".startswith(f"{key}.") or key.startswith(f"{name}.")), None)
    if origin is None:
        return "default" if is_default else "command_line"
    if origin == "the environment":
        return "environment"
    return "home_file" if origin == str(home_config) else "named_file"


def _shown(name: str, value: object) -> str:
    if name == "database_url" and value:
        return make_url(str(value)).render_as_string(hide_password=True)
    if value in (None, "", [], {}):
        return "—"
    return value if isinstance(value, str) else json.dumps(_masked(value), ensure_ascii=False)


def _masked(value: object) -> object:
    """Return a value without what an address may hold of keys: all behind the host."""
    if isinstance(value, dict):
        return {name: _address(part) if name == "url" else _masked(part) for name, part in value.items() if part not in (None, "", [], {})}
    return [_masked(part) for part in value] if isinstance(value, list) else value


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}/{MASK}"
