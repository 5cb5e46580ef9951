"""Homes that hold a simulated district, taken in by the commands that a user runs."""

from datetime import date
from pathlib import Path

from features.storage.home import Home
from serving.cli.data import ingest, simulate
from serving.cli.workspace import Workspace

CONTEXT = ("projects.csv", "undertakings.csv", "effort.csv", "sensitive_periods.csv")


def simulated_home(preset: str, seed: int, folder: Path, years: int = 3) -> Workspace:
    """Simulate a district, take in all that it delivers, and return its home."""
    files = folder / "files"
    work = Workspace(Home(folder / "home"), files / "config.yaml")
    simulate(work, out=files, preset=preset, years=years, seed=seed, end=date(2026, 11, 1))
    given = {name: files / f"{name}.csv" for name in ("grids", "crosswalk")}
    ingest(work, files=[files / "cases.csv"], source=str(files / "source.yaml"), undertakings=[files / name for name in CONTEXT], **given)
    return Workspace(Home(folder / "home"), files / "config.yaml")
