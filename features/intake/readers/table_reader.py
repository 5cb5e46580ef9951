"""Parquet files and answers of SQL queries, read a batch at a time; every value becomes text, moments as ISO 8601.

A query runs on a database that is only read.
"""

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from functools import partial
from itertools import islice
from pathlib import Path

import polars as pl
import polars.selectors as cs
import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from features.errors import InputRefusedError, UsageError
from features.intake.quarantine import Code
from features.intake.readers.batches import (
    BATCH_ROWS,
    CELL_BYTES,
    EXACT_BELOW,
    POLYGON_BYTES,
    RowBatch,
    RowInput,
    as_text,
    finish,
    name_columns,
    named,
    refuse_expansion,
    unnamed_column,
)
from features.intake.readers.layout import Layout
from features.intake.source_file import Query

FREE_ROWS = 5_000_000
"""Rows that a Parquet file may have in any case; beyond, each must take a byte at least."""


def parquet_input(path: Path, layout: Layout) -> RowInput:
    """Read the header of a Parquet file."""
    try:
        metadata = pq.read_metadata(path)
        schema = pq.read_schema(path)
    except pa.ArrowInvalid as error:
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must be a Parquet file, found something else. Export it again.") from error
    _check_size(path, metadata)
    if nested := [field.name for field in schema if pa.types.is_nested(field.type) or (not layout.geometry and _is_binary(field.type))]:
        advice = "Leave it out or flatten it."
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must hold plain columns, found {nested[0]!r} nested or binary. {advice}")
    columns = name_columns(schema.names, layout, str(path))
    return RowInput(named(columns), partial(_parquet_batches, path, columns, POLYGON_BYTES if layout.geometry else CELL_BYTES))


def _is_binary(kind: pa.DataType) -> bool:
    """Tell whether values are bytes, in whichever of Arrow's ways a program stored them."""
    ways = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
    return any(is_so(kind) for is_so in ways)


def rows_to_batches(rows: Iterator[tuple[str | None, ...]], header: tuple[str, ...]) -> Iterator[RowBatch]:
    """Group rows that are as wide as the header into batches."""
    first = 1
    while block := list(islice(rows, BATCH_ROWS)):
        columns = zip(header, zip(*block, strict=True), strict=True)
        cells = pl.DataFrame([pl.Series(name, column, dtype=pl.String) for name, column in columns])
        batch = RowBatch(pl.int_range(first, first + len(block), dtype=pl.Int64, eager=True), cells)
        first += batch.read
        yield finish(batch)


def _check_size(path: Path, metadata: pq.FileMetaData) -> None:
    compressed = path.stat().st_size
    refuse_expansion(path, sum(metadata.row_group(group).total_byte_size for group in range(metadata.num_row_groups)), compressed)
    if metadata.num_rows > max(FREE_ROWS, compressed):
        found = f"found {metadata.num_rows:,} rows in {compressed >> 10} KiB. Send it as plain CSV."
        raise InputRefusedError(Code.FILE_TOO_LARGE, f"rows of {path} must differ from each other, {found}")


def _parquet_batches(path: Path, columns: tuple[str, ...], most_bytes: int) -> Iterator[RowBatch]:
    first = 1
    with pq.ParquetFile(path, pre_buffer=False) as file:  # what is buffered ahead stays in memory until the file is closed
        for block in file.iter_batches(BATCH_ROWS):
            unnamed = map(unnamed_column, range(len(columns) + 1, block.num_columns + 1))
            cells = _to_text(pl.DataFrame(pl.from_arrow(block.rename_columns([*columns, *unnamed]))))
            batch = RowBatch(pl.int_range(first, first + cells.height, dtype=pl.Int64, eager=True), cells.select(columns))
            first += batch.read
            yield finish(batch, most_bytes)


def _to_text(cells: pl.DataFrame) -> pl.DataFrame:
    whole = cs.float().is_finite() & (cs.float() == cs.float().round()) & (cs.float().abs() < EXACT_BELOW)
    number = cs.float().cast(pl.Float64)
    written = number.cast(pl.String).str.replace("e+", "E+", literal=True)
    texts = cells.with_columns(pl.when(whole).then(number.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(written))
    texts = texts.with_columns(cs.datetime().dt.to_string("iso:strict"), cs.binary().bin.encode("hex"))
    return texts.cast(pl.String)


def sql_input(query: Query) -> RowInput:
    """Run the query once to learn its columns; every reading runs it again."""
    with closing(_rows(query)) as rows:
        header = name_columns(next(rows), Layout(), "the query")
    return RowInput(header, partial(_batches, query, header), repeats=False)


def _batches(query: Query, header: tuple[str, ...]) -> Iterator[RowBatch]:
    rows = _rows(query)
    next(rows)
    return rows_to_batches(rows, header)


def _rows(query: Query) -> Generator[tuple[str | None, ...], None, None]:
    """Yield the names of the columns, then the rows as text."""
    try:
        engine = create_engine(os.path.expandvars(query.url), poolclass=NullPool)
        with engine.connect().execution_options(stream_results=True, yield_per=BATCH_ROWS) as connection:
            answer = connection.execute(text(query.query))
            yield tuple(answer.keys())
            for row in answer:
                yield tuple(map(as_text, row))
    except (SQLAlchemyError, ImportError) as error:
        reason = " ".join(str(getattr(error, "orig", None) or error).split())
        raise UsageError(f"`sql` of the source file must name a database and a query that it answers, found: {reason}.") from error
