"""Compare two trained versions by the predictions that their backtests left in the registry."""

from io import BytesIO

import polars as pl

from features.errors import UsageError
from features.schema import Col
from training.evaluation.fold_runner import MODEL
from training.evaluation.metrics import Scorecard, score
from training.evaluation.predictions import FOLD, outcomes, predicted, weigh
from training.registry.tracking import ModelVersion, Registry
from training.settings import BacktestSettings

PREDICTIONS = "report/predictions.parquet"
IDENTICAL = (FOLD, Col.AS_OF, Col.GRID_ID, "count")
"""Two versions were measured on the same folds if their rows agree in these."""


def compare_versions(registry: Registry, first: ModelVersion, second: ModelVersion, settings: BacktestSettings) -> Scorecard:
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
    said = {f"version {model.version}": predicted(table)[MODEL] for model, table in ((first, rows), (second, others))}
    return score(outcomes(rows), said, weigh(rows, settings.bootstrap_draws, settings.seed))


def _different(rows: pl.DataFrame, others: pl.DataFrame) -> str:
    if len(rows) != len(others):
        return "their number of rows"
    return ", ".join(name for name in IDENTICAL if not rows[name].equals(others[name]))
