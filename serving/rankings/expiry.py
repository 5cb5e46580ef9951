"""End of the right to publish: by the age of the model's last audit, and by the charter. Lists that are out stay readable.

Both are judged by the clock, never by the day that a list is of, so that days of the past can be ranked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Self
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from features.errors import ExpiredError
from serving.rankings.publishing import Audit, last_audit
from serving.settings import Settings
from serving.text import Text

WARNING_DAYS = 14
"""Days before the end from which on it is announced."""


class Ground(StrEnum):
    """What lets lists be published until some day."""

    AUDIT = "audit"
    CHARTER = "charter"


@dataclass(frozen=True)
class Expiry:
    """Last day of publishing on one ground, as seen today."""

    ground: Ground
    last_day: date
    days_left: int
    """From today to the last day; below zero once it has passed."""
    words: Text

    @property
    def has_passed(self) -> bool:
        """Tell whether nothing may be published any more."""
        return self.days_left < 0

    @property
    def is_announced(self) -> bool:
        """Tell whether people should know: it has passed, or will soon."""
        return self.days_left <= WARNING_DAYS


@dataclass(frozen=True)
class PublishingTerms:
    """Terms of one deployment under which lists are published."""

    audit_valid_days: int
    charter_until: date | None
    zone: ZoneInfo

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the terms of the settings."""
        return cls(settings.publishing.audit_valid_days, settings.charter.until, settings.tz)

    def expiries(self, audit: Audit | None, now: datetime) -> list[Expiry]:
        """Return what ends, and when: the audit where a model is in use, the charter where there is one."""
        today = now.astimezone(self.zone).date()
        found = [self._of_audit(audit, today)] if audit else []
        return found + ([_of_charter(self.charter_until, today)] if self.charter_until else [])

    def _of_audit(self, audit: Audit, today: date) -> Expiry:
        day = audit.at.astimezone(self.zone).date()
        last_day = day + timedelta(days=self.audit_valid_days)
        left, age = (last_day - today).days, (today - day).days
        model = f"version {audit.model_version} of {audit.target}"
        if left < 0 and not audit.is_recorded:  # an upgrade takes no morning's list away
            words = Text(
                zh=f"在用模型（第{audit.model_version}版）由旧版本上线，没有检验日期；请尽快重新训练并上线模型",
                en=f"{model} was promoted by an earlier yujing, which kept no date of its audit: train and promote anew soon",
            )
            return Expiry(Ground.AUDIT, today, 0, words)
        if left < 0:
            words = Text(
                zh=f"在用模型（第{audit.model_version}版）上次通过检验是{_zh(day)}，至今{age}天，超过{self.audit_valid_days}天期限："
                "不再发布新清单，已发布的仍可查看；请重新训练并上线模型",
                en=f"lists need a model that passed its audit within {self.audit_valid_days} days, and {model} passed it {age} days "
                f"ago, on {day}: none is published any more, those that are out stay readable; train and promote anew",
            )
        else:
            words = Text(
                zh=f"在用模型（第{audit.model_version}版）的检验有效期到{_zh(last_day)}为止，{_left_zh(left)}："
                "到期后不再发布新清单；请及时重新训练并上线模型",
                en=f"the audit of {model} is good until {last_day}, {_left(left)}: no list is published after it; train and promote anew",
            )
        return Expiry(Ground.AUDIT, last_day, left, words)


def _of_charter(last_day: date, today: date) -> Expiry:
    left = (last_day - today).days
    if left < 0:
        words = Text(
            zh=f"使用授权已于{_zh(last_day)}到期：不再发布新清单，已发布的仍可查看；请主管单位评估清单效果后续期（设置项charter）",
            en=f"lists need a charter that has not ended, and it ended on {last_day}: none is published any more, those that are out stay "
            "readable; renew charter.since and charter.until with the figures of the lists",
        )
    else:
        words = Text(
            zh=f"使用授权到{_zh(last_day)}为止，{_left_zh(left)}：到期后不再发布新清单；请主管单位评估清单效果后续期（设置项charter）",
            en=f"the charter ends on {last_day}, {_left(left)}: no list is published after it; renew charter.since and charter.until "
            "with the figures of the lists",
        )
    return Expiry(Ground.CHARTER, last_day, left, words)


def read_expiries(engine: Engine, settings: Settings, now: datetime, target: str | None = None) -> list[Expiry]:
    """Return what ends, and when, for the model in use for a target, by default the one published last."""
    return PublishingTerms.of(settings).expiries(last_audit(engine, target), now)


def refuse_expired(engine: Engine, settings: Settings, target: str | None, now: datetime) -> None:
    """Return quietly when the model of a target, by default the one published last, may publish lists.

    Raises:
        ExpiredError: its audit is too old, or the charter has ended.
    """
    if passed := [each.words.en for each in read_expiries(engine, settings, now, target) if each.has_passed]:
        raise ExpiredError(f"{'; '.join(passed)}.")


def announced(expiries: Sequence[Expiry]) -> list[Text]:
    """Return what people should know of ends that have passed, or will soon."""
    return [each.words for each in expiries if each.is_announced]


def _left(days: int) -> str:
    return "which is today" if days == 0 else f"in {days} day{'s' * (days > 1)}"


def _left_zh(days: int) -> str:
    return "即今天" if days == 0 else f"还有{days}天"


def _zh(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
