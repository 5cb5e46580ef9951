import sqlite3
from contextlib import closing
from pathlib import Path

from features.storage.home import Home
from training.registry.tracking import relocate


def make_store(home: Home, *locations: str) -> None:
    """Write the two tables of MLflow whose addresses matter here."""
    home.folder(home.root)
    with closing(sqlite3.connect(home.tracking)) as connection, connection:
        connection.execute("CREATE TABLE experiments (artifact_location TEXT)")
        connection.execute("CREATE TABLE runs (artifact_uri TEXT)")
        connection.executemany("INSERT INTO experiments VALUES (?)", [(location,) for location in locations])
        connection.executemany("INSERT INTO runs VALUES (?)", [(f"{location}/1/artifacts",) for location in locations])


def addresses(home: Home) -> list[str]:
    with closing(sqlite3.connect(home.tracking)) as connection:
        return [row[0] for row in connection.execute("SELECT artifact_uri FROM runs")]


def test_relocate_moved_home_names_its_own_files(tmp_path: Path) -> None:
    home = Home(tmp_path / "moved")
    make_store(home, "file:///srv/old/mlartifacts", "s3://bucket/mlartifacts")
    here = home.artifacts.as_uri()

    assert (relocate(home), relocate(home)) == (2, 0)
    assert addresses(home) == [f"{here}/1/artifacts", "s3://bucket/mlartifacts/1/artifacts"]


def test_relocate_home_without_store_makes_none(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")

    assert relocate(home) == 0
    assert not home.root.exists()
