"""Stored with every model: MLflow runs this file to learn which class reads the files beside it."""

from mlflow.models import set_model

from training.registry.pyfunc_model import ExpectedEscalations

set_model(ExpectedEscalations())
