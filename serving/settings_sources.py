"""Sources of settings: the environment and YAML files, read under the present names of their keys."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, YamlConfigSettingsSource

from features.settings import Section, model_in, read_yaml

LOG = logging.getLogger(__name__)


class Origins(dict[str, str]):
    """Dotted names of settings -> what names them; any two are equal, for settings are compared by their values alone."""

    def __eq__(self, other: object) -> bool:
        """Tell whether another is of this kind."""
        return isinstance(other, Origins)

    __hash__ = None  # as of every dict


class Environment(EnvSettingsSource):
    """Environment variables: `YUJING_` before the key, `__` between a section and its key."""

    def __str__(self) -> str:
        return "the environment"

    def __call__(self) -> dict[str, Any]:
        """Return what the environment says, under the present names."""
        return _with_new_keys(self.settings_cls, super().__call__(), str(self))


class YamlFile(YamlConfigSettingsSource):
    """One YAML file that must be there and hold a mapping."""

    def __init__(self, settings: type[BaseSettings], file: Path) -> None:
        self.file, self.model = file, settings
        if not file.is_file():
            read_yaml(file)
        super().__init__(settings, file)

    def __str__(self) -> str:
        return str(self.file)

    def _read_file(self, file_path: Any) -> dict[str, Any]:
        return _with_new_keys(self.model, read_yaml(Path(file_path)), str(self))


def _with_new_keys(model: type[BaseModel], content: dict[str, Any], where: str) -> dict[str, Any]:
    """Rename old keys at every depth, before sources are laid over each other, and warn of each."""
    renamed = {}
    for old, value in content.items():
        new = model.new_key(old, content) if issubclass(model, Section) else old
        if old != new:
            LOG.warning("%s: the setting %s is called %s now; the old name is read for one more release.", where, old, new)
        field = model.model_fields.get(new)
        section = model_in(field.annotation) if field else None
        renamed[new] = _with_new_keys(section, value, where) if section and isinstance(value, dict) else value
    return renamed


def dotted(content: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted names of all values of nested mappings."""
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def source_of(fault: ErrorDetails, sources: Sequence[PydanticBaseSettingsSource]) -> str:
    """Name the strongest source that holds the key at fault."""
    return str(next((source for source in sources if _holds(source(), fault["loc"])), sources[0]))


def _holds(content: Any, place: tuple[int | str, ...]) -> bool:
    if not place:
        return True
    return isinstance(content, dict) and place[0] in content and _holds(content[place[0]], place[1:])
