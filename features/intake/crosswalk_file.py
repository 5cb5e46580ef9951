"""Crosswalk files: which grids took the place of a redrawn one, with what shares and from when. Right as a whole or not taken."""

from datetime import date
from pathlib import Path

import polars as pl

from features.crosswalk import last_heirs
from features.errors import InputRefusedError, UsageError
from features.intake.quarantine import Code
from features.intake.screening import refuse_personal_names

COLUMNS = ("old", "new", "share", "at")


def read_crosswalk_file(path: Path, today: date) -> pl.DataFrame:
    """Return old, new, share and at (the day from which the new grid stands) of a CSV or Parquet file, one row per pair of grids.

    Raises:
        UsageError: the file cannot be read, or leads from a grid back to itself.
        InputRefusedError: it is no crosswalk file, or one of its rows does not fit.
    """
    raw = _read(path)
    refuse_personal_names(path, tuple(raw.columns), today)
    if missing := [name for name in COLUMNS if name not in raw.columns]:
        found = f"lacks {', '.join(missing)}, has {', '.join(raw.columns)}"
        raise InputRefusedError(Code.FILE_HEADER, f"a crosswalk file needs the columns {', '.join(COLUMNS)}; {path} {found}.")
    texts = raw.select(pl.col(COLUMNS).cast(pl.String).str.strip_chars())
    texts = texts.select(pl.when(pl.all() != "").then(pl.all()))
    crosswalk = texts.with_columns(pl.col("share").cast(pl.Float64, strict=False), pl.col("at").str.to_date(strict=False))
    _check_rows(crosswalk)
    last_heirs(crosswalk)
    return crosswalk


def _read(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    except OSError as error:
        reason = error.strerror or "not found"
        raise UsageError(f"{path} must be a readable file: {reason}. Check the path and its rights.") from error
    except pl.exceptions.PolarsError as error:
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must be a crosswalk file: CSV or Parquet, found another.") from error


def _check_rows(crosswalk: pl.DataFrame) -> None:
    ids, share, day = crosswalk.select("old", "new"), crosswalk["share"], crosswalk["at"]
    _refuse_first(ids["old"].is_null() | ids["new"].is_null(), Code.ID_MISSING, "old and new must name grids, found none")
    _refuse_first(~ids.to_struct().is_first_distinct(), Code.ID_CONFLICT, "each pair of grids must stand in one row, found it again")
    _refuse_first(share.is_null(), Code.NUMBER_FORMAT, "share must be a number, found something else")
    _refuse_first(~((share > 0) & (share <= 1)), Code.NUMBER_RANGE, "share must lie above 0 and up to 1, found another")
    _refuse_first(day.is_null(), Code.TIME_FORMAT, "at must be a day such as 2026-01-31, found something else")
    several = crosswalk.select(pl.col("at").n_unique().over("old") > 1).to_series()
    _refuse_first(several, Code.TIME_ORDER, "a grid is redrawn on one day, found several")


def _refuse_first(rows: pl.Series, code: Code, fault: str) -> None:
    """Refuse the file for the first row that is true."""
    place = rows.fill_null(False).arg_max()
    if place is not None and rows.any():
        raise InputRefusedError(code, f"{fault} in row {place + 1} of the crosswalk file.")
