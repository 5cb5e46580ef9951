"""An undertaking as it is stored: its closed lists (kinds, sub-kinds, and their words in both languages) and the tables of a snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType

import polars as pl

EVERYWHERE = ""
"""Places of an undertaking that covers everything."""
SEPARATOR = ";"


@dataclass(frozen=True)
class Undertaking:
    """One version of an undertaking; it lasts for `[start_at, end_at)`."""

    undertaking_id: str
    kind: str
    sub_kind: str
    places: str
    """Grid ids or paths joined by `;`; empty is everything."""
    public_at: date
    start_at: date
    end_at: date | None = None
    """None where it has not ended."""
    name: str | None = None
    assessed: bool | None = None
    """Whether a social stability risk assessment (稳评) was held; None where unknown."""
    heard: bool | None = None
    """Whether those concerned were heard (听证); None where unknown."""
    note_code: str | None = None
    attention: float | None = None
    """Factor on the share of grids alerted in its places while it lasts."""
    withdrawn: bool = False

    @property
    def place_list(self) -> tuple[str, ...]:
        """The places one by one; empty where it covers everything."""
        return tuple(self.places.split(SEPARATOR)) if self.places else ()


VERSION_SCHEMA = pl.Schema(
    {
        "undertaking_id": pl.String(),
        "version": pl.Int64(),
        "kind": pl.String(),
        "sub_kind": pl.String(),
        "places": pl.String(),
        "public_at": pl.Date(),
        "start_at": pl.Date(),
        "end_at": pl.Date(),
        "withdrawn": pl.Boolean(),
        "known_at": pl.Datetime("us", "UTC"),
    }
)
"""One row per version, ordered by undertaking and version."""


def no_versions() -> pl.DataFrame:
    """Return a table of versions without rows."""
    return pl.DataFrame(schema=VERSION_SCHEMA)


EFFORT_SCHEMA = pl.Schema({"grid_id": pl.String(), "week": pl.Date(), "visits": pl.Int64()})
"""One row per grid and week, the week by its first day."""


def no_effort() -> pl.DataFrame:
    """Return a table of visits without rows."""
    return pl.DataFrame(schema=EFFORT_SCHEMA)


class UndertakingKind(StrEnum):
    """Kind of an undertaking."""

    PROJECT = "project"
    CAMPAIGN = "campaign"
    TREATMENT = "treatment"
    PERIOD = "period"
    SHOCK = "shock"


KIND_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        UndertakingKind.PROJECT: ("项目", "project"),
        UndertakingKind.CAMPAIGN: ("专项行动", "campaign"),
        UndertakingKind.TREATMENT: ("治理", "treatment"),
        UndertakingKind.PERIOD: ("重要时段", "period"),
        UndertakingKind.SHOCK: ("突发事件", "shock"),
    }
)
"""Chinese and English word of each kind."""

SUB_KIND_WORDS: Mapping[str, Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        UndertakingKind.PROJECT: {
            "construction": ("施工项目", "construction project"),
            "land_acquisition": ("征地拆迁项目", "land acquisition project"),
            "eia_notice": ("环评公示项目", "project under environmental notice"),
            "housing_handover": ("新房交付", "housing hand-over"),
            "property_change": ("物业更换", "change of property manager"),
            "renovation": ("老旧小区改造", "renovation of an old estate"),
        },
        UndertakingKind.CAMPAIGN: {
            "screening": ("集中排查", "screening campaign"),
            "wage_check": ("欠薪专项检查", "wage inspection"),
            "safety_check": ("安全专项检查", "safety inspection"),
            "petition_review": ("积案化解专项", "review of old cases"),
        },
        UndertakingKind.TREATMENT: {
            "estate_treatment": ("小区治理", "treatment of an estate"),
            "mediation_station": ("调解站点", "mediation station"),
            "earlier_mediation": ("提前介入调解", "earlier mediation"),
            "service_point": ("便民服务点", "service point"),
        },
        UndertakingKind.PERIOD: {
            "yearly_session": ("两会期间", "yearly session"),
            "national_day": ("国庆期间", "National Day"),
            "spring_festival": ("春节期间", "Spring Festival"),
            "exam": ("考试期间", "examinations"),
            "event": ("大型活动期间", "large event"),
            "flood_season": ("汛期", "flood season"),
        },
        UndertakingKind.SHOCK: {
            "fire": ("火灾", "fire"),
            "flood": ("内涝", "flood"),
            "accident": ("安全事故", "accident"),
            "supply_cut": ("停水停电停气", "supply cut"),
            "closure": ("企业关停", "closure of a firm"),
        },
    }
)
"""Chinese and English words of the project's own sub-kinds; a configuration may declare more codes."""

OTHER = "other"
"""Sub-kind of whatever fits no other; every kind has it."""


def sub_kinds_of(kind: str, declared: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the codes that a kind may have as its sub-kind: its own, `other`, and those the configuration declares."""
    return (*SUB_KIND_WORDS[kind], OTHER, *declared)


def words_of(kind: str, sub_kind: str | None = None) -> tuple[str, str]:
    """Return the Chinese and English words of a kind or sub-kind; a declared code stands for itself.

    >>> words_of("project", "construction"), words_of("shock", "other")
    (('施工项目', 'construction project'), ('其他突发事件', 'other shock'))
    """
    zh, en = KIND_WORDS[kind]
    if sub_kind is None:
        return zh, en
    if sub_kind == OTHER:
        return f"其他{zh}", f"other {en}"
    return SUB_KIND_WORDS[kind].get(sub_kind, (f"{zh}({sub_kind})", f"{en} ({sub_kind})"))
