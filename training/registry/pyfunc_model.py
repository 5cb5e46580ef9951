"""The registered model as MLflow's users know it: a pyfunc that takes model rows and returns what the product says of them.

MLflow runs the stored `pyfunc_code.py`, which names the class below; what it reads is LightGBM's text and JSON, so nothing is unpickled.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as installed_version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from features.panel.build import Panel
from features.schema import Col
from training.learning.model import Fitted
from training.learning.model_rows import CASES, WEIGHT, ModelColumns, to_panel, to_rows
from training.registry import mlflow_switches  # noqa: F401 - must come before MLflow

# isort: split
from mlflow.models import ModelSignature
from mlflow.pyfunc import save_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext
from mlflow.types import DataType, ParamSchema, ParamSpec, Schema
from mlflow.types.schema import Array, ColSpec, Object, Property, TensorSpec

FILES, COLUMNS = "files", "columns.json"
"""Artifacts of the pyfunc: the folder of the model's own files, and which columns it reads."""
CODE = Path(__file__).with_name("pyfunc_code.py")
EXAMPLE_ROWS = 3
REFITS = "refits"
"""Parameter of `predict`: also say how far the expected count could have come out differently."""
RANGE = {"expected_low": 0.05, "expected_high": 0.95}
"""Quantiles over the refits."""


@dataclass(frozen=True)
class Interface:
    """Input of a registered model, with three rows of it."""

    columns: ModelColumns
    example: pd.DataFrame
    outputs: tuple[str, ...]

    @classmethod
    def of(cls, fitted: Fitted, panel: Panel) -> "Interface":
        """Describe a model that was fitted on rows like those of a panel."""
        last = panel.at(slice(-1, None))
        columns = ModelColumns.read_by(fitted, last)
        example = columns.choose(to_rows(last)).head(EXAMPLE_ROWS).reset_index(drop=True)
        return cls(columns, example, tuple(map(str, predict(fitted, to_panel(example, columns)))))

    @property
    def signature(self) -> ModelSignature:
        """MLflow's description of it."""
        inputs: list[ColSpec | TensorSpec] = [ColSpec(DataType.float, feature.name) for feature in self.columns.features]
        inputs += [ColSpec(_list_of_cases(tuple(column.name for column in getattr(self.columns, name))), name) for name in CASES]
        outputs: list[ColSpec | TensorSpec] = [ColSpec(DataType.double, name) for name in self.outputs]
        return ModelSignature(Schema(inputs), Schema(outputs), ParamSchema([ParamSpec(REFITS, DataType.boolean, False)]))


def _list_of_cases(names: tuple[str, ...]) -> Array:
    words = [Property(name, DataType.string) for name in (Col.EVENT_TYPE, Col.CATEGORY)]
    numbers = [Property(name, DataType.double, required=False) for name in names]
    return Array(Object([*words, Property(WEIGHT, DataType.double), *numbers]))


def predict(fitted: Fitted, panel: Panel, *, refits: bool = False) -> pd.DataFrame:
    """Return one row per place of a panel of one moment: expected, its parts, risk, usual_level, and with `refits` a 90 % range."""
    scores = fitted.predict(panel)
    parts = {f"expected_{part}": expected[0] for part, expected in scores.parts.items()}
    table = {"expected": scores.expected[0], **parts, "risk": scores.risk[0], "usual_level": scores.usual_level[0]}
    if refits and len(replicates := fitted.predict_replicates(panel)[:, 0]):
        table |= {name: np.quantile(replicates, share, axis=0) for name, share in RANGE.items()}
    return pd.DataFrame(table)


class ExpectedEscalations(PythonModel):
    """Expected escalations of each model row, as the product computes them."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the model's files."""
        folder = Path(context.artifacts[FILES])
        self._fitted = Fitted.from_files({path.name: path.read_bytes() for path in folder.iterdir()})
        self._columns = ModelColumns.from_json(Path(context.artifacts[COLUMNS]).read_bytes())

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None) -> pd.DataFrame:
        """Return `expected`, its parts, `risk` and `usual_level`, one row per model row, in their order."""
        del context
        predicted = predict(self._fitted, to_panel(model_input, self._columns), refits=bool((params or {}).get(REFITS)))
        return predicted.set_index(model_input.index)


def save(folder: Path, files: Mapping[str, bytes], interface: Interface) -> None:
    """Write a model as a folder that `mlflow.pyfunc.load_model` reads.

    `folder` must not be there yet; its neighbours `files` and `columns.json` are made.
    """
    own = folder.parent / FILES
    own.mkdir(parents=True)
    for name, content in files.items():
        (own / name).write_bytes(content)
    columns = folder.parent / COLUMNS
    columns.write_bytes(interface.columns.to_json())
    needed = [f"{name}=={installed_version(name)}" for name in ("yujing", "mlflow", "lightgbm")]
    save_model(
        folder,
        python_model=str(CODE),
        artifacts={FILES: str(own), COLUMNS: str(columns)},
        signature=interface.signature,
        input_example=interface.example,
        pip_requirements=needed,
    )
    (folder / CODE.name).chmod(0o600)  # MLflow copies the mode of the installed file, which everybody may read
