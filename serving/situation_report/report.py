"""The report of a period for a meeting (研判会材料): one page of sentences, then tables and charts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
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
from serving.accounts.permissions import Scope
from serving.alerts.queries import within
from serving.documents.paper import Paper, Section
from serving.maps.place_names import Gazetteer
from serving.monitoring.completeness import find_silences
from serving.rankings.releases import shown as is_out
from serving.scoring.coverage import Coverage, read_coverage, staleness_of
from serving.scoring.daily_run import grid_names
from serving.settings import Settings
from serving.situation_report import counts, sections
from serving.situation_report.counts import AreaLevel, Grouping, compare, happened, level_below, masked
from serving.situation_report.handling import handling_section, read_handling
from serving.situation_report.period import Period, count_interval
from serving.situation_report.sections import EVENTS, STOCKS, Figures
from serving.situation_report.topics import KindCounts, LastTime, Topic, choose_topics, last_time_section, topics_section
from serving.situation_report.wording import kind_name
from serving.text import NOTICES
from serving.undertakings.estimates import read_review
from training.plots.situation import draw_situation

MONTHS = 13
MOST_DRAWN = 15
HAPPENED = dict(zip(EVENTS, (counts.new_cases, counts.escalations, counts.closed), strict=True))
AT_END = dict(zip(STOCKS, (counts.open_at_end, counts.overdue_at_end), strict=True))
HEADS: Mapping[AreaLevel, str] = {"township": "镇街", "community": "社区"}


@dataclass(frozen=True)
class ReportOrder:
    """Subject of a report."""

    period: Period
    target: str
    area: str = ""
    """Path of a township, or empty for the whole."""


@dataclass(frozen=True)
class MadeReport:
    """A report and the topics that the next one comes back to."""

    paper: Paper
    topics: Sequence[Topic]


class Source:
    """Sources of a report."""

    def __init__(self, snapshot: LogSnapshot, engine: Engine, settings: Settings, order: ReportOrder) -> None:
        self.snapshot = snapshot
        self.engine = engine
        self.settings = settings
        self.order = order
        self.facts = read_facts(snapshot, order.target, settings)
        _must_cover(self.facts, order)

    @cached_property
    def level(self) -> AreaLevel:
        """Parts of the area."""
        return level_below(self.facts, self.order.area)

    @cached_property
    def names(self) -> Gazetteer:
        """Names of places."""
        levels = self.facts.places.levels
        level = levels.get("community", levels["district"])
        names = grid_names(self.engine)
        placed = zip(level.member.tolist(), self.facts.places.grid_ids.tolist(), strict=True)
        return Gazetteer.of({f"{level.codes[area]}/{grid_id}": names.get(grid_id, grid_id) for area, grid_id in placed})

    def figures(self, groups: Grouping) -> Figures:
        """Count everything by group."""
        period, facts = self.order.period, self.facts
        before = period.before(period.months)
        at_end = {name: (masked(count(facts, groups, period)), masked(count(facts, groups, before))) for name, count in AT_END.items()}
        return Figures({name: compare(count, facts, groups, period) for name, count in HAPPENED.items()}, at_end)


def analyse(source: Source, last: LastTime | None = None) -> MadeReport:
    """Write the report of a period; `last` is what was put forward the time before."""
    order, facts = source.order, source.facts
    kinds, areas = counts.by_kind(facts, order.area), counts.by_area(facts, order.area)
    by_kind, by_area = source.figures(kinds), source.figures(areas)
    names = [source.names.area(path) or "全区" for path in areas.names]
    handled = read_handling(source.snapshot, order.period, source.settings.zone, areas.names, source.level)
    of_kinds = _kind_counts(facts, by_kind)
    topics = choose_topics(of_kinds, source.settings.alerts.departments)
    states = _states(source)
    head = HEADS[source.level]
    paper = Paper(
        title=f"{order.period.name}矛盾纠纷形势分析",
        lead=_lead(source),
        headline=tuple(sections.headline(by_area, handled.whole, sum(states.values()))),
        sections=[
            topics_section(topics, of_kinds),
            last_time_section(last, of_kinds),
            sections.overview(by_area),
            Section("近13个月新增", ("最右一柱为本期最后一个月；竖线为95%区间。",), plot="months"),
            sections.by_area(by_area, names, head),
            sections.by_kind(by_kind),
            handling_section(handled, names, head),
            sections.alert_ends(states),
            sections.quality(_coverage(source), find_silences(_records(source), order.period.start, order.period.end, source.settings)),
            sections.what_helped(read_review(source.engine)),
        ],
        standing=tuple(notice.zh for notice in NOTICES),
        plots=draw_situation(_months(facts, kinds, order.period), _changes(by_kind)),
    )
    return MadeReport(paper, topics)


def _must_cover(facts: Facts, order: ReportOrder) -> None:
    """Refuse a period that the log does not cover, for reports of parts of it would give single days away.

    Raises:
        NotReadyError: it does not, or the log has no such area.
    """
    first, through = to_date(facts.first_day), to_date(facts.known_through_day)
    if not facts.first_day <= order.period.start < order.period.end <= facts.known_through_day + 1:
        raise NotReadyError(f"the log must cover the whole period, and goes from {first} through {through}. Choose another, or ingest.")
    townships = facts.places.levels.get("township", facts.places.levels["district"]).codes
    if order.area and not any(code == order.area or code.startswith(f"{order.area}/") for code in townships):
        raise NotReadyError(f"a report must be about the whole or a township, and there is none at {order.area!r}.")


def _lead(source: Source) -> str:
    period = source.order.period
    area = source.names.area(source.order.area) if source.order.area else "全区"
    days = f"{_day(period.start)}至{_day(period.end - 1)}，共{period.days}天"
    return f"{area} · {days} · 数据截至{_day(source.facts.known_through_day)}"


def _day(number: int) -> str:
    day = to_date(number)
    return f"{day.year}年{day.month}月{day.day}日"


def _kind_counts(facts: Facts, figures: Figures) -> KindCounts:
    (still, _), (late, _) = (figures.at_end[name] for name in STOCKS)
    return KindCounts(figures.new, figures.happened[EVENTS[1]].now, still, late, counts.emerging(facts, figures.new))


def _records(source: Source) -> pl.DataFrame:
    _, feeds = find_target(source.snapshot.feeds, source.order.target, source.settings)
    return source.snapshot.records.filter(pl.col(Col.FEED).cast(pl.String).is_in(list(feeds)))


def _coverage(source: Source) -> Coverage:
    """Return what the reports of the area's grids allow to be said."""
    facts, settings = source.facts, source.settings
    whole = read_coverage(facts, source.order.period.end, staleness_of(settings))
    levels = facts.places.levels
    level = levels.get("community", levels.get("township", levels["district"]))
    inside = [Scope(source.order.area).covers(level.codes[area]) for area in level.member.tolist()]
    kept = [place for place, is_inside in enumerate(inside) if is_inside]
    return replace(
        whole, withheld=tuple(whole.withheld[place] for place in kept), confidence=tuple(whole.confidence[place] for place in kept)
    )


def _states(source: Source) -> Mapping[str, int]:
    period = source.order.period
    starts = alert.c.starts.between(to_date(period.start), to_date(period.end - 1))
    counted = select(alert.c.state, func.count().label("alerts")).group_by(alert.c.state)
    about = (alert.c.target == source.order.target, within(alert.c.path, Scope(source.order.area)), is_out(alert.c.ranking_id))
    with reading(source.engine) as connection:
        return {row.state: row.alerts for row in connection.execute(counted.where(starts, *about))}


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


def _changes(figures: Figures) -> list[dict[str, Any]]:
    """Compare the kinds with most new cases with the year before, in the order of their codes."""
    cells, names = figures.new.now.cells, figures.new.groups.names
    most = sorted(range(len(names)), key=lambda place: cells[place] or 0, reverse=True)[:MOST_DRAWN]
    pairs = ((names[place], figures.new.of_year_before(place)) for place in sorted(most))
    return [{"label": kind_name(name), "value": found.ratio, "low": found.low, "high": found.high} for name, found in pairs if found]
