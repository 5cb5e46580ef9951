"""What MLflow may not do, whatever the shell that started us says."""

import json
import os
import subprocess
import sys

import pytest

READ = """
import json, os
from training.registry import mlflow_switches
print(json.dumps({name: value for name, value in os.environ.items() if "MLFLOW" in name}))
"""


def switches(**shell: str) -> dict[str, str]:
    """Return MLflow's variables in a process that was started with those of a shell."""
    done = subprocess.run([sys.executable, "-c", READ], env=os.environ | shell, capture_output=True, text=True, check=True)
    stated: dict[str, str] = json.loads(done.stdout)
    return stated


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MLFLOW_DISABLE_TELEMETRY", "true"),
        ("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false"),
        ("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false"),
    ],
)
def test_switch_that_keeps_code_and_data_in_holds_against_the_shell(name: str, value: str) -> None:
    assert value == switches(**{name: "false" if value == "true" else "true"})[name]


def test_switches_of_comfort_are_the_shell_s_where_it_states_them() -> None:
    stated = switches(MLFLOW_LOGGING_LEVEL="DEBUG")

    assert ("DEBUG", "false") == (stated["MLFLOW_LOGGING_LEVEL"], stated["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"])
