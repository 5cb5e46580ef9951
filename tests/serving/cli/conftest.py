"""A home with a hand-made list and its alerts, and the command on it."""

from collections.abc import Callable

import pytest
from typer.testing import CliRunner

from features.database.engine import open_home
from features.storage.home import Home
from serving.cli.main import app
from serving.settings import Settings
from tests.serving.alerts.conftest import Days


@pytest.fixture
def listed_home(tmp_path, settings_name_the_database: None) -> Home:
    """Return a home whose one list, of eight grids, raised alerts for g1 and g2."""
    made = Home(tmp_path / "home")
    engine = open_home(made, Settings.load())
    Days(engine).publish()
    engine.dispose()
    return made


@pytest.fixture
def run_listed(listed_home) -> Callable[..., str]:
    """Run `yujing` on that home, and return what it prints."""

    def run(*arguments: object) -> str:
        result = CliRunner().invoke(app, ["--home", str(listed_home.root), *map(str, arguments)])
        if result.exception:
            raise result.exception
        return result.stdout + result.stderr

    return run
