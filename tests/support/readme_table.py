"""Print the table "How good it is" of both READMEs from a home: `python -m tests.support.readme_table var/demo-...`.

Figures are those of the champion's own backtest, which `make demo` prints; end date, rows and escalations stand above the table.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from features.storage.home import Home
from serving.cli.workspace import Workspace
from training.registry.published import current

NAMES = {
    "backlog_by_type": ("open cases by type", "分类未办结件数"),
    "poisson_regression": ("Poisson regression on counts", "件数的泊松回归"),
    "plain_lightgbm": ("plain LightGBM on the same columns", "同样特征上的普通 LightGBM"),
    "lightgbm": ("model", "模型"),
}
"""Models that the table shows, in both languages."""


def read_report(home: Path) -> Mapping[str, Any]:
    """Return the backtest of a home's champion."""
    work = Workspace(Home(home), None)
    report: Mapping[str, Any] = json.loads(current(work.home, work.engine).files["backtest.json"])
    work.close()
    return report


def table(report: Mapping[str, Any], chinese: bool = False) -> Iterator[str]:
    """Yield the lines of the table."""
    as_of = report["as_of"]
    yield f"{as_of['count']} test days to {as_of['last']}, {report['rows']:,} rows, {report['positives']} with an escalation"
    yield "| | AP / 基础率 | hit@5% | AUC |" if chinese else "| | AP / base rate | hit@5% | AUC |"
    yield "| --- | --- | --- | --- |"
    for model, names in NAMES.items():
        figures = report["models"][model]
        yield f"| {names[chinese]} | {' | '.join(_cell(figures, name, chinese) for name in ('ap_over_base', 'hit@5%', 'auc'))} |"


def _cell(figures: Mapping[str, Any], name: str, chinese: bool) -> str:
    low, high = figures["ci95"][name]
    value, low, high = (_number(number, name) for number in (figures[name], low, high))
    unit = " %" if name == "hit@5%" else ""
    return f"{value}{unit}（{low} 至 {high}）" if chinese else f"{value}{unit} ({low} to {high})"


def _number(value: float, name: str) -> str:
    return {"ap_over_base": f"{value:.1f}", "hit@5%": f"{100 * value:.0f}", "auc": f"{value:.2f}"}[name]


if __name__ == "__main__":
    content = read_report(Path(sys.argv[1]))
    for language in (False, True):
        print(*table(content, language), sep="\n", end="\n\n")  # noqa: T201 - what it is for
