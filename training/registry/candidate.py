"""A candidate: the fitted model with the evidence that goes wherever the model goes, and its comparison with another trained version.

Versions are compared by the predictions that their backtests left in the registry.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict
from io import BytesIO
from typing import Any

import numpy as np
import polars as pl

from features.errors import GateRefusedError, UsageError
from features.panel.build import Matrix, Panel
from features.schema import Col
from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import Scorecard, score
from training.evaluation.predictions import FOLD, outcomes, predicted, weigh
from training.learning.booster import margin, read_booster
from training.learning.design_matrix import Design
from training.learning.model import Fitted, part_of
from training.registry.booster_check import check_boosters
from training.registry.gate import Comparison, Report, check_all
from training.registry.local_columns import local_columns
from training.registry.published import BOOSTER, FEATURES, FILE_NAME, sha256
from training.registry.tracking import ModelVersion, Registry
from training.settings import BacktestSettings, ModelSettings

BACKTEST, COMPARISON, GATE, GOLDEN, RECIPE = "backtest.json", "comparison.json", "gate.json", "golden.json", "recipe.json"
MODEL_FILE = "model.json"
REQUIRED = frozenset({BOOSTER, MODEL_FILE, FEATURES, BACKTEST, GOLDEN, RECIPE})
BOOSTER_SUFFIX = ".lgb"

GOLDEN_ROWS = 200

PREDICTIONS = "report/predictions.parquet"
IDENTICAL = (FOLD, Col.AS_OF, Col.GRID_ID, "count")
"""Two versions were measured on the same folds if their rows agree in these."""


def add_evidence(fitted: Fitted, panel: Panel, recipe: ModelSettings, report: Report, comparison: Comparison | None) -> dict[str, bytes]:
    """Return the model's files and those that let it be judged later; the same model and figures give the same bytes."""
    evidence: dict[str, object] = {
        BACKTEST: {key: value for key, value in report.items() if key != "seconds"},
        GATE: [asdict(check) for check in check_all(report, comparison)],
        GOLDEN: _golden(fitted, panel),
        RECIPE: recipe.model_dump(mode="json"),
    }
    if comparison is not None:
        evidence[COMPARISON] = asdict(comparison)
    return fitted.files() | local_columns(fitted, panel) | {name: to_json(content) for name, content in evidence.items()}


def _golden(fitted: Fitted, panel: Panel) -> dict[str, Any]:
    """Return rows spread over the panel and what every booster says of them, to be repeated before the model is published."""
    rows = {part.part: _spread(part.lay_out(panel, fitted.horizon_days)) for part in fitted.parts}
    boosters = {name: content.decode() for name, content in fitted.files().items() if name.endswith(BOOSTER_SUFFIX)}
    return {
        "rows": {part: [[None if np.isnan(value) else float(value) for value in row] for row in matrix] for part, matrix in rows.items()},
        "margins": {name: margin(read_booster(text), rows[part_of(name)]).tolist() for name, text in boosters.items()},
    }


def _spread(design: Design) -> Matrix:
    return design.take(np.unique(np.linspace(0, len(design.start) - 1, GOLDEN_ROWS).astype(int)))


def to_json(content: object) -> bytes:
    """Return JSON whose bytes are the same for equal content."""
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def read_candidate(registry: Registry, model: ModelVersion) -> dict[str, bytes]:
    """Read the files on the run's record: only names of the allowed form, only bytes of the recorded hash.

    Raises:
        GateRefusedError: a file is missing, of another kind, or not the one that was recorded.
    """
    files = {}
    for name, recorded in registry.read_hashes(model).items():
        if not FILE_NAME.fullmatch(name):
            raise GateRefusedError(f"Version {model.version} must consist of LightGBM text and JSON, found {name!r}. Train again.")
        files[name] = registry.read_file(model, name)
        if sha256(files[name]) != recorded:
            raise GateRefusedError(f"{name} of version {model.version} must have the SHA-256 on the run's record. Train again.")
        _check_text(name, files[name])
    if missing := REQUIRED - files.keys():
        raise GateRefusedError(f"Version {model.version} must hold {', '.join(sorted(missing))}, and does not. Train again.")
    return files


def _check_text(name: str, content: bytes) -> None:
    try:
        content.decode() if name.endswith(BOOSTER_SUFFIX) else json.loads(content)
    except ValueError as error:
        raise GateRefusedError(f"{name} must be LightGBM text or JSON in UTF-8, and is not. Train again.") from error


def repeat_golden(files: Mapping[str, bytes]) -> None:
    """Load every booster in a process of its own and repeat the golden predictions.

    Raises:
        GateRefusedError: that process died, or a prediction is not the one on record.
    """
    golden = json.loads(files[GOLDEN])
    boosters = {name: content.decode() for name, content in files.items() if name.endswith(BOOSTER_SUFFIX)}
    rows = {name: golden["rows"].get(part_of(name), []) for name in boosters}
    check_boosters(boosters, rows, golden["margins"])


def compare_versions(registry: Registry, first: ModelVersion, second: ModelVersion, backtest: BacktestSettings) -> Scorecard:
    """Measure two versions on the same rows and draws; the difference is the first minus the second.

    Raises:
        NotFoundError: the registry no longer has the predictions of one.
        UsageError: they are one version, or were not measured on identical folds.
    """
    if first.version == second.version:
        raise UsageError(f"two versions must be named, got version {first.version} twice.")
    rows, others = (pl.read_parquet(BytesIO(registry.read_document(model, PREDICTIONS))) for model in (first, second))
    if different := _different(rows, others):
        raise UsageError(
            f"versions must have been measured on identical folds, and {first.version} and {second.version} differ in {different}. "
            "Train again, and compare with the new version."
        )
    predictions = {f"version {model.version}": predicted(table)[MODEL] for model, table in ((first, rows), (second, others))}
    return score(outcomes(rows), predictions, weigh(rows, backtest.bootstrap_draws, backtest.seed))


def _different(rows: pl.DataFrame, others: pl.DataFrame) -> str:
    if len(rows) != len(others):
        return "their number of rows"
    return ", ".join(name for name in IDENTICAL if not rows[name].equals(others[name]))
