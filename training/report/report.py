"""The report of a backtest: page, plots, figures and the tables they come from, as files."""

import json
from dataclasses import dataclass

from features.facts.facts import Facts
from features.panel.build import Panel
from training.attribution.attribute import attribute
from training.attribution.findings import find
from training.evaluation.backtest import BacktestResult
from training.learning.folds import Gap
from training.learning.model import Fitted
from training.plots.draw import draw_attribution, draw_backtest
from training.report.evidence import gather, to_parquet
from training.report.next_list import look_ahead
from training.report.page import render
from training.report.summary import summarise
from training.settings import Settings

PAGE, FIGURES = "report.html", "report.json"


@dataclass(frozen=True)
class Subject:
    """Subject of a report."""

    facts: Facts
    panel: Panel
    """All as_ofs of the backtest, those it learnt from included."""
    result: BacktestResult
    fitted: Fitted | None
    """The final fit; without one nothing is said of what moves the model and of the lists of the last days."""


def make_report(subject: Subject, settings: Settings) -> dict[str, bytes]:
    """Return the files of a report by name; all figures follow from the Parquet files among them."""
    facts, panel, result, fitted = subject.facts, subject.panel, subject.result, subject.fitted
    evidence = gather(facts, result.predictions, fitted, settings)
    gap = Gap(result.horizon_days, settings.delay_allowance_days)
    figures = summarise(result, evidence, gap, settings.backtest, int(panel.as_ofs[0]))
    figures |= {"look_ahead": look_ahead(facts, panel, result.horizon_days, settings), "attribution": None}
    plots, tables = draw_backtest(figures), evidence.files()
    if fitted is not None:
        figures["attribution"] = {}
        for part in fitted.parts:
            attribution = attribute(part, panel, fitted.horizon_days, settings.model.seed)
            figures["attribution"][part.part] = find(attribution)
            plots |= draw_attribution(part.part, attribution, figures["attribution"][part.part])
            tables[f"contributions-{part.part}.parquet"] = to_parquet(attribution.contributions)
    text = json.dumps(figures, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return {PAGE: render(figures, plots), FIGURES: text.encode(), **tables, **plots}
