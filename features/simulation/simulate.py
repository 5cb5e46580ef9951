"""Simulate districts one after the other and write what a real deployment would deliver, and the truth apart from it."""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from features.errors import UsageError
from features.simulation.context import effort_table, project_table, sensitive_periods, undertaking_table
from features.simulation.delivery import deliver
from features.simulation.describe import config_text, readme, source_text
from features.simulation.district import make_district
from features.simulation.preset import Preset, Span
from features.simulation.sink import Sink
from features.simulation.truth import true_disputes, true_escalations, true_expectations, true_intensities

Progress = Callable[[int, int], None]
"""Called with (districts done, districts in all)."""

PROVINCE = "9901"
"""Not assigned to any place."""
TRUTH = "truth"


@dataclass(frozen=True)
class Order:
    """Order of a simulation."""

    name: str
    """Of the preset."""
    preset: Preset
    span: Span
    seed: int


@dataclass(frozen=True)
class Written:
    """Sizes of what was written."""

    grids: int
    """Grids that are or were."""
    rows: int
    """Rows of the case file."""
    cases: int
    """Different cases among them."""


def simulate(order: Order, out: Path, progress: Progress | None = None) -> Written:
    """Write a simulation into a new folder; the same order gives the same bytes.

    Memory holds one district at a time. The folder appears when it is whole.

    Raises:
        UsageError: something is in the way.
    """
    if out.exists():
        raise UsageError(f"--out must be a new folder, and {out} is there. Name another or remove it.")
    beside = out.with_name(f".{out.name}.unfinished")
    shutil.rmtree(beside, ignore_errors=True)
    (beside / TRUTH).mkdir(parents=True)
    written = _write_districts(order, beside, progress)
    pl.DataFrame([period.model_dump() | {"scope": "district"} for period in sensitive_periods(order.span)]).write_csv(
        beside / "sensitive_periods.csv"
    )
    texts = {
        "README.md": readme(order.name, order.preset, order.span, order.seed),
        "config.yaml": config_text(order.span),
        "source.yaml": source_text(),
    }
    for name, text in texts.items():
        (beside / name).write_text(text, encoding="utf-8")
    beside.rename(out)
    return written


def _write_districts(order: Order, folder: Path, progress: Progress | None) -> Written:
    preset, grids, rows, cases = order.preset, 0, 0, 0
    with ExitStack() as stack:
        sinks: dict[str, Sink] = {}
        for number, rng in enumerate(np.random.default_rng(order.seed).spawn(preset.size.districts)):
            tables = _district_tables(preset, order.span, f"{PROVINCE}{number + 1:02}", rng)
            for name, table in tables.items():
                if name not in sinks:
                    sinks[name] = stack.enter_context(Sink(folder / name))
                sinks[name].append(table)
            delivered = tables[_cases_name(preset)]
            grids += tables["grids.csv"].height
            rows += delivered.height
            cases += delivered["event_id"].n_unique()
            if progress:
                progress(number + 1, preset.size.districts)
    return Written(grids, rows, cases)


def _cases_name(preset: Preset) -> str:
    return "cases.parquet" if preset.parquet else "cases.csv"


def _district_tables(preset: Preset, span: Span, code: str, rng: np.random.Generator) -> dict[str, pl.DataFrame]:
    """Simulate one district and return its part of each file."""
    district = make_district(preset, span, code, rng)
    world = district.world
    rows, event_ids = deliver(district.cases, world, code, rng)
    return {
        _cases_name(preset): rows,
        "effort.parquet" if preset.parquet else "effort.csv": effort_table(world, rng),
        "grids.csv": world.ground.grids,
        "crosswalk.csv": world.ground.crosswalk,
        "projects.csv": project_table(world, code),
        "undertakings.csv": undertaking_table(world, code),
        f"{TRUTH}/disputes.parquet": true_disputes(district, event_ids),
        f"{TRUTH}/escalations.parquet": true_escalations(district),
        f"{TRUTH}/expected.parquet": true_expectations(district),
        f"{TRUTH}/intensities.parquet": true_intensities(district),
    }
