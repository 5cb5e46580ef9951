"""Settings of `yujing`: those of ranking and serving, and all of them together as a file or the environment gives them.

Defaults live in the sections. The home's `config.yaml` overrides them, the file of `--config` overrides that one key by key, and the
environment (`YUJING_ZONE`, `YUJING_PANEL__THREADS`) overrides both. A key that stands twice in a YAML file is refused.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from features.errors import UsageError
from features.settings import BuildSettings, IntakeSettings, LogSettings, Section, explain, first_fault
from serving.settings_sources import Environment, Origins, YamlFile, dotted, source_of
from serving.urls import LOOPBACK, ascii_url, is_private
from training.settings import BacktestSettings, CharterSettings, ModelSettings, PublishingSettings


class RankingSettings(Section):
    """Settings of the list: its levels and marks."""

    renamed: ClassVar = {"reasons_for": "explain_top_n"}

    seed: int = 0
    """Breaks ties between equal scores, together with the grid and the date."""
    priority_share: float = Field(default=0.02, gt=0, le=1)
    """Top share of the rated grids that is `priority`; the two below count from the top as well."""
    elevated_share: float = Field(default=0.05, gt=0, le=1)
    watch_share: float = Field(default=0.15, gt=0, le=1)
    chronic_share: float = Field(default=0.10, gt=0, le=1)
    """Top share of the rated grids by usual level that is marked chronic."""
    rising_factor: float = Field(default=1.25, gt=1)
    """A grid is rising when even the low end of its factor is at least this."""
    explain_top_n: int = Field(default=1_000, ge=0)
    """Grids from the top of the list whose reasons are published; those below are explained on demand."""
    stale_source_days: int = Field(default=7, ge=0)
    """Days a source may be behind the list's date before its grids are not rated."""
    least_households: int = Field(default=100, ge=100)
    """Households below which a grid is not rated, where the grid file states them; a deployment may ask for more, never for fewer."""

    @model_validator(mode="after")
    def _levels_are_nested(self) -> Self:
        if not self.priority_share <= self.elevated_share <= self.watch_share:
            raise ValueError("priority_share, elevated_share and watch_share count from the top and must not fall")
        return self


class ServingSettings(Section):
    """Settings of the service."""

    renamed: ClassVar = {
        "proxies": "trusted_proxies",
        "metrics_for": "metrics_allowed_addresses",
        "max_requests": "max_concurrent_requests",
        "stop_seconds": "shutdown_timeout_seconds",
        "lead_seconds": "activation_delay_seconds",
        "kept_rankings": "ranking_cache_size",
        "heads_folder": "checkpoint_dir",
    }

    host: str = "127.0.0.1"
    behind_proxy: bool = False
    """True where a proxy in front ends TLS; only then may `host` be an address that other machines reach."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses of the proxies whose word on where a request comes from is taken; nobody else's is."""
    port: int = Field(default=8000, ge=1, le=65535)
    allowed_hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    """Host headers that are answered; any other gets 400."""
    metrics_allowed_addresses: tuple[str, ...] = ("127.0.0.1", "::1")
    """Addresses that may read /metrics, by default this machine's own; it counts requests by route and tells of no area or account."""
    max_body_bytes: int = Field(default=1024**2, ge=0)
    max_concurrent_requests: int = Field(default=8, ge=1)
    """Requests that run at a time; more share one processor and only make each other late. Two more make files, such as PDF and Excel."""
    max_waiting_requests: int = Field(default=256, ge=0)
    """Requests that wait for one of those to end; any beyond, and those that would wait more than a second, are answered 503 at once."""
    requests_per_minute: int = Field(default=120, ge=1)
    """Requests that an account may make within a minute; any beyond are answered 429."""
    shutdown_timeout_seconds: int = Field(default=10, ge=1)
    """Time that requests in flight have to end after a stop signal."""
    refresh_seconds: float = Field(default=2.0, gt=0)
    """Interval at which a newer list is looked for."""
    activation_delay_seconds: float = Field(default=0.0, ge=0)
    """Time from a list's publication until it is shown. Several processes need more than `refresh_seconds` and the reading of a list."""
    stale_after_hours: float = Field(default=26.0, gt=0)
    """Age from which the current list is marked stale."""
    access_log: bool = False
    """True where every request leaves a line: time, route, status, duration and id, never an address, name or content."""
    data_late_after_hours: float = Field(default=72.0, gt=0)
    """Age of the newest record from which data count as late."""
    ranking_cache_size: int = Field(default=8, ge=1)
    """Lists held in memory; older ones are read from the ledger again."""
    public_url: str = Field(default="", pattern=r"^(https?://.*[^/])?$")
    """Address under which browsers reach this service: links in messages begin with it, a provider sends people back to it."""
    root_path: str = Field(default="", pattern=r"^(/[A-Za-z0-9._~-]+)*$")
    """Path of the site under which a proxy serves the pages and the API, such as /yujing; empty is the root."""
    framed_by: tuple[str, ...] = ()
    """Sites that may show the pages in a frame, such as https://portal.example; by default none may."""
    mlflow_url: str = Field(default="", pattern=r"^(https?://.*)?$")
    """Address of MLflow's pages for analysts; empty where nobody serves them."""
    checkpoint_dir: Path | None = None
    """Second place where the heads of ledger and audit trail are written every hour, best on another machine."""

    @field_validator("framed_by")
    @classmethod
    def _sites(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not is_private(site) or urlsplit(site).path for site in value):
            raise ValueError("framed_by must name https sites without a path, one by one")
        return value

    @field_validator("allowed_hosts", "trusted_proxies", "metrics_allowed_addresses")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "*" in value:
            raise ValueError("hosts and addresses must be named one by one, for * lets in everybody")
        return value

    @model_validator(mode="after")
    def _leads_or_shows_at_once(self) -> Self:
        if 0 < self.activation_delay_seconds <= self.refresh_seconds:
            raise ValueError("activation_delay_seconds must be 0 or above refresh_seconds, or processes change lists one after the other")
        return self

    @model_validator(mode="after")
    def _proxy_is_named(self) -> Self:
        if self.behind_proxy and not self.trusted_proxies:
            raise ValueError(
                "behind_proxy needs trusted_proxies, or all who come through the proxy count as one address and lock each other out"
            )
        return self

    @model_validator(mode="after")
    def _open_only_behind_a_proxy(self) -> Self:
        if self.host not in LOOPBACK and not self.behind_proxy:
            raise ValueError(f"host must be one of {', '.join(LOOPBACK)} unless behind_proxy is true, for nothing here ends TLS")
        return self


class OidcSettings(Section):
    """An identity provider whose word on who somebody is is taken; what they may do is said by the local account of that name."""

    renamed: ClassVar = {"site": "public_url", "passwords": "password_login"}

    issuer: str = ""
    """Its address, exactly as its tokens name it."""
    client_id: str = ""
    """Audience that its tokens must name."""
    client_secret_file: Path | None = None
    """Secret that this service redeems a code with; without the file it is a public client."""
    jwks_file: Path | None = None
    """Its public keys, where they cannot be fetched from it."""
    name_claim: str = "preferred_username"
    """Claim of its tokens that is the login name here."""
    public_url: str = ""
    """Address to which the provider sends people back; `serving.public_url` unless stated."""
    password_login: bool = True
    """False where nobody but administrators may sign in by password any more."""

    @field_validator("issuer", "public_url")
    @classmethod
    def _private(cls, value: str) -> str:
        if value and not is_private(value):
            raise ValueError("issuer and public_url must be https addresses, for what is sent there signs people in")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.client_secret_file or self.jwks_file or self.public_url) and not (self.issuer and self.client_id):
            raise ValueError("oidc needs issuer and client_id beside everything else")
        if not self.password_login and not self.public_url:
            raise ValueError("password_login can be switched off only where public_url lets people sign in without")
        return self


class DueHours(Section):
    """Hours that each step of an alert may take before it is listed as overdue; nothing else happens."""

    acknowledge: float = Field(default=24.0, gt=0)
    start: float = Field(default=72.0, gt=0)
    close: float = Field(default=168.0, gt=0)


class Department(Section):
    """A department (责任单位) that alerts can be handed to. Its accounts see what they were handed and nothing else."""

    code: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    name: str = Field(min_length=1, max_length=30)
    """In Chinese, as it stands on a button."""
    name_en: str = Field(min_length=1, max_length=60)
    kinds: tuple[str, ...] = ()
    """Categories of cases that it answers for; they put it first in the list."""
    area: str = ""
    """Path of the area it works for; empty is the whole."""


DEPARTMENTS = (
    Department(code="labour", name="人社部门", name_en="labour office", kinds=("labor_wage",)),
    Department(code="housing", name="住建部门", name_en="housing office", kinds=("property_mgmt",)),
    Department(
        code="land",
        name="自然资源部门",
        name_en="land office",
        kinds=("land_acquisition", "housing_homestead", "forest_land"),
    ),
    Department(code="ecology", name="生态环境部门", name_en="environment office", kinds=("environment",)),
    Department(code="market", name="市场监管部门", name_en="market office", kinds=("consumer", "contract", "business_operation")),
    Department(code="agriculture", name="农业农村部门", name_en="agriculture office", kinds=("village_affairs",)),
    Department(code="police", name="公安机关", name_en="police", kinds=("traffic_accident", "damage_compensation")),
    Department(code="justice", name="司法所", name_en="justice office", kinds=("neighbor", "marriage_family")),
    Department(code="health", name="卫生健康部门", name_en="health office", kinds=("medical",)),
)
"""Usual departments of a county or district."""


ReceiverKind = Literal["webhook", "wecom", "dingtalk", "mail", "sms"]
BriefKind = Literal["daily", "weekly"]


class Receiver(Section):
    """A program, group chat, mailbox or SMS gateway that is told about alerts; the key of a program lies under the home's `keys`."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,40}$")
    url: str = Field(pattern=r"^(https?|smtps?)://[^/]")
    kind: ReceiverKind = "webhook"
    """webhook is told of every step as JSON; the others, which people read, of what is for them to do."""
    secret_file: Path | None = None
    """Secret of a 钉钉 robot that wants its messages signed."""
    to: tuple[str, ...] = ()
    """Mailboxes, or numbers of duty phones."""
    area: str = ""
    """Path of the area whose alerts it is told of; empty is the whole."""
    department: str = ""
    """Code of the department whose alerts it is told of; empty is any."""
    briefs: tuple[BriefKind, ...] = ("daily", "weekly")
    """Briefs of its area that it is sent by itself, a mailbox with the page as PDF; programs and departments are sent none."""

    @property
    def reads_briefs(self) -> tuple[BriefKind, ...]:
        """The briefs that it is sent."""
        return () if self.kind == "webhook" or self.department else self.briefs

    @field_validator("url")
    @classmethod
    def _sendable(cls, value: str) -> str:
        """Store an http address in ASCII: the host name by IDNA, the rest percent-encoded."""
        return value if value.startswith("smtp") else ascii_url(value)

    @model_validator(mode="after")
    def _address_fits_the_kind(self) -> Self:
        if (self.kind == "mail") != self.url.startswith("smtp"):
            raise ValueError("a receiver of kind mail must have an smtp address, and no other may")
        if (self.kind in {"mail", "sms"}) != bool(self.to):
            raise ValueError("receivers of kind mail and sms must say to whom, and no others may")
        return self


class Platform(Section):
    """An outside platform that answers in the name of people; its key lies under the home's `keys`."""

    name: str = Field(pattern=r"^[a-z0-9_]{1,40}$")


class AlertSettings(Section):
    """Settings of alerts: which listed grids become one. `yujing alerts forecast` says how many a day that makes."""

    renamed: ClassVar = {"second_look_share": "blind_review_share"}

    enter_share: float = Field(default=0.05, gt=0, le=1)
    """Top share of the rated grids that is alerted."""
    leave_share: float = Field(default=0.08, gt=0, le=1)
    """A grid that was within `enter_share` counts as such until it falls out of this share."""
    per_township: int = Field(default=3, ge=1)
    """New alerts per township and day at most; what is beyond is listed."""
    exploration_share: float = Field(default=0.10, ge=0, le=1)
    """Share of those slots, filled or not, that goes to grids drawn at random, so that the list also looks where it would not."""
    blind_review_share: float = Field(default=0.05, ge=0, le=1)
    """Share of the alerts shown without level and rank, to see whether people judge for themselves."""
    cool_down_days: int = Field(default=7, ge=0)
    """Days, from that on which an alert ended, on which its grid is not alerted again; the hour of a list or an ending does not matter."""
    review: bool = False
    """True where lists and alerts stay hidden until an analyst releases them."""
    due_hours: DueHours = DueHours()
    brief_time: str = Field(default="07:30", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Local time from which the brief of the day is sent, that of the week on Mondays; the list of the day should be out by then."""
    receivers: tuple[Receiver, ...] = ()
    platforms: tuple[Platform, ...] = ()
    """Outside platforms whose signed answers in the name of an account are taken."""
    departments: tuple[Department, ...] = DEPARTMENTS

    @field_validator("departments")
    @classmethod
    def _codes_are_unique(cls, value: tuple[Department, ...]) -> tuple[Department, ...]:
        if len({each.code for each in value}) < len(value):
            raise ValueError("departments must have different codes")
        return value

    @field_validator("receivers")
    @classmethod
    def _named_once(cls, value: tuple[Receiver, ...]) -> tuple[Receiver, ...]:
        if len({receiver.name for receiver in value}) < len(value):
            raise ValueError("each receiver must have a name of its own, for its key and its messages are kept by name")
        return value

    @model_validator(mode="after")
    def _leaves_below_entry(self) -> Self:
        if self.enter_share > self.leave_share:
            raise ValueError("leave_share must not be below enter_share")
        return self


class RetentionSettings(Section):
    """Retention of records; `yujing archive` and `yujing prune` go by it, and nothing goes by itself.

    Cases, alerts, answers and the audit trail are not among them: they stay as long as the database does.
    """

    lists_days: int = Field(default=400, ge=31)
    """Age from which lists move from the database into the archive, where they stay."""
    runs_days: int = Field(default=180, ge=0)
    """Age from which models that were never published leave MLflow, with their runs; the newest stays."""
    quarantine_days: int = Field(default=180, ge=0)
    """Age from which reports of refused rows are removed."""
    job_runs_days: int = Field(default=400, ge=7)
    """Age from which records of single runs of a job are removed."""
    backups_days: int = Field(default=30, ge=1)
    """Age from which backups are removed."""
    least_backups: int = Field(default=7, ge=1)
    """Newest backups that stay however old they are."""


class Settings(BuildSettings, LogSettings, BaseSettings):
    """Everything `yujing` needs to know.

    Each section is a field. Keys that stand at the top of a file are inherited, so that these settings are also those of the log and those
    by which a panel is built.
    """

    model_config = SettingsConfigDict(frozen=True, extra="forbid", env_prefix="YUJING_", env_nested_delimiter="__")

    intake: IntakeSettings = IntakeSettings()
    backtest: BacktestSettings = BacktestSettings()
    model: ModelSettings = ModelSettings()
    charter: CharterSettings = CharterSettings()
    ranking: RankingSettings = RankingSettings()
    publishing: PublishingSettings = PublishingSettings()
    serving: ServingSettings = ServingSettings()
    oidc: OidcSettings = OidcSettings()
    alerts: AlertSettings = AlertSettings()
    retention: RetentionSettings = RetentionSettings()

    @model_validator(mode="before")
    @classmethod
    def _one_public_url(cls, content: Any) -> Any:
        """Take `serving.public_url` for sign-ins too, and the older `oidc.public_url` for links where it stands alone."""
        serving, oidc = (content.get(name) or {} for name in ("serving", "oidc"))
        if not isinstance(serving, dict) or not isinstance(oidc, dict):
            return content
        address = serving.get("public_url") or oidc.get("public_url") or oidc.get("site") or ""
        given = {"serving": serving | {"public_url": address}} if address else {}
        if oidc.get("issuer") and oidc.get("client_id") and is_private(address) and "site" not in oidc:
            given["oidc"] = oidc | {"public_url": oidc.get("public_url") or address}
        return content | given

    _origins: Origins = PrivateAttr(default_factory=Origins)

    @property
    def origins(self) -> Mapping[str, str]:
        """Dotted name of every setting that a file or the environment names -> what names it; the strongest where several do."""
        return self._origins

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
            fault = first_fault(error)
            raise UsageError(f"{source_of(fault, sources)}: {explain(cls, fault)}") from error
        except SettingsError as error:
            raise UsageError(f"the environment: {error}; lists and mappings must be JSON, such as '[\"a\"]'.") from error
        loaded._origins = Origins({key: str(source) for source in reversed(sources) for key in dotted(source())})
        return loaded
