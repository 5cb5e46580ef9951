"""What every test relies on: settings come from the test, never from the shell it runs in."""

import os

import pytest

QUICK = {"BACKTEST__FOLDS": 1, "BACKTEST__BOOTSTRAP": 20, "MODEL__MAX_ROUNDS": 20, "MODEL__INNER_FOLDS": 1, "MODEL__REPLICATES": 2}


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("YUJING_", "MLFLOW_TRACKING")):
            monkeypatch.delenv(name)


@pytest.fixture
def quick_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train and test on little, where what is learnt does not matter."""
    for name, value in QUICK.items():
        monkeypatch.setenv(f"YUJING_{name}", str(value))
