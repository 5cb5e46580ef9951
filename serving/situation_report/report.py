"""The report of a period for a meeting (研判会材料): one page of sentences, then map, tables and charts, in both languages.

Charts and map are masked like its tables.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

import numpy as np
import shapely

from features.days import to_date
from serving.documents.paper import Language, Paper, Section, Speaker
from serving.maps.drawing import Sheet, flatten
from serving.maps.polygons import prepare
from serving.situation_report import counts, sections
from serving.situation_report.counts import happened, standing
from serving.situation_report.handling import handling_section
from serving.situation_report.period import Period, count_interval
from serving.situation_report.sections import HEADS, NEW
from serving.situation_report.source import AT_END, HAPPENED, Source
from serving.situation_report.topics import LastTime, Topic, choose_topics, last_time_section, topics_section
from serving.situation_report.wording import HIDDEN, cases, direction, kind_name
from serving.text import NOTICES
from serving.undertakings.register import read_review
from training.plots.situation import MapArea, SituationPlots, draw_situation

MONTHS = 13
MOST_DRAWN = 15
SHEET = Sheet(1000, 800)
TOLERANCE = 0.8
"""Units of the sheet that a simplified border may be off."""
ARROWS = {1: " ↑", 0: "", -1: " ↓"}


def draw(source: Source, say: Speaker) -> dict[str, bytes]:
    """Draw the plots of a report in one language, as PNG bytes by name."""
    density, unit = _density(source, say)
    plots = SituationPlots(_months(source, say), _changes(source, say), list(lay_out_areas(source, density, say)), unit)
    return draw_situation(plots, say.language)


def _months(source: Source, say: Speaker) -> list[dict[str, Any]]:
    """Count the months up to the last of the period, back to the first whole one of the log."""
    last = source.order.period.parts()[-1]
    return [_month(source, each, say) for each in map(last.before, reversed(range(MONTHS))) if each.start >= source.facts.first_day]


def _month(source: Source, month: Period, say: Speaker) -> dict[str, Any]:
    facts, groups = source.facts, source.kinds
    total = happened(HAPPENED[NEW], facts, groups, month).total
    low, high = (None, None) if total is None else count_interval(total)
    at_end = {name: standing(count, facts, groups, month).total for name, count in AT_END.items()}
    return {"label": _label(month.first, say), "value": total, "low": low, "high": high, **at_end}


def _label(first: date, say: Speaker) -> str:
    year = f"\n{first.year}" if first.month == 1 else ""
    return say(f"{first.month}月", f"{first:%b}") + year


def _changes(source: Source, say: Speaker) -> list[dict[str, Any]]:
    """Compare the kinds with most new cases with the year before, in the order of their codes."""
    new = source.by_kind.new
    cells, names = new.now.cells, new.groups.names
    most = sorted(range(len(names)), key=lambda place: cells[place] or 0, reverse=True)[:MOST_DRAWN]
    pairs = ((names[place], new.of_year_before(place)) for place in sorted(most))
    return [{"label": say.of(kind_name(name)), "value": how.ratio, "low": how.low, "high": how.high} for name, how in pairs if how]


def _density(source: Source, say: Speaker) -> tuple[list[float | None], str]:
    """Return new cases per 1,000 households by area, or per grid where these are not known, and what that is called."""
    rates = [rates.per_thousand for rates in source.handled.by_area]
    if any(rates):
        return rates, say("每千户新增（件）", "New cases per\n1,000 households")
    cells, sizes = source.by_area.new.now.cells, counts.grids_by_area(source.facts, source.order.area)
    return [cell / size if cell and size else cell for cell, size in zip(cells, sizes, strict=True)], say(
        "每个网格新增（件）", "New cases per grid"
    )


def lay_out_areas(source: Source, density: list[float | None], say: Speaker) -> Iterator[MapArea]:
    """Lay out the areas that have a polygon, labelled with new cases and an arrow where they clearly changed against the year before."""
    names, new = source.areas.names, source.by_area.new
    ground = prepare(source.place.home, source.place.engine)
    polygons = ground.areas(source.order.area, names[0].count("/") + 1)
    drawn = [place for place, path in enumerate(names) if path in polygons]
    if not drawn:
        return
    flat, _ = flatten(np.array([polygons[names[place]] for place in drawn]), SHEET)
    for place, shape in zip(drawn, shapely.coverage_simplify(flat, TOLERANCE), strict=True):
        count = new.now.cells[place]
        figures = (HIDDEN if count is None else say(cases(count).zh, f"{count:,}")) + ARROWS[direction(new.of_year_before(place))]
        inside = shapely.point_on_surface(shape)
        yield MapArea(
            source.names.area(names[place]), figures, _rings(shape), (inside.x, inside.y), None if count is None else density[place]
        )


def _rings(shape: Any) -> list[Any]:
    polygons = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return [np.asarray(ring.coords) for part in polygons for ring in (part.exterior, *part.interiors)]


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
        handling_section(source.handled, list(zip(names, source.by_area.new.now.cells, strict=True)), say.of(HEADS[source.level]), say),
    ]


def _background(source: Source, say: Speaker) -> list[Section]:
    return [
        sections.alert_ends(source.states, say),
        sections.quality(source.coverage, source.silences, source.quotas, say),
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
