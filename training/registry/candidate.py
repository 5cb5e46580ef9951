"""A candidate: the fitted model with the evidence that goes wherever the model goes."""

import json
from dataclasses import asdict
from typing import Any

import numpy as np

from features.panel.build import Panel
from training.learning.booster import margin, read_booster
from training.learning.model import Fitted
from training.registry.gate import Comparison, Report, check_all
from training.registry.published import BOOSTER, FEATURES
from training.settings import ModelSettings

BACKTEST, COMPARISON, GATE, GOLDEN, RECIPE = "backtest.json", "comparison.json", "gate.json", "golden.json", "recipe.json"
MODEL = "model.json"
REQUIRED = frozenset({BOOSTER, MODEL, FEATURES, BACKTEST, GOLDEN, RECIPE})
BOOSTER_SUFFIX = ".lgb"

GOLDEN_ROWS = 200


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
    return fitted.files() | {name: to_json(content) for name, content in evidence.items()}


def _golden(fitted: Fitted, panel: Panel) -> dict[str, Any]:
    """Return rows spread over the panel and what every booster says of them, to be repeated before the model is published."""
    matrix = fitted.rows(panel)
    rows = matrix[np.unique(np.linspace(0, len(matrix) - 1, GOLDEN_ROWS).astype(int))]
    boosters = {name: content.decode() for name, content in fitted.files().items() if name.endswith(BOOSTER_SUFFIX)}
    return {
        "rows": [[None if np.isnan(value) else float(value) for value in row] for row in rows],
        "margins": {name: margin(read_booster(text), rows).tolist() for name, text in boosters.items()},
    }


def to_json(content: object) -> bytes:
    """Return JSON whose bytes are the same for equal content."""
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()
