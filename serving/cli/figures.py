"""What a backtest found, for a person to read."""

from typing import TYPE_CHECKING

from features.home import Home
from serving.cli.output import message, print_table

if TYPE_CHECKING:
    from training.backtest import BacktestResult

SHOWN = ("poisson_deviance", "hit@5%", "hit@10%", "ap", "brier_skill", "ece")
"""Metrics of the table; the JSON has them all."""


def tabulate(result: "BacktestResult") -> None:
    """Print one row per model, the best first; what cannot be estimated is a dash."""
    models = sorted(result.overall.models.items(), key=lambda item: (item[1][SHOWN[0]] is None, item[1][SHOWN[0]]))
    print_table(("model", *SHOWN), [(name, *(metrics[metric] for metric in SHOWN)) for name, metrics in models])


def draw(home: Home, result: "BacktestResult") -> None:
    """Write the plots below the home and pass on the notes."""
    from training.plots import draw_backtest

    folder = home.folder(home.backtests / f"{result.target}-{result.horizon_days}d")
    for name, image in draw_backtest(result).items():
        (folder / name).write_bytes(image)
    for note in result.notes:
        message(note)
    message(f"Plots: {folder}")
