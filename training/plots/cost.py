"""Plot of what each step costs by the size of a log."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from training.plots.figure import BAR, INK, OBSERVED, PUSHING

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
