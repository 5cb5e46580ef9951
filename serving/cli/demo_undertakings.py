"""Made-up undertakings of each kind for the demo, beside those that the simulation writes; they move nothing in its cases."""

import csv
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from features.schema import Col

COLUMNS = ("undertaking_id", "kind", "sub_kind", "places", "public_at", "start_at", "end_at", "name", "assessed", "heard", "attention")
TREATED = 24
TREATED_DAYS = 400
"""Since when the estates of the demo are treated: long enough for a year before to be compared with a year after."""


def write_examples(files: Path, today: date) -> Path:
    """Write a flat undertaking file around today into the folder of the simulation and return its path."""
    gone = set(pl.read_csv(files / "crosswalk.csv", infer_schema=False)["old"])
    grids = pl.read_csv(files / "grids.csv", infer_schema=False).filter(~pl.col(Col.GRID_ID).is_in(gone)).sort(Col.GRID_ID)
    ids = grids[Col.GRID_ID].to_list()
    township = grids[Col.PARENT_PATH][0].rpartition("/")[0]
    path = files / "examples.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(_rows(ids, township, today))
    return path


def _rows(grids: list[str], township: str, today: date) -> list[tuple[object, ...]]:
    def day(days: int) -> str:
        return (today + timedelta(days=days)).isoformat()

    treated = ";".join(grids[:: max(1, len(grids) // TREATED)][:TREATED])
    return [
        ("demo-treatment", "treatment", "estate_treatment", treated, day(-TREATED_DAYS - 30), day(-TREATED_DAYS), "", "", "", "", ""),
        ("demo-fire", "shock", "fire", grids[0], day(-10), day(-10), day(-9), "", "", "", ""),
        ("demo-event", "period", "event", township, day(-60), day(-12), day(-3), "", "", "", "2"),
        ("demo-begun", "project", "construction", township, day(-50), day(-20), day(160), "", "true", "true", ""),
        ("demo-campaign", "campaign", "wage_check", township, day(-30), day(-15), day(-8), "", "", "", ""),
        ("demo-ahead", "project", "land_acquisition", grids[-1], day(-20), day(10), day(190), "", "false", "", ""),
    ]
