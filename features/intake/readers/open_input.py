"""Open whatever holds the rows: a file by its ending, or the query of a source file."""

from pathlib import Path

from features.errors import InputRefusedError, UsageError
from features.intake.quarantine import Code
from features.intake.readers.batches import RowInput
from features.intake.readers.csv_reader import csv_input
from features.intake.readers.sql_reader import sql_input
from features.intake.readers.table_reader import excel_input, parquet_input
from features.intake.source_file import SourceFile


def open_input(path: Path | None, source: SourceFile | None) -> RowInput:
    """Read the header of a file, or of the source's query where no file is given.

    Raises:
        UsageError: there is nothing to open.
        InputRefusedError: what was opened holds no table that can be read.
    """
    if path is None:
        if source is None or source.sql is None:
            raise UsageError("give a file, or a source file with `sql`: found neither.")
        return sql_input(source.sql)
    try:
        return _open_file(path, source.encoding if source else "utf-8")
    except OSError as error:
        raise UsageError(f"{path} must be a readable file: {error.strerror}. Check the path and its rights.") from error


def _open_file(path: Path, encoding: str) -> RowInput:
    name = path.name.lower()
    if name.endswith((".csv", ".csv.gz")):
        return csv_input(path, encoding)
    if name.endswith(".parquet"):
        return parquet_input(path)
    if name.endswith(".xlsx"):
        return excel_input(path)
    raise InputRefusedError(Code.FILE_FORMAT, f"{path} must end in .csv, .csv.gz, .parquet or .xlsx. Save it as one of them.")
