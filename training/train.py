"""Train: replay the past, fit on everything ripe, compare with the champion, and register a challenger."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from importlib.metadata import version

import numpy as np
from pydantic import ValidationError

from features.days import to_date
from features.errors import NotReadyError, StoreError, UsageError
from features.facts.facts import Facts
from features.panel.build import Panel, Progress, build_panel
from features.provenance import code_version, login_name
from features.settings import BuildSettings, PanelSettings
from features.storage.array_files import release
from features.storage.home import Home
from features.targets import Target
from training.bootstrap import number_blocks
from training.evaluation.backtest import BacktestResult, backtest, measure_folds
from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import METRICS
from training.learning.examples import training_part
from training.learning.fit import fit
from training.learning.folds import Fold, Gap, ripe_as_ofs
from training.learning.inner_validation import InnerPredictions, Tried
from training.learning.model import Fitted
from training.registry.accountability import write_impact_assessment, write_transparency_record
from training.registry.candidate import BACKTEST, RECIPE, add_evidence
from training.registry.gate import FOLD_KEYS, METRIC, Comparison, Report, evaluate_gate, turnover
from training.registry.local_columns import require_local_columns
from training.registry.model_card import write_card
from training.registry.published import BOOSTER, FEATURES, Published, sha256
from training.registry.pyfunc_model import Interface
from training.registry.run_record import Run, TrainingData
from training.registry.tracking import open_registry
from training.report.report import Subject, make_report
from training.settings import BacktestSettings, CharterSettings, ModelSettings

MODEL_CARD, TRANSPARENCY_RECORD, IMPACT_ASSESSMENT = "model_card.md", "transparency_record.md", "impact_assessment.md"
"""Documents of every training, beside its report in the registry."""

LOOP_PARTIAL = "Loop control is partial: found cases count as they come, so more visits may look like more disputes."
LOOP_BY_VISITS = "Found cases count by the visits of their grid, and one visit is worth {days:g} days of records."

Show = Callable[[str], AbstractContextManager[Progress]]
"""Called with the name of each piece of work; what it yields is told how far that is."""


@contextmanager
def quietly(_: str) -> Iterator[Progress]:
    """Show nothing."""
    yield lambda *_: None


@dataclass(frozen=True)
class Task:
    """Request for a training."""

    facts: Facts
    target: Target
    """The definition behind `facts.target_name`."""
    champion: Published | None
    """Champion, compared with the candidate on the same folds; None where nothing was published yet."""
    gap: Gap
    build: BuildSettings
    backtest: BacktestSettings
    model: ModelSettings
    trials: tuple[Tried, ...] = ()
    """Settings that were tried to find those of this training."""
    charter: CharterSettings | None = None
    """Who runs the service and until when, for the transparency record."""


@dataclass(frozen=True)
class Trained:
    """A registered challenger."""

    version: int
    result: BacktestResult
    card: str
    report: dict[str, bytes]
    """Files of the backtest report."""
    objections: list[str]
    """Verdict of the gate as of now."""


def train(home: Home, task: Task, now: datetime, show: Show = quietly) -> Trained:
    """Backtest, fit on all ripe rows of the log, and register the model with its evidence as the challenger.

    Raises:
        NotReadyError: the log is too short, or holds no escalation to learn from.
        StoreError: the registry cannot be opened; nothing was fitted.
    """
    began = time.monotonic()
    registry = open_registry(home, task.facts.target_name)  # before the work: what cannot be registered need not be fitted
    learnt = _learn(task, show)
    objections = evaluate_gate(learnt.result.to_json(), learnt.comparison)
    subject = Subject(task.facts, learnt.panel, learnt.result, learnt.fitted, task.gap)
    pages = make_report(subject, task.build, task.backtest, task.model.seed)
    run = _record(task, learnt, objections)
    documents = dict(run.documents) | {f"report/{name}": content for name, content in pages.items()}
    run = replace(run, documents=documents, seconds=time.monotonic() - began)
    return Trained(registry.add(run, now), learnt.result, run.card, pages, objections)


@dataclass(frozen=True)
class _Learnt:
    """A fitted model with the panel it learnt from and how it was judged."""

    panel: Panel
    result: BacktestResult
    fitted: Fitted
    comparison: Comparison | None


def _learn(task: Task, show: Show) -> _Learnt:
    facts, gap = task.facts, task.gap
    with show("panel") as step:
        panel = build_panel(facts, ripe_as_ofs(facts, gap, task.backtest), gap.horizon_days, task.build, step)
    with show("backtest") as step:
        result = backtest(facts, panel, gap, task.backtest, task.model, step)
    with show("fit") as step:
        fitted = fit_all(facts, panel, gap, task.model, result.past, step)
    comparison = compare(task, panel, result, fitted, task.champion) if task.champion else None
    return _Learnt(panel, result, fitted, comparison)


def _record(task: Task, learnt: _Learnt, objections: Sequence[str]) -> Run:
    """Return what the registry keeps of a training, without its report."""
    panel, result, fitted = learnt.panel, learnt.result, learnt.fitted
    report = result.to_json()
    files = add_evidence(fitted, panel, task.model, report, learnt.comparison)
    hashes = {name: sha256(content) for name, content in files.items()}
    parameters = _parameters(task, hashes) | _samples(fitted) | _local_code(panel)
    read = [column for part in fitted.parts for column in part.describe(panel)]
    card, learnt_from = write_card(report, parameters, read, objections), describe_data(task.facts, panel, result)
    documents = {
        MODEL_CARD: card,
        TRANSPARENCY_RECORD: write_transparency_record(report, parameters, objections, task.charter),
        IMPACT_ASSESSMENT: write_impact_assessment(report, parameters, learnt_from.profile),
    }
    return Run(
        files,
        hashes,
        parameters,
        _metrics(report),
        {name: text.encode() for name, text in documents.items()},
        fold_metrics=measure_folds(result),
        tags=_tags(task.facts, task.gap, objections),
        by=login_name(),
        code_version=parameters["code_version"],
        card=card,
        training_data=learnt_from,
        trials=task.trials,
        interface=Interface.of(fitted, panel),
    )


def describe_data(facts: Facts, panel: Panel, result: BacktestResult) -> TrainingData:
    """Name the panel that was learnt from; another figure in it has another digest."""
    digest = hashlib.sha256(panel.as_ofs.tobytes())
    for name, values in zip(panel.names, panel.values, strict=True):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(values).data)
        release(values)
    profile: dict[str, int | float | str] = {
        "as_ofs": len(panel.as_ofs),
        "first_as_of": to_date(int(panel.as_ofs[0])).isoformat(),
        "last_as_of": to_date(int(panel.as_ofs[-1])).isoformat(),
        "grids": len(panel.grid_ids),
        "columns": len(panel.names),
        "cases": len(facts.cases.grid),
        "tested_rows": result.overall.rows,
    }
    return TrainingData(f"panel-{facts.target_name}", digest.hexdigest()[:16], facts.sequence, profile)


def _tags(facts: Facts, gap: Gap, objections: Sequence[str]) -> dict[str, str]:
    verdict = "; ".join(objections) if objections else "nothing speaks against promotion"
    return {"target": facts.target_name, "horizon_days": str(gap.horizon_days), "gate": verdict}


def fit_all(
    facts: Facts,
    panel: Panel,
    gap: Gap,
    model_settings: ModelSettings,
    past: Sequence[InnerPredictions] | None = None,
    progress: Progress | None = None,
) -> Fitted:
    """Fit on every row of a panel of ripe as_ofs, with replicates; the same facts, past and settings give the same bytes.

    `past` is what a backtest of the same panel predicted; without it some refits are rehearsed first.
    """
    everything = Fold(slice(0, len(panel.as_ofs)), slice(len(panel.as_ofs), None), facts.known_through_day + 1)
    blocks = number_blocks(panel.as_ofs, facts.places)
    return fit(training_part(facts, panel, everything, gap), model_settings, blocks, past, progress)


def compare(task: Task, panel: Panel, result: BacktestResult, fitted: Fitted, champion: Published) -> Comparison:
    """Put the champion beside a candidate: its recipe's backtest on the candidate's folds, and how much of the list would change."""
    report: Report = result.to_json()
    stored: Report = json.loads(champion.files[BACKTEST])
    recipe = _read_recipe(champion)
    if recipe is None or all(stored[key] == report[key] for key in FOLD_KEYS):
        report = stored
    elif recipe != task.model:
        report = backtest(task.facts, panel, task.gap, task.backtest, recipe).to_json()
    return Comparison(champion.hash, report, _turnover(panel.at(slice(-1, None)), fitted, champion, task.build.panel))


def _read_recipe(champion: Published) -> ModelSettings | None:
    """Return the champion's settings, or None where they were those of an older program."""
    try:
        return ModelSettings.model_validate_json(champion.files[RECIPE])
    except ValidationError:
        return None


def _turnover(today: Panel, fitted: Fitted, champion: Published, panel: PanelSettings) -> float | None:
    """Return which share of the champion's top grids would leave the list, or None where it is of another kind, or reads other columns."""
    try:
        require_local_columns(champion.files, panel.local_features)
        before = Fitted.from_files(champion.files).predict(today)
    except (NotReadyError, UsageError, StoreError, LookupError, TypeError):
        return None
    return turnover(fitted.predict(today).expected[0], before.expected[0])


def _parameters(task: Task, hashes: Mapping[str, str]) -> dict[str, str]:
    facts, gap = task.facts, task.gap
    sections = {"model": task.model, "backtest": task.backtest}
    petitions = task.build.panel.petition_volume
    flat = {f"{name}.{key}": value for name, section in sections.items() for key, value in section.model_dump(mode="json").items()}
    about = {
        "target": facts.target_name,
        "target_definition": task.target.model_dump_json(exclude_defaults=True),
        "horizon_days": gap.horizon_days,
        "delay_allowance_days": gap.delay_allowance_days,
        "data_sequence": facts.sequence,
        "known_through": to_date(facts.known_through_day).isoformat(),
        "code_version": code_version(),
        "lightgbm": version("lightgbm"),
        "features_sha256": hashes[FEATURES],
        "model_sha256": hashes[BOOSTER],
        "loop_control": LOOP_PARTIAL if facts.visit_days is None else LOOP_BY_VISITS.format(days=facts.visit_days),
        "petition_volume": f"in the model until {petitions.until}, {petitions.by}: {petitions.reason}"
        if petitions.in_model
        else "not in the model",
    }
    return {name: str(value) for name, value in {**about, **flat}.items()}


def _samples(fitted: Fitted) -> dict[str, str]:
    """Return what was learnt from, where that is a sample: ranges of replicates that saw fewer rows are wider than all rows would give."""
    return {f"rows.{name}": str(sample) for name, sample in fitted.samples.items() if not sample.is_whole}


def _local_code(panel: Panel) -> dict[str, str]:
    """Return the code that declared columns of the panel beside the product's own."""
    origins = sorted({feature.origin for feature in panel.features if feature.origin})
    return {"local_features": ", ".join(origins)} if origins else {}


def _metrics(report: Report) -> dict[str, float]:
    """Return what can be estimated: `auc`, `auc.low`, `auc.high` of the model, and `baseline.<name>` by the gate's metric."""
    card = report["models"][MODEL]
    found = {f"baseline.{name}": other[METRIC] for name, other in report["models"].items() if name != MODEL}
    for metric in METRICS:
        low, high = card["ci95"][metric] or (None, None)
        found |= {metric: card[metric], f"{metric}.low": low, f"{metric}.high": high}
    return {name: value for name, value in found.items() if value is not None}
