"""What every test relies on: settings come from the test, never from the shell it runs in."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.startswith(("YUJING_", "MLFLOW_TRACKING")):
            monkeypatch.delenv(name)
