"""Picture of the shipped dashboard: a real Prometheus scrapes a running service, each panel is asked for and drawn in its place.

`python -m tests.support.dashboard_picture HOST:PORT PICTURE.png [SECONDS]`
"""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tests.support.prometheus import Series, ask, panels, prometheus
from training.plots.figure import font_family

Panel = Mapping[str, Any]

GROUND, TILE, INK = "#111217", "#181b1f", "#ccccdc"
COLOURS = {"green": "#3d9c53", "orange": "#d98324", "red": "#c4394b"}
COLUMNS, WIDTH, CELL = 24, 18, 0.42
"""Columns of the raster; inches of all of them, and of one row."""
UNITS: dict[str, Sequence[tuple[float, str]]] = {
    "s": ((86400, " d"), (3600, " h"), (60, " min"), (1, " s"), (0.001, " ms")),
    "bytes": ((1024**3, " GiB"), (1024**2, " MiB"), (1024, " KiB"), (1, " B")),
    "percentunit": ((0.01, "%"),),
}


def shown(value: float, unit: str) -> str:
    """Return a value in a unit of Grafana.

    >>> shown(93600, "s"), shown(1, "short"), shown(2.5e9, "bytes"), shown(0.031, "percentunit")
    ('1.08 d', '1', '2.33 GiB', '3.1%')
    """
    steps = UNITS.get(unit, ((1, ""),))
    size, name = next((step for step in steps if abs(value) >= step[0]), steps[-1])
    return f"{value / size:.3g}{name}"


def draw_values(axes: Axes, panel: Panel, series: Sequence[Series]) -> None:
    """Draw the newest values, each on the colour of its threshold."""
    defaults = panel["fieldConfig"]["defaults"]
    words = {float(key): about["text"] for each in defaults.get("mappings", ()) for key, about in each["options"].items()}
    for place, (name, points) in enumerate(series):
        value = points[-1][1]
        colour = [step["color"] for step in defaults["thresholds"]["steps"] if step["value"] is None or value >= step["value"]][-1]
        axes.axvspan(place / len(series), (place + 1) / len(series), color=COLOURS[colour])
        text = "" if panel["options"]["textMode"] == "name" else words.get(value, shown(value, defaults["unit"]))
        axes.text((place + 0.5) / len(series), 0.5, f"{name}\n{text}".strip(), ha="center", va="center", size=13, color="white")
    axes.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[])


def draw_lines(axes: Axes, panel: Panel, series: Sequence[Series]) -> None:
    """Draw each series over seconds; one with a unit of its own has its axis on the right."""
    config, start = panel["fieldConfig"], min(points[0][0] for _, points in series)
    own = {each["matcher"]["options"] for each in config["overrides"]}
    for number, (name, points) in enumerate(series):
        here, unit = (axes.twinx(), "short") if name in own else (axes, config["defaults"]["unit"])
        here.plot([at - start for at, _ in points], [value for _, value in points], color=f"C{number}")
        here.yaxis.set_major_formatter(FuncFormatter(lambda value, _, unit=unit: shown(value, unit)))
        here.tick_params(colors=INK, labelsize=8)
        here.set_ylim(config["defaults"]["min"], 1.1 * max([here.dataLim.y1, *(value for _, value in points)]) or 1)
        axes.plot([], [], color=f"C{number}", label=name)
    axes.legend(fontsize=8, frameon=False, labelcolor=INK, ncols=4, loc="lower left")


def draw(answers: Sequence[tuple[Panel, Sequence[Series]]]) -> Figure:
    """Draw all panels in the raster of the dashboard."""
    mpl.rcParams["font.family"] = [font_family(), "DejaVu Sans"]
    rows = max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel, _ in answers)
    figure = Figure(figsize=(WIDTH, rows * CELL), facecolor=GROUND)
    for panel, series in answers:
        place, is_stat = panel["gridPos"], panel["type"] == "stat"
        left, right, below, above = (0.1, 0.1, 0.1, 0.6) if is_stat else (1, 1, 0.8, 0.6)
        low = rows - place["y"] - place["h"]
        box = (
            (place["x"] + left) / COLUMNS,
            (low + below) / rows,
            (place["w"] - left - right) / COLUMNS,
            (place["h"] - below - above) / rows,
        )
        axes = figure.add_axes(box, facecolor=TILE)
        axes.set_title(panel["title"], color=INK, loc="left", size=10, pad=3)
        if series:
            (draw_values if is_stat else draw_lines)(axes, panel, series)
    return figure


def main(address: str, picture: str, seconds: str = "60") -> None:
    """Scrape a service for some seconds, ask for every panel and draw them.

    Raises:
        SystemExit: a panel has no answer.
    """
    with prometheus(address) as own:
        since = time.time()
        time.sleep(float(seconds))
        answers = [(panel, [series for target in panel["targets"] for series in ask(own, target, since)]) for panel in panels()]
    draw(answers).savefig(picture)
    if silent := [panel["title"] for panel, series in answers if not series]:
        raise SystemExit(f"every panel must have an answer, found none for: {', '.join(silent)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
