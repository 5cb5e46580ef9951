"""The settings as they hold, each with where it was set; secrets are masked."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel
from sqlalchemy import make_url

from serving.settings import Settings

MASK = "•••"


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
