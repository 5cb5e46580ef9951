"""Open whatever holds the rows: a file by its ending, or the query of a source file. All files come in through here."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from features.errors import InputRefusedError, UsageError
from features.intake.quarantine import Code
from features.intake.readers.batches import RowInput
from features.intake.readers.csv_reader import csv_input
from features.intake.readers.geojson_reader import geojson_input
from features.intake.readers.layout import Layout
from features.intake.readers.sql_reader import sql_input
from features.intake.readers.table_reader import parquet_input
from features.intake.readers.workbook_reader import workbook_input
from features.intake.source_file import SourceFile

READERS: dict[tuple[str, ...], Callable[[Path, Layout], RowInput]] = {
    (".csv", ".csv.gz", ".tsv", ".txt"): csv_input,
    (".parquet",): parquet_input,
    (".xlsx", ".xlsm"): workbook_input,
}
MAP_READERS: dict[tuple[str, ...], Callable[[Path, Layout], RowInput]] = {**READERS, (".geojson", ".json"): geojson_input}
"""Suffixes of files that may hold grids."""


def open_input(
    path: Path | None, source: SourceFile | None, needed: Sequence[Sequence[str]] = (), optional: Sequence[str] = ()
) -> RowInput:
    """Read the header of a file, or of the source's query where no file is given.

    Args:
        path: the file.
        source: how it is to be read; None where nothing is stated.
        needed: sets of columns, one of which the header must have, where there is no source.
        optional: columns that are read beside them where they are there.

    Raises:
        UsageError: there is nothing to open.
        InputRefusedError: what was opened holds no table that can be read.
    """
    if path is None:
        if source is None or source.sql is None:
            raise UsageError("give a file, or a source file with `sql`: found neither.")
        return sql_input(source.sql)
    layout = source.layout if source else Layout()
    if not layout.needed:
        layout = replace(layout, needed=tuple(map(tuple, needed)), optional=tuple(optional))
    return open_file(path, layout)


def open_file(path: Path, layout: Layout) -> RowInput:
    """Read the header of a file, whatever its kind; the ending tells, in any letter case.

    Raises:
        UsageError: the file cannot be read.
        InputRefusedError: it holds no table that can be read.
    """
    readers = MAP_READERS if layout.geometry else READERS
    read = next((reader for endings, reader in readers.items() if path.name.lower().endswith(endings)), None)
    if read is None:
        endings = ", ".join(ending for group in readers for ending in group)
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must end in one of {endings}. Save it as one of them.")
    try:
        return read(path, layout)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"{path} must be a readable file: {reason}. Check the path and its rights.") from error
