"""The report of a backtest: page, plots, figures and the tables they come from, as files."""

import json
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from features.display import CATEGORY_ZH, EVENT_TYPE_ZH, plain
from features.facts.facts import Facts
from features.panel.build import Panel
from features.settings import BuildSettings
from training.attribution import attribute, find
from training.bootstrap import Cell
from training.evaluation.backtest import BacktestResult
from training.evaluation.fold_runner import MODEL
from training.evaluation.leak_check import look_ahead
from training.learning.folds import Gap
from training.learning.model import Fitted
from training.plots.draw import draw_attribution, draw_backtest
from training.plots.words import AREA_TYPE_ZH, GROUPING_ZH, KIND_ZH, LIST_ZH, METRIC_ZH, MODEL_ZH, PART_ZH, SUBSET_ZH, TARGET_ZH, VERDICT_ZH
from training.report.summary import gather, summarise, to_parquet
from training.settings import BacktestSettings

PAGE, FIGURES = "report.html", "report.json"

SHAPES = {"share": "{:.1%}", "times": "{:.2f}倍", "plain": "{:.3f}", "fine": "{:.4f}", "signed": "{:+.4f}"}
COLUMNS = (
    ("poisson_deviance", "plain"),
    ("ap", "plain"),
    ("ap_over_base", "times"),
    ("hit@5%", "share"),
    ("hit@10%", "share"),
    ("ece", "fine"),
)
"""Metrics of the tables of parts, and how they are written."""
UNKNOWN = "不能估计"


def render(report: Mapping[str, Any], plots: Mapping[str, bytes]) -> bytes:
    """Return the HTML page; everything it shows stands in it."""
    environment = Environment(
        loader=PackageLoader("training.report"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"kind": kind_name, "figure": figure, "range": interval_text, "metric": metric, "ties": ties}
    page = environment.get_template("report.html").render(
        report=report,
        overall=report["models"][MODEL],
        model=MODEL,
        columns=COLUMNS,
        plots={name: f"data:image/png;base64,{b64encode(content).decode()}" for name, content in plots.items()},
        models=MODEL_ZH,
        metrics=METRIC_ZH,
        subsets=SUBSET_ZH,
        area_types=AREA_TYPE_ZH,
        groupings=GROUPING_ZH,
        kinds=KIND_ZH,
        verdicts=VERDICT_ZH,
        lists=LIST_ZH,
        targets=TARGET_ZH,
        part_names=PART_ZH,
    )
    return page.encode()


def kind_name(kind: str) -> str:
    """Name a kind of case.

    >>> kind_name("dispute/labor_wage"), kind_name("")
    ('劳动争议（矛盾纠纷）', '全部')
    """
    event_type, _, category = kind.partition("/")
    return f"{CATEGORY_ZH.get(category, plain(category))}（{EVENT_TYPE_ZH[event_type]}）" if kind else "全部"


def figure(cell: Cell, shape: str) -> str:
    """Write a figure, or that there is none.

    >>> figure({"value": 0.123, "ci95": None}, "share"), figure({"value": None, "ci95": None}, "share")
    ('12.3%', '不能估计')
    """
    return UNKNOWN if cell["value"] is None else SHAPES[shape].format(cell["value"])


def interval_text(cell: Cell, shape: str) -> str:
    """Write the interval of a figure, or that there is none.

    >>> interval_text({"value": 0.2, "ci95": [0.1, 0.3]}, "share")
    '10.0%–30.0%'
    """
    return (
        "区间" + UNKNOWN
        if cell["ci95"] is None
        else ("至" if shape == "signed" else "–").join(SHAPES[shape].format(bound) for bound in cell["ci95"])
    )


def metric(card: Mapping[str, Any], name: str) -> Cell:
    """Return one metric of a scorecard as a cell."""
    return {"value": card[name], "ci95": card["ci95"][name]}


def ties(row: Mapping[str, Any], what: str) -> str:
    """Write what ties at the edge of the list could do to a figure; nothing where there are none."""
    worst, best = row[f"{what}_worst_ties"], row[f"{what}_best_ties"]
    return "" if worst == best else f"{worst:.1%}–{best:.1%}"


@dataclass(frozen=True)
class Subject:
    """Subject of a report."""

    facts: Facts
    panel: Panel
    """All as_ofs of the backtest, those it learnt from included."""
    result: BacktestResult
    fitted: Fitted | None
    """The final fit; without one nothing is said of what moves the model and of the lists of the last days."""
    gap: Gap
    """That of the backtest."""


def make_report(subject: Subject, build: BuildSettings, backtest: BacktestSettings, seed: int) -> dict[str, bytes]:
    """Return the files of a report by name; all figures follow from the Parquet files among them.

    `seed` draws the rows from which the effects of columns are learnt.
    """
    facts, panel, result, fitted = subject.facts, subject.panel, subject.result, subject.fitted
    evidence = gather(facts, result.predictions, fitted, build)
    figures = summarise(result, evidence, subject.gap, backtest, int(panel.as_ofs[0]))
    figures |= {"look_ahead": look_ahead(facts, panel, result.horizon_days, build), "attribution": None}
    plots, tables = draw_backtest(figures), evidence.files()
    if fitted is not None:
        figures["attribution"] = {}
        for part in fitted.parts:
            attribution = attribute(part, panel, fitted.horizon_days, seed)
            figures["attribution"][part.part] = find(attribution)
            plots |= draw_attribution(part.part, attribution, figures["attribution"][part.part])
            tables[f"contributions-{part.part}.parquet"] = to_parquet(attribution.contributions)
    text = json.dumps(figures, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return {PAGE: render(figures, plots), FIGURES: text.encode(), **tables, **plots}
