"""Simulate districts, by name, one after the other; write what a real deployment would deliver, and the truth apart from it.

Delivered are grids as they were called then, nothing after the last day, gaps, breaks, duplicates and clock times. Tables grow block by
block in their files.
"""

import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from features.days import day_number
from features.errors import UsageError
from features.schema import CASE_OPTIONAL, CASE_REQUIRED, REPORT_SOURCES, Col
from features.simulation.cases import CLOSED_AGAIN, NUMBER, PART, TIMES
from features.simulation.context import effort_table, project_table, sensitive_periods, undertaking_table
from features.simulation.describe import config_text, readme, source_text
from features.simulation.dispute_numbers import Recording
from features.simulation.district import World, make_district
from features.simulation.preset import Effort, Preset, Projects, Redraw, Shocks, Size, Span
from features.simulation.truth import true_disputes, true_escalations, true_expectations, true_intensities

Progress = Callable[[int, int], None]
"""Called with (districts done, districts in all)."""

PROVINCE = "9901"
"""Not assigned to any place."""
TRUTH = "truth"

MINUTE = "%Y-%m-%dT%H:%M"

FILE_COLUMNS = (*CASE_REQUIRED, *CASE_OPTIONAL)
BREAK_WHEN, OUTAGE_WHEN = 2 / 3, 0.45
"""At which share of the time they begin."""
_ROW_AT = "row_at"
"""When a row is written; rows are delivered in this order."""

_SMALL = Size(grids=120, townships=4, communities=24)
_UNDERTAKEN = Projects(rate=0.3, start_factor=6.0, treated_estates=24)

PRESETS: dict[str, Preset] = {
    "nanhu": Preset(),
    "yingcheng": Preset(size=Size(grids=548, townships=16, communities=416, area_types=(0.10, 0.08, 0.04, 0.78))),
    "lianjiang": Preset(
        size=Size(grids=600, townships=22, communities=270, area_types=(0.20, 0.20, 0.10, 0.50)),
        recording=Recording(break_source="police"),
    ),
    "jiangbei": Preset(
        size=Size(grids=710, townships=12, communities=126, area_types=(0.30, 0.55, 0.10, 0.05)), projects=Projects(treated_estates=126)
    ),
    "zhejiang": Preset(
        size=Size(districts=90, grids=1211, townships=15, communities=300, area_types=(0.25, 0.25, 0.15, 0.35)), parquet=True
    ),
    "undertakings": Preset(size=_SMALL, projects=_UNDERTAKEN, shocks=Shocks(rate=0.1)),
    "unmoved": Preset(
        size=_SMALL,
        projects=_UNDERTAKEN.model_copy(
            update=dict.fromkeys(("factor", "ring_factor", "start_factor", "handover_factor", "treatment_factor"), 1.0)
        ),
        shocks=Shocks(rate=0.1, factor=1.0),
        effort=Effort(dispute_elasticity=0.0, hazard_elasticity=0.0),
    ),
    "tiny": Preset(size=Size(grids=30, townships=2, communities=6), redraw=Redraw(share=0.2)),
}
"""`nanhu` is the reference. Of the others only what is known of the place differs: size, mix of areas, one event. In `undertakings`
projects, treatments and shocks matter much; in `unmoved` there are as many, and none of them matters."""


def deliver(cases: pl.DataFrame, world: World, code: str, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the rows of the case file, and of each case that is in it which dispute it tells of.

    A case that was closed again after a reopening comes a second time, with the second closing; a duplicate comes a second time with
    another source. Both keep the id of the case.
    """
    kept = cases.filter(pl.col(Col.REPORTED_AT) < world.span.days)
    kept = kept.filter(_arrives(kept, world, rng)).sort(Col.REPORTED_AT, PART, maintain_order=True)
    kept = kept.with_columns(
        pl.format("{}-{}", pl.lit(code), pl.int_range(1, pl.len() + 1).cast(pl.String).str.zfill(7)).alias(Col.EVENT_ID)
    )
    named = kept.with_columns(_grid_ids(kept, world))
    rows = pl.concat([_first_rows(named), _second_closings(named), _duplicates(named, world.preset.recording, rng)])
    rows = rows.filter(pl.col(_ROW_AT) < world.span.days).sort(_ROW_AT, Col.EVENT_ID, maintain_order=True)
    return _on_clock(rows, world.span).select(FILE_COLUMNS), kept.select(NUMBER, Col.EVENT_ID).drop_nulls()


def _on_clock(rows: pl.DataFrame, span: Span) -> pl.DataFrame:
    """Turn times in days from the start into local times to the minute; what happens after the end is not known yet."""
    start = pl.lit(datetime.combine(span.start, time()))
    known = [pl.when(pl.col(name) < span.days).then(name).alias(name) for name in TIMES if name != Col.DEADLINE_AT]
    minutes = {name: (pl.col(name) * 24 * 60).floor().cast(pl.Int64) for name in TIMES}
    return rows.with_columns(known).with_columns((start + pl.duration(minutes=count)).alias(name) for name, count in minutes.items())


def _arrives(cases: pl.DataFrame, world: World, rng: np.random.Generator) -> pl.Series:
    """Tell which cases are delivered: not those of silent grids, of a source that is out, or lost by a change of recording."""
    rules, days = world.preset.recording, world.span.days
    reported, source = cases[Col.REPORTED_AT], cases[Col.SOURCE]
    start = world.levels.silent_from[cases[PART].to_numpy()]
    silent = (reported >= pl.Series(start)) & (reported < pl.Series(start + rules.silent_days))
    outage = days * OUTAGE_WHEN
    out = (source == rules.outage_source) & reported.is_between(outage, outage + rules.outage_days)
    lost = pl.Series(rng.random(len(cases)) >= rules.break_level) & (source == (rules.break_source or "")) & (reported >= days * BREAK_WHEN)
    return ~(silent | out | lost)


def _grid_ids(cases: pl.DataFrame, world: World) -> pl.Series:
    day = day_number(world.span.start) + cases[Col.OCCURRED_AT].to_numpy().astype(np.int64)
    return world.ground.grids[Col.GRID_ID][world.ground.grid_at(cases[PART].to_numpy(), day)]


def _first_rows(cases: pl.DataFrame) -> pl.DataFrame:
    return cases.with_columns(pl.col(Col.REPORTED_AT).alias(_ROW_AT))


def _second_closings(cases: pl.DataFrame) -> pl.DataFrame:
    again = cases.drop_nulls(CLOSED_AGAIN)
    return again.with_columns(pl.col(CLOSED_AGAIN).alias(Col.RESOLVED_AT), pl.col(CLOSED_AGAIN).alias(_ROW_AT))


def _duplicates(cases: pl.DataFrame, recording: Recording, rng: np.random.Generator) -> pl.DataFrame:
    """Return cases that come again through another channel within days."""
    chosen = cases.filter(pl.Series(rng.random(len(cases)) < recording.duplicate))
    turned = {name: REPORT_SOURCES[(place + 1) % len(REPORT_SOURCES)] for place, name in enumerate(REPORT_SOURCES)}
    later = pl.Series(rng.uniform(0, 3, len(chosen)))
    return chosen.with_columns(pl.col(Col.SOURCE).replace(turned), (pl.col(Col.REPORTED_AT) + later).alias(_ROW_AT))


class Sink:
    """Writes blocks of one table as CSV or Parquet, by the ending of its path; memory holds one block."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None
        self._parquet: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for opened in (self._parquet, self._file):
            if opened is not None:
                opened.close()

    def append(self, block: pl.DataFrame) -> None:
        """Write the rows of a block below those written so far."""
        if self._path.suffix == ".parquet":
            table = block.to_arrow()
            self._parquet = self._parquet or pq.ParquetWriter(self._path, table.schema, compression="zstd")
            self._parquet.write_table(table)
            return
        block_is_first = self._file is None
        self._file = self._file or self._path.open("wb")
        block.write_csv(self._file, include_header=block_is_first, datetime_format=MINUTE)


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


def find_preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        UsageError: there is none.
    """
    if name not in PRESETS:
        raise UsageError(f"--preset must be one of {', '.join(PRESETS)}, got {name!r}.")
    return PRESETS[name]
