"""Settings of intake, event log and panel: frozen, typed, every key known. Defaults live here."""

import reprlib
from collections.abc import Container, Mapping
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Literal, Self, TypeVar, get_args
from zoneinfo import ZoneInfo, available_timezones

import yaml
from holidays import list_supported_countries
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from features.errors import UsageError, suggest
from features.targets import Target

Model = TypeVar("Model", bound=BaseModel)


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


class LogSettings(Section):
    """Settings of the event log and of what is counted in it; their keys stand at the top of a file."""

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

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"zone must be an IANA name such as Asia/Shanghai, got {value!r}")
        return value

    @property
    def tz(self) -> ZoneInfo:
        """The zone of naive times and of the local day."""
        return ZoneInfo(self.zone)


class BuildSettings(Section):
    """Settings by which a panel is built; their keys stand at the top of a file."""

    covariates: dict[str, DisplayName] = Field(default_factory=dict)
    """Names of the columns of covariate files in reasons; a column without one is called by its code."""
    memory_gib: float = Field(default=4.0, gt=0)
    """Memory that a panel and what learns from it may take; beyond it panels lie in a temporary file, and rows are sampled."""
    calendar: CalendarSettings = CalendarSettings()
    panel: PanelSettings = PanelSettings()


def validate(model: type[Model], content: dict[str, Any], where: str) -> Model:
    """Build a settings model, turning the first fault into one line that names what to do."""
    try:
        return model(**content)
    except ValidationError as error:
        raise UsageError(f"{where}: {explain(model, first_fault(error))}") from error


def first_fault(error: ValidationError) -> ErrorDetails:
    """Return the fault to name: an unknown key before everything else, for it may be why another one is missing."""
    faults = error.errors(include_url=False)
    return next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])


def explain(model: type[BaseModel], fault: ErrorDetails) -> str:
    """Say in one line what is wrong; an unknown key leads to the nearest known one."""
    place = ".".join(str(part) for part in fault["loc"])
    if fault["type"] != "extra_forbidden":
        return f"{place}: {fault['msg']}, got {reprlib.repr(fault['input'])}"
    return f"unknown key {place!r}; {suggest(str(fault['loc'][-1]), _keys_at(model, fault['loc'][:-1]))}"


def _keys_at(model: type[BaseModel], path: tuple[int | str, ...]) -> list[str]:
    for part in path:
        field = model.model_fields.get(str(part))
        model = model_in(field.annotation) or model if field else model
    return sorted(field.alias or name for name, field in model.model_fields.items())


def model_in(annotation: Any) -> type[BaseModel] | None:
    """Find the settings model inside an annotation such as `dict[str, Column]` or `Query | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := model_in(part))), None)
