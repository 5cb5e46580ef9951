"""Draw the plots of reports and of the benchmark, as PNG bytes by file name."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from matplotlib.axes import Axes

from training.attribution import Attribution
from training.plots import calibration, contributions, ranking
from training.plots.figure import BAR, HALF, INK, OBSERVED, PUSHING, WIDE, paint

TALL = (10.4, 6.2)
FOUR_PANELS = 4

COLOURS = (OBSERVED, PUSHING, INK, BAR)
DASHES = ("-", "--", ":", "-.")


def cost_by_size(axes: Sequence[Axes], seconds: Mapping[str, Mapping[int, float]]) -> None:
    """Draw CPU seconds of each step against the number of grids, both logarithmic; one line per step."""
    (panel,) = axes
    for number, (step, by_grids) in enumerate(seconds.items()):
        grids = sorted(by_grids)
        colour, dashes = COLOURS[number % len(COLOURS)], DASHES[number // len(COLOURS) % len(DASHES)]
        panel.plot(grids, [by_grids[size] for size in grids], label=step, color=colour, linestyle=dashes, marker="o")
    panel.set(xscale="log", yscale="log", xlabel="grids", ylabel="CPU seconds")
    panel.legend(loc="upper left", bbox_to_anchor=(1.01, 1.0), frameon=False)


def draw_backtest(summary: Mapping[str, Any]) -> dict[str, bytes]:
    """Draw what a backtest found."""
    return {
        "hits.png": paint(partial(ranking.hit_rates, summary=summary)),
        "reliability.png": paint(partial(calibration.reliability, summary=summary), HALF),
        "deviance.png": paint(partial(ranking.models_by_deviance, summary=summary), HALF),
        "folds_in_time.png": paint(partial(calibration.folds_in_time, summary=summary), (10.4, 3.2)),
        "folds.png": paint(partial(calibration.folds_one_by_one, summary=summary), (10.4, 3.6)),
        "two_lists.png": paint(partial(ranking.two_lists, summary=summary), (10.4, 3.2), panels=2),
        "lead_time.png": paint(partial(calibration.lead_times, summary=summary), HALF),
        "churn.png": paint(partial(calibration.churn, summary=summary), HALF),
    }


def draw_attribution(part: str, attribution: Attribution, findings: Mapping[str, Any]) -> dict[str, bytes]:
    """Draw what moves one part of the model."""
    dependence = partial(contributions.dependence, attribution=attribution, findings=findings)
    return {
        f"{part}-reasons.png": paint(partial(contributions.reasons, findings=findings), TALL),
        f"{part}-beeswarm.png": paint(partial(contributions.swarm, attribution=attribution, findings=findings), TALL),
        f"{part}-dependence.png": paint(dependence, (WIDE[0] * 1.2, 3.6), panels=FOUR_PANELS),
        f"{part}-interaction.png": paint(partial(contributions.interaction, attribution=attribution, findings=findings), HALF),
    }


def draw_costs(seconds: Mapping[str, Mapping[int, float]]) -> bytes:
    """Draw what each step costs (step -> grids -> CPU seconds)."""
    return paint(partial(cost_by_size, seconds=seconds))
