"""The report of a period, from the event log, the alerts and the state of the data."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import polars as pl
from sqlalchemy import Engine, func, select

from features.database.alert_tables import alert
from features.database.engine import reading
from features.days import to_date
from features.errors import NotReadyError
from features.eventlog.snapshot import LogSnapshot
from features.facts.derive import find_target, read_facts
from features.facts.facts import Facts
from features.schema import Col
from serving.documents.paper import Paper, Section
from serving.maps.place_names import Gazetteer
from serving.monitoring.completeness import find_silences
from serving.rankings.releases import shown as is_out
from serving.scoring.coverage import read_coverage, staleness_of
from serving.scoring.daily_run import grid_names
from serving.settings import Settings
from serving.situation_report import counts, sections
from serving.situation_report.counts import Compared, Grouping, compare, happened, masked
from serving.situation_report.handling import handling
from serving.situation_report.period import Period, count_interval
from serving.text import NOTICES
from serving.undertakings.estimates import read_review
from training.plots.situation import draw_situation
from training.plots.words import TARGET_ZH, word

MONTHS = 13
HAPPENED = {"升级": counts.escalations, "办结": counts.closed}
AT_END = {"期末未办结": counts.open_at_end, "其中已逾期": counts.overdue_at_end}


def analyse(snapshot: LogSnapshot, engine: Engine, settings: Settings, period: Period, target: str) -> Paper:
    """Write the analysis of a period.

    Raises:
        NotReadyError: the log does not cover the whole period; reports of parts of it would give single days away.
    """
    facts = read_facts(snapshot, target, settings)
    through = to_date(facts.known_through_day)
    if not facts.first_day <= period.start < period.end <= facts.known_through_day + 1:
        first = to_date(facts.first_day)
        raise NotReadyError(f"the log must cover the whole period, and goes from {first} through {through}. Choose another, or ingest.")
    by_kind = compare(facts, counts.by_kind(facts), period)
    days = f"{to_date(period.start)}至{to_date(period.end - 1)}，共{period.days}天"
    return Paper(
        title=f"{period.name}矛盾纠纷形势分析",
        lead=f"{days} · 数据截至{through} · 目标：{word(TARGET_ZH, target)}",
        sections=[
            *_counted(facts, engine, period, by_kind),
            _handled(snapshot, facts, engine, settings, period),
            *_after(snapshot, engine, settings, facts, (period, target)),
            sections.what_helped(read_review(engine)),
        ],
        standing=tuple(notice.zh for notice in NOTICES),
        plots=draw_situation(_months(facts, by_kind.groups, period), _changes(by_kind)),
    )


def _counted(facts: Facts, engine: Engine, period: Period, by_kind: Compared) -> list[Section]:
    groups = counts.by_township(facts)
    by_township = compare(facts, groups, period)
    others = {name: happened(count, facts, groups, period) for name, count in HAPPENED.items()}
    others |= {name: masked(count(facts, groups, period)) for name, count in AT_END.items()}
    return [
        sections.overview(by_township, others),
        Section("近13个月新增", ("末一根为本期所在月份；竖线为95%区间。",), plot="months"),
        sections.townships(by_township, others, _names(facts, engine, groups.names)),
        sections.categories(by_kind),
        sections.emerging(by_kind),
    ]


def _handled(snapshot: LogSnapshot, facts: Facts, engine: Engine, settings: Settings, period: Period) -> Section:
    townships = counts.by_township(facts).names
    return handling(snapshot, period, settings.zone, townships, _names(facts, engine, townships))


def _after(snapshot: LogSnapshot, engine: Engine, settings: Settings, facts: Facts, about: tuple[Period, str]) -> list[Section]:
    period, target = about
    _, feeds = find_target(snapshot.feeds, target, settings)
    records = snapshot.records.filter(pl.col(Col.FEED).cast(pl.String).is_in(list(feeds)))
    coverage = read_coverage(facts, period.end, staleness_of(settings))
    silences = find_silences(records, period.start, period.end, settings)
    return [sections.alert_ends(_states(engine, period, target)), sections.quality(coverage, silences)]


def _states(engine: Engine, period: Period, target: str) -> Mapping[str, int]:
    within = alert.c.starts.between(to_date(period.start), to_date(period.end - 1))
    counted = select(alert.c.state, func.count().label("alerts")).group_by(alert.c.state)
    with reading(engine) as connection:
        rows = connection.execute(counted.where(within, alert.c.target == target, is_out(alert.c.ranking_id)))
        return {row.state: row.alerts for row in rows}


def _names(facts: Facts, engine: Engine, paths: Sequence[str]) -> list[str]:
    level = facts.places.levels["community"] if "community" in facts.places.levels else facts.places.levels["district"]
    names = grid_names(engine)
    above = [level.codes[area] for area in level.member.tolist()]
    known = {f"{path}/{grid_id}": names.get(grid_id, grid_id) for path, grid_id in zip(above, facts.places.grid_ids.tolist(), strict=True)}
    gazetteer = Gazetteer.of(known)
    return [gazetteer.area(path) or "全区" for path in paths]


def _months(facts: Facts, groups: Grouping, period: Period) -> list[dict[str, Any]]:
    """Count the months up to the last of the period, back to the first whole one of the log."""
    last = period.parts()[-1]
    return [_bar(facts, groups, each) for each in map(last.before, reversed(range(MONTHS))) if each.start >= facts.first_day]


def _bar(facts: Facts, groups: Grouping, month: Period) -> dict[str, Any]:
    total = happened(counts.new_cases, facts, groups, month).total
    low, high = (None, None) if total is None else count_interval(total)
    return {"label": _label(month.first), "value": total, "low": low, "high": high}


def _label(first: date) -> str:
    return f"{first.month}月" if first.month > 1 else f"1月\n{first.year}"


def _changes(compared: Compared) -> list[dict[str, Any]]:
    pairs = zip(compared.groups.names, compared.changes, strict=True)
    return [
        {"label": sections.kind_name(name), "value": found.ratio, "low": found.low, "high": found.high} for name, found in pairs if found
    ]
