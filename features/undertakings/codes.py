"""Closed lists of undertakings: kinds, sub-kinds, and their words in both languages."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


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
