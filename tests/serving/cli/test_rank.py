"""The command that a timer starts every morning."""

import json
import subprocess
import sys

import pytest
from sqlalchemy import update
from typer.testing import CliRunner

from features.database.engine import writing
from features.database.tables import grid
from features.eventlog.sequence import advance_grids
from serving.cli.main import app
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


@pytest.mark.dialect("sqlite")
def test_rank_rates_no_grid_of_few_households_and_says_how_many(world: World) -> None:
    small = "990101001001001"
    with writing(world.engine) as connection:
        connection.execute(update(grid).values(households=100))
        connection.execute(update(grid).where(grid.c.grid_id == small).values(households=99))
        advance_grids(connection)
    ran = CliRunner().invoke(app, ["rank", "--home", str(world.home.root), "--as-of", AS_OF.isoformat(), "--json"])
    rows = {row["grid_id"]: row for row in json.loads(ran.stdout)["rows"]}

    assert "1 grids of the grid file have fewer than 100 households and are not rated" in ran.stderr
    assert (rows[small]["score"], rows[small]["withheld"]) == (None, "few_households")
    assert "户数过少，不作评定" in rows[small]["withheld_words"]["zh"]
    assert [small] == [grid_id for grid_id, row in rows.items() if row["withheld"] == "few_households"]
