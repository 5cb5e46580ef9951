"""Charts and map of a report: masked like its tables."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import shapely

from serving.documents.paper import Speaker
from serving.maps.polygons import prepare
from serving.maps.svg import Sheet, flatten
from serving.situation_report import counts
from serving.situation_report.counts import happened, masked
from serving.situation_report.period import Period, count_interval
from serving.situation_report.sections import NEW
from serving.situation_report.source import AT_END, HAPPENED, Source
from serving.situation_report.wording import HIDDEN, cases, direction, kind_name
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
    at_end = {name: masked(count(facts, groups, month)).total for name, count in AT_END.items()}
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
