"""A table file that grows block by block."""

from pathlib import Path
from types import TracebackType
from typing import IO, Self

import polars as pl
import pyarrow.parquet as pq

MINUTE = "%Y-%m-%dT%H:%M"


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
