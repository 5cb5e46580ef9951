"""Settings of intake, event log and panel: frozen, typed, every key known.

Defaults live here. The home's `config.yaml` overrides them, the file of `--config` overrides that one key by key, and the environment
(`YUJING_ZONE`, `YUJING_PANEL__THREADS`) overrides both. A key that stands twice in a YAML file is refused.
"""

import logging
import reprlib
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar, get_args
from zoneinfo import ZoneInfo, available_timezones

import yaml
from holidays import list_supported_countries
from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    YamlConfigSettingsSource,
)

from features.errors import UsageError, suggest
from features.targets import Target

Model = TypeVar("Model", bound=BaseModel)

LOG = logging.getLogger(__name__)


class _Loader(yaml.SafeLoader):
    """The safe loader, which refuses a key that stands twice instead of taking the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if repeated := next((name for place, name in enumerate(names) if name in names[:place]), None):
            raise yaml.constructor.ConstructorError(None, None, f"the key {repeated!r} stands twice, keep one", node.start_mark)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML mapping, or say in one line why it is none."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a subclass of the safe loader
    except OSError as error:
        raise UsageError(f"{path} must be a readable YAML file: {error.strerror}. Check the path and its rights.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        detail = " ".join(str(error).split())
        raise UsageError(f"{path} must be YAML in UTF-8: {detail}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UsageError(f"{path} must hold a YAML mapping (key: value), found {type(content).__name__}.")
    return content


class Section(BaseModel):
    """A part of the settings: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    renamed: ClassVar[Mapping[str, str]] = {}
    """Old key -> new key; old keys are read for one release."""

    @model_validator(mode="before")
    @classmethod
    def _accept_old_keys(cls, content: Any) -> Any:
        """Read what an older program stored."""
        return {cls.new_key(key, content): value for key, value in content.items()} if isinstance(content, dict) else content

    @classmethod
    def new_key(cls, key: str, content: Container[str]) -> str:
        """Return what a key is called now; an old one beside the new one keeps its name, and so is refused."""
        new = cls.renamed.get(key, key)
        return key if new in content else new


class Period(Section):
    """Days known in advance, half-open `[start, end)`."""

    name: str
    start: date
    end: date

    @model_validator(mode="after")
    def _has_a_day(self) -> Self:
        if self.end <= self.start:
            raise ValueError(f"a period must end after it starts, for its end is not included; {self.name!r} is {self.start} to {self.end}")
        return self


class CalendarSettings(Section):
    """Calendar: holidays and periods that its features know."""

    country: str = "CN"
    exam_periods: tuple[Period, ...] = ()
    sensitive_periods: tuple[Period, ...] = ()
    workdays: dict[date, bool] = Field(default_factory=dict)
    """Overrides of single days, for years the holiday library does not know yet: true is a workday."""

    @field_validator("country")
    @classmethod
    def _known_country(cls, country: str) -> str:
        known = list_supported_countries(include_aliases=False)
        if country not in known:
            raise ValueError("country must be a code of two letters in upper case, such as CN, DE or US, for which holidays are known")
        return country


class IntakeSettings(Section):
    """Limits beyond which a load counts as failed, and sources that have ended."""

    max_refused_share: float = Field(default=0.05, ge=0, le=1)
    """Share of the rows of a load, or of the cells of one column, that may be refused."""
    retired_sources: tuple[str, ...] = ()
    """Sources that send nothing any more and are not missed; any other that falls silent leaves its grids unrated."""


class PetitionVolume(Section):
    """The switch that lets petition counts into the model; it needs a reason, a name and an end."""

    in_model: bool = False
    reason: str = ""
    by: str = ""
    until: date | None = None

    @model_validator(mode="after")
    def _accounted_for(self) -> Self:
        missing = [name for name in ("reason", "by", "until") if self.in_model and not getattr(self, name)]
        if missing:
            raise ValueError(f"petition volume in the model needs reason, by and until; missing: {', '.join(missing)}")
        return self


class DisplayName(Section):
    """Name in both languages."""

    zh: str
    en: str


class PanelSettings(Section):
    """Settings of the panel; of these only `nearest_neighbours` and `local_features` change what it holds."""

    block_cells: int = Field(default=4_000_000, ge=1)
    """Counter cells (grids x edges x channels) held per thread; peak memory grows with it."""
    threads: int = Field(default=2, ge=1)
    engine: Literal["local", "dask"] = "local"
    """Threads of the process, or workers of Dask."""
    scheduler: str | None = None
    """Address of that of Dask, inside the own network only; without one as many workers as threads are started on this machine."""
    nearest_neighbours: int = Field(default=6, ge=0)
    """Neighbours per grid taken from centroids where no borders are known."""
    local_features: str | None = None
    """Path of a Python file, or name of an entry point, that declares columns of this deployment's own."""
    petition_volume: PetitionVolume = PetitionVolume()


class Origins(dict[str, str]):
    """Dotted names of settings -> what names them; any two are equal, for settings are compared by their values alone."""

    def __eq__(self, other: object) -> bool:
        """Tell whether another is of this kind."""
        return isinstance(other, Origins)

    __hash__ = None  # as of every dict


class Settings(BaseSettings):
    """Everything `features` needs to know; `training` and `serving` extend it."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="YUJING_", env_nested_delimiter="__")

    zone: str = "Asia/Shanghai"
    database_url: str | None = None
    """SQLAlchemy URL of the event log; without one it is SQLite under the home folder."""
    categories: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    sub_kinds: tuple[str, ...] = ()
    """Codes of undertakings beside the project's own, such as those of a local list of projects."""
    target: Target = Target(transitions=("escalated",))
    targets: dict[str, Target] = Field(default_factory=dict)
    horizon_days: int = Field(default=14, ge=1)
    delay_allowance_days: int = Field(default=7, ge=0)
    """Days a report may take; a label is ripe only once they have passed."""
    covariates: dict[str, DisplayName] = Field(default_factory=dict)
    """Names of the columns of covariate files in reasons; a column without one is called by its code."""
    memory_gib: float = Field(default=4.0, gt=0)
    """Memory that a panel and what learns from it may take; beyond it panels lie in a temporary file, and rows are sampled."""
    calendar: CalendarSettings = CalendarSettings()
    intake: IntakeSettings = IntakeSettings()
    panel: PanelSettings = PanelSettings()

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"zone must be an IANA name such as Asia/Shanghai, got {value!r}")
        return value

    _origins: Origins = PrivateAttr(default_factory=Origins)

    @property
    def origins(self) -> Mapping[str, str]:
        """Dotted name of every setting that a file or the environment names -> what names it; the strongest where several do."""
        return self._origins

    @property
    def tz(self) -> ZoneInfo:
        """The zone of naive times and of the local day."""
        return ZoneInfo(self.zone)

    @classmethod
    def load(cls, *files: Path | None) -> Self:
        """Read settings from the environment, then from YAML files, the strongest first; defaults fill what none of them names.

        Raises:
            UsageError: a file cannot be read, a key is unknown (the nearest known one is named) or a value does not fit.
        """
        sources = (Environment(cls), *(YamlFile(cls, file) for file in files if file))
        try:
            loaded = cls(_build_sources=(sources, {}))
        except ValidationError as error:
            fault = _first_fault(error)
            raise UsageError(f"{_source_of(fault, sources)}: {_explain(cls, fault)}") from error
        except SettingsError as error:
            raise UsageError(f"the environment: {error}; lists and mappings must be JSON, such as '[\"a\"]'.") from error
        loaded._origins = Origins({key: str(source) for source in reversed(sources) for key in _dotted(source())})
        return loaded


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
        section = _model_in(field.annotation) if field else None
        renamed[new] = _with_new_keys(section, value, where) if section and isinstance(value, dict) else value
    return renamed


def _dotted(content: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """Yield the dotted names of all values of nested mappings."""
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield from _dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def validate(model: type[Model], content: dict[str, Any], where: str) -> Model:
    """Build a settings model, turning the first fault into one line that names what to do."""
    try:
        return model(**content)
    except ValidationError as error:
        raise UsageError(f"{where}: {_explain(model, _first_fault(error))}") from error


def _first_fault(error: ValidationError) -> ErrorDetails:
    """Return the fault to name: an unknown key before everything else, for it may be why another one is missing."""
    faults = error.errors(include_url=False)
    return next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])


def _source_of(fault: ErrorDetails, sources: Sequence[PydanticBaseSettingsSource]) -> str:
    """Name the strongest source that holds the key at fault."""
    return str(next((source for source in sources if _holds(source(), fault["loc"])), sources[0]))


def _holds(content: Any, place: tuple[int | str, ...]) -> bool:
    if not place:
        return True
    return isinstance(content, dict) and place[0] in content and _holds(content[place[0]], place[1:])


def _explain(model: type[BaseModel], fault: ErrorDetails) -> str:
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] != "extra_forbidden":
        return f"{place}: {fault['msg']}, got {reprlib.repr(fault['input'])}"
    return f"unknown key {place!r}; {suggest(str(fault['loc'][-1]), _keys_at(model, fault['loc'][:-1]))}"


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        model = _model_in(field.annotation) or model if field else model
    return sorted(field.alias or name for name, field in model.model_fields.items())


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the settings model inside an annotation such as `dict[str, Column]` or `Query | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
