"""The command that a timer starts every morning."""

import json
import subprocess
import sys

import pytest

from serving.rankings.ledger import newest
from tests.support.published_world import AS_OF, World

RANK = """
import json, sys
from serving.cli.main import main
sys.argv = ["yujing", "rank", "--home", sys.argv[1], "--as-of", sys.argv[2], "--top", "0"]
try:
    main()
finally:
    print(json.dumps(sorted({"alembic", "mlflow", "pandas", "scipy.stats", "shap", "sklearn"} & sys.modules.keys())))
"""


@pytest.mark.dialect("sqlite")
def test_rank_scores_a_day_without_importing_what_only_training_and_migrating_need(world: World) -> None:
    command = [sys.executable, "-c", RANK, str(world.home.root), AS_OF.isoformat()]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)

    entry = newest(world.engine)
    assert (ran.returncode, json.loads(ran.stdout.splitlines()[-1])) == (0, []), ran.stderr
    assert entry is not None
    assert entry.origin.as_of == AS_OF
