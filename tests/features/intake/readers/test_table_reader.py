"""Parquet files are read a batch at a time, however large they are."""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from features.intake.readers import table_reader
from features.intake.readers.layout import Layout
from features.intake.readers.table_reader import parquet_input

GROUPS, ROWS = 40, 2_000


def test_parquet_input_holds_a_small_part_of_a_file_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_reader, "BATCH_ROWS", ROWS)
    numbers = np.random.default_rng(1).integers(0, 10**18, GROUPS * ROWS)
    path = tmp_path / "cases.parquet"
    pl.DataFrame({"id": numbers}).cast(pl.String).write_parquet(path, row_group_size=ROWS, use_pyarrow=True)
    before = pa.total_allocated_bytes()
    held = [pa.total_allocated_bytes() - before for _ in parquet_input(path, Layout()).batches()]

    assert (GROUPS, True) == (len(held), max(held) < path.stat().st_size / 4)
