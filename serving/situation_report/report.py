"""The report of a period for a meeting (研判会材料): one page of sentences, then map, tables and charts, in both languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from features.days import to_date
from serving.documents.paper import Language, Paper, Section, Speaker
from serving.situation_report import sections
from serving.situation_report.drawings import draw
from serving.situation_report.handling import handling_section
from serving.situation_report.sections import HEADS
from serving.situation_report.source import Source
from serving.situation_report.topics import LastTime, Topic, choose_topics, last_time_section, topics_section
from serving.text import NOTICES
from serving.undertakings.estimates import read_review


@dataclass(frozen=True)
class MadeReport:
    """A report in each language, and the topics that the next one comes back to."""

    papers: Mapping[Language, Paper]
    topics: Sequence[Topic]


def analyse(source: Source, last: LastTime | None = None) -> MadeReport:
    """Write the report of a period; `last` is what was put forward the time before."""
    topics = choose_topics(source.kind_counts, source.place.settings.alerts.departments)
    languages: tuple[Language, ...] = get_args(Language)
    return MadeReport({language: _write(source, topics, last, Speaker(language)) for language in languages}, topics)


def _write(source: Source, topics: Sequence[Topic], last: LastTime | None, say: Speaker) -> Paper:
    period, plots = source.order.period, draw(source, say)
    return Paper(
        title=say(f"{period.name}矛盾纠纷形势分析", f"Disputes: the situation in {period.name_en}"),
        lead=_lead(source, say),
        headline=tuple(sections.headline(source.by_area, source.handled.whole, sum(source.states.values()), say)),
        sections=[
            *_topics(source, topics, last, say),
            *_figures(source, say, "map" if "map" in plots else None),
            *_background(source, say),
        ],
        standing=tuple(map(say.of, NOTICES)),
        plots=plots,
        language=say.language,
    )


def _topics(source: Source, topics: Sequence[Topic], last: LastTime | None, say: Speaker) -> list[Section]:
    """Return what the meeting is to talk about; with the headline, it fills the first page."""
    counts, departments = source.kind_counts, source.place.settings.alerts.departments
    return [topics_section(topics, counts, departments, say), last_time_section(last, counts, departments, say)]


def _figures(source: Source, say: Speaker, plot: str | None) -> list[Section]:
    """Return the figures of the period; `plot` is the map of the areas, where there is one."""
    names = [source.names.area(path) or say("全区", "The whole") for path in source.areas.names]
    new = say("最右一柱为本期最后一个月；竖线为95%区间。", "The last bar is the last month of the period; lines are 95% intervals.")
    return [
        sections.overview(source.by_area, say),
        Section(say("近13个月新增", "New cases in 13 months"), (new,), plot="months"),
        Section(say("近13个月月末未办结", "Open cases at the end of 13 months"), plot="stocks"),
        sections.by_area(source.by_area, names, source.level, say, plot),
        sections.by_kind(source.by_kind, say),
        handling_section(source.handled, names, say.of(HEADS[source.level]), say),
    ]


def _background(source: Source, say: Speaker) -> list[Section]:
    return [
        sections.alert_ends(source.states, say),
        sections.quality(source.coverage, source.silences, say),
        sections.what_helped(read_review(source.place.engine), say),
    ]


def _lead(source: Source, say: Speaker) -> str:
    order, through = source.order, _day(source.facts.known_through_day, say)
    area = source.names.area(order.area) if order.area else say("全区", "The whole")
    first, last, days = _day(order.period.start, say), _day(order.period.end - 1, say), order.period.days
    return say(
        f"{area} · {first}至{last}，共{days}天 · 数据截至{through}",
        f"{area} · {first} to {last}, {days} days · data through {through}",
    )


def _day(number: int, say: Speaker) -> str:
    day = to_date(number)
    return say(f"{day.year}年{day.month}月{day.day}日", f"{day:%-d %B %Y}")
