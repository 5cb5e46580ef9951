"""The monitor: completeness first, then drift, then what published lists were worth."""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl
from sqlalchemy import Engine

from features.days import day_number, midnight, to_date
from features.errors import NotReadyError
from features.eventlog.snapshot import LogSnapshot
from features.facts.derive import find_target, read_facts
from features.facts.facts import Facts
from features.schema import Col
from features.storage.home import Home
from features.workdays import calendar_known_until
from serving.monitoring.alert_quality import Agreement, Followed, agreement_findings, follow_alerts, read_agreement
from serving.monitoring.completeness import Halved, Silence, completeness_findings, find_halved, find_silences, halved_findings
from serving.monitoring.drift import (
    SEASON_DAYS,
    Finding,
    Shift,
    Unknown,
    feature_shifts,
    prediction_findings,
    prediction_shift,
    shift_findings,
)
from serving.monitoring.history import WatchedDay
from serving.monitoring.list_quality import MONTH_DAYS, Lists, Realised, Wanted, quality_findings, read_lists, realise
from serving.monitoring.quotas import Quota, find_quotas, quota_findings
from serving.scoring.coverage import Coverage, RatingRules, read_coverage
from serving.settings import Settings
from serving.text import NOTICES, Text
from training.learning.folds import Gap
from training.registry.local_columns import require_local_columns
from training.registry.published import current

EVERY_DAYS = 7
SHOWN_SHIFTS = 10


@dataclass(frozen=True)
class Subject:
    """Subject of the monitor: target, and up to which day."""

    as_of: date
    target: str
    facts: Facts
    gap: Gap
    coverage: Coverage
    silences: list[Silence]
    quotas: list[Quota]
    """Sources whose records look filled up to a number that was asked for."""
    calendar: list[Finding]
    """That the days ahead are guessed, where they are."""

    @property
    def last(self) -> int:
        """Day number of as_of."""
        return day_number(self.as_of)


@dataclass(frozen=True)
class Watch:
    """Findings of the monitor."""

    subject: Subject
    features: list[Shift] | Unknown
    predictions: float | Unknown
    quality: Realised | Unknown
    alerts: dict[str, Followed]
    halved: list[Halved]
    """Townships whose residents seem to report half as often as before."""
    agreement: list[Agreement]
    """Answers of staff to alerts, by level."""

    @property
    def findings(self) -> list[Finding]:
        """Findings that ask for attention, most urgent first; while reports are missing, drift is no finding: the gap explains it."""
        found = completeness_findings(self.subject.silences, self.subject.coverage) + halved_findings(self.halved)
        if not found and not isinstance(self.features, Unknown):
            found += shift_findings(self.features)
        if not found and not isinstance(self.predictions, Unknown):
            found += prediction_findings(self.predictions)
        found += quota_findings(self.subject.quotas) + self.subject.calendar + agreement_findings(self.agreement)
        return found if isinstance(self.quality, Unknown) else found + quality_findings(self.quality)

    def to_day(self) -> WatchedDay:
        """Return the figures that are kept for curves over time."""
        shifts = () if isinstance(self.features, Unknown) else self.features
        quality = {} if isinstance(self.quality, Unknown) else self.quality.to_json().get("realised_over_expected") or {}
        low, high = quality.get("ci95") or (None, None)
        return WatchedDay(
            as_of=self.subject.as_of,
            features=max((shift.psi for shift in shifts), default=None),
            predictions=None if isinstance(self.predictions, Unknown) else self.predictions,
            realised=quality.get("value"),
            low=low,
            high=high,
        )

    def to_json(self) -> dict[str, Any]:
        """Return everything, for a scheduler."""
        subject, withheld = self.subject, [reason or "rated" for reason in self.subject.coverage.withheld]
        shifts = self.features.to_json() if isinstance(self.features, Unknown) else [asdict(each) for each in self.features[:SHOWN_SHIFTS]]
        return {
            "as_of": subject.as_of.isoformat(),
            "target": subject.target,
            "horizon_days": subject.gap.horizon_days,
            "findings": [{"about": each.about, "zh": each.words.zh, "en": each.words.en} for each in self.findings],
            "completeness": {
                "sources": [asdict(each) | {"since": each.since.isoformat()} for each in subject.silences],
                "halved": [asdict(each) for each in self.halved],
                "quotas": [asdict(each) for each in self.subject.quotas],
                "grids": {reason: withheld.count(reason) for reason in sorted(set(withheld))},
            },
            "features": shifts,
            "predictions": self.predictions.to_json() if isinstance(self.predictions, Unknown) else {"psi": self.predictions},
            "quality": self.quality.to_json(),
            "alerts": {name: asdict(each) for name, each in self.alerts.items()},
            "agreement": [asdict(each) | {"share": each.share} for each in self.agreement],
            "notices": [notice.zh for notice in NOTICES],
        }


def take_subject(snapshot: LogSnapshot, as_of: date, target: str, horizon_days: int | None, settings: Settings) -> Subject:
    """Read what was known before a day; `horizon_days` is the target's own by default."""
    chosen, feeds = find_target(snapshot.feeds, target, settings)
    facts, last = read_facts(snapshot, target, settings), day_number(as_of)
    records = snapshot.records.filter(pl.col(Col.FEED).cast(pl.String).is_in(list(feeds)))
    gap = Gap(horizon_days or chosen.horizon_days or settings.horizon_days, settings.delay_allowance_days)
    coverage = read_coverage(facts, last, RatingRules.of(settings.ranking, settings.intake))
    silences = find_silences(records, (last - MONTH_DAYS, last), settings.tz, settings.ranking)
    quotas = find_quotas(records, facts.places, last, settings.zone)
    calendar = _calendar_findings(last + gap.horizon_days, settings.calendar.country)
    return Subject(as_of, target, facts, gap, coverage, silences, quotas, calendar)


def _calendar_findings(end: int, country: str) -> list[Finding]:
    """Say when the days up to `end` are not all published, so that workdays among them are guessed."""
    until = calendar_known_until(country)
    if until is None or to_date(end - 1) <= until:
        return []
    zh = f"工作日历只公布到{until}，此后的工作日按公共假日推测，不含调休；请升级chinesecalendar，或在calendar.workdays中写明"
    en = f"workdays are published until {until}; later ones are guessed. Upgrade chinesecalendar, or state calendar.workdays"
    return [Finding("calendar", Text(zh=zh, en=en))]


def watch(home: Home, engine: Engine, subject: Subject, settings: Settings) -> Watch:
    """Look at the four weeks before as_of, and at the last four weeks of lists that are ripe."""
    facts, gap, last = subject.facts, subject.gap, subject.last
    ripe_until = min(last, facts.known_through_day) - gap.horizon_days - gap.delay_allowance_days
    wanted = Wanted(subject.target, gap.horizon_days, min(ripe_until - MONTH_DAYS + 1, last - 2 * MONTH_DAYS + 1), last)
    lists = read_lists(engine, wanted, facts.places.grid_ids, settings.tz)
    quality = realise(facts, lists, gap, settings)
    alerts = {} if isinstance(quality, Unknown) else follow_alerts(engine, subject.target, quality, facts.places)
    features, predictions = _features(home, engine, subject, settings), _predictions(lists, last)
    agreement = read_agreement(engine, subject.target, midnight(last, settings.tz))
    return Watch(subject, features, predictions, quality, alerts, find_halved(facts, last), agreement)


def _features(home: Home, engine: Engine, subject: Subject, settings: Settings) -> list[Shift] | Unknown:
    facts, last = subject.facts, subject.last
    as_ofs = np.arange(last - MONTH_DAYS + EVERY_DAYS, last + 1, EVERY_DAYS, dtype=np.int32)
    if as_ofs[0] - SEASON_DAYS - settings.backtest.warm_up_days < facts.first_day:
        return Unknown(
            Text(zh="日志不足一年，无上年同期可比", en="the log is younger than a year, there is no same season to compare with")
        )
    try:
        champion = current(home, engine, subject.target)
    except NotReadyError:
        return Unknown(
            Text(zh="该目标尚无已发布的模型，没有可比较的特征", en="no model of this target is published, so none reads a feature")
        )
    require_local_columns(champion.files, settings.panel.local_features)
    return feature_shifts(facts, as_ofs, subject.gap.horizon_days, champion.columns, settings)


def _predictions(lists: Lists, last: int) -> float | Unknown:
    now, before = lists.between(last - MONTH_DAYS + 1, last), lists.between(last - 2 * MONTH_DAYS + 1, last - MONTH_DAYS)
    if not len(now.as_ofs) or not len(before.as_ofs):
        return Unknown(
            Text(zh="最近四周或其前四周没有当日发布的清单", en="the last or the four weeks before lack lists published on their day")
        )
    return prediction_shift(now.expected, before.expected)
