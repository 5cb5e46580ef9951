"""Grid files: the flat one as CSV or Parquet, or GeoJSON. A grid file is right as a whole or not taken."""

import json
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from features.errors import InputRefusedError, UsageError
from features.facts.crosswalk import last_heirs
from features.intake.personal_data.detector import screen
from features.intake.personal_data.screening import ADVICE, refuse_personal_names
from features.intake.quarantine import Code
from features.schema import GRID_OPTIONAL, GRID_REQUIRED, Col

_TEXTS = (Col.GRID_ID, Col.NAME, Col.PARENT_PATH, Col.AREA_TYPE)
_LIMITS = {Col.LON: (-180.0, 180.0), Col.LAT: (-90.0, 90.0), Col.HOUSEHOLDS: (0.0, 1e6)}


def read_grid_file(path: Path, today: date) -> pl.DataFrame:
    """Return the columns of the flat grid file that are there; geometry is WKT, and gives the position where none is stated.

    Raises:
        UsageError: the file cannot be read.
        InputRefusedError: it is no grid file, or one of its rows does not fit.
    """
    try:
        raw = _read(path)
    except OSError as error:
        reason = error.strerror or "not found"
        raise UsageError(f"{path} must be a readable file: {reason}. Check the path and its rights.") from error
    except (pl.exceptions.PolarsError, shapely.GEOSException, ValueError, KeyError, TypeError) as error:
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must be a grid file: CSV, Parquet or GeoJSON, found another.") from error
    refuse_personal_names(path, tuple(raw.columns), today)
    grids = _with_position(raw)
    if missing := [name for name in GRID_REQUIRED if name not in grids.columns]:
        found = f"lacks {', '.join(missing)}, has {', '.join(raw.columns)}"
        raise InputRefusedError(Code.FILE_HEADER, f"a grid file needs the columns {', '.join(GRID_REQUIRED)}; {path} {found}.")
    grids = grids.select(name for name in (*GRID_REQUIRED, *GRID_OPTIONAL) if name in grids.columns)
    _check_ids(grids)
    _check_persons(grids, today)
    return _read_numbers(grids)


def _read(path: Path) -> pl.DataFrame:
    """Read all columns as text; geometry becomes WKT."""
    if path.name.endswith((".csv", ".csv.gz")):
        frame = pl.read_csv(path, infer_schema=False)
    elif path.suffix == ".parquet":
        frame = pl.read_parquet(path)
    else:
        frame = _read_geojson(path)
    if Col.GEOMETRY in frame.columns:
        shapes = shapely.to_wkt(_to_shapes(frame[Col.GEOMETRY]), rounding_precision=-1)
        frame = frame.with_columns(pl.Series(Col.GEOMETRY, shapes.tolist(), dtype=pl.String))
    texts = frame.select(pl.all().cast(pl.String).str.strip_chars())
    return texts.select(pl.when(pl.all() != "").then(pl.all()))


def _read_geojson(path: Path) -> pl.DataFrame:
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    rows = [{**feature["properties"], Col.GEOMETRY: json.dumps(feature["geometry"])} for feature in features]
    return pl.DataFrame(rows, infer_schema_length=None)


def _to_shapes(geometry: pl.Series) -> npt.NDArray[np.object_]:
    if geometry.dtype == pl.Binary:
        read = shapely.from_wkb
    else:
        read = shapely.from_geojson if geometry.str.starts_with("{").any() else shapely.from_wkt
    return np.asarray(read(geometry.to_numpy()), dtype=object)


def _with_position(grids: pl.DataFrame) -> pl.DataFrame:
    if Col.GEOMETRY not in grids.columns or Col.LON in grids.columns:
        return grids
    inside = shapely.centroid(shapely.from_wkt(grids[Col.GEOMETRY].to_numpy()))
    position = {Col.LON: shapely.get_x(inside), Col.LAT: shapely.get_y(inside)}
    return grids.with_columns(pl.Series(name, values).cast(pl.String) for name, values in position.items())


def _check_ids(grids: pl.DataFrame) -> None:
    ids = grids[Col.GRID_ID]
    _refuse_first(ids.is_null(), Code.ID_MISSING, "each grid must have a grid_id, found none")
    _refuse_first(~ids.is_first_distinct(), Code.ID_CONFLICT, "each grid must stand in one row, found it again")


def _check_persons(grids: pl.DataFrame, today: date) -> None:
    for name in _TEXTS:
        if name in grids.columns:
            found = screen(grids[name], today).is_not_null()
            _refuse_first(found, Code.FILE_COLUMN_REFUSED, f"{name} may not identify a person or a home. {ADVICE} Found it")


def _read_numbers(grids: pl.DataFrame) -> pl.DataFrame:
    for name, (least, most) in _LIMITS.items():
        if name in grids.columns:
            number = grids[name].cast(pl.Float64, strict=False)
            unreadable = number.is_null() if name in GRID_REQUIRED else number.is_null() & grids[name].is_not_null()
            _refuse_first(unreadable, Code.NUMBER_FORMAT, f"{name} must be a number, found something else")
            _refuse_first(~number.is_between(least, most), Code.NUMBER_RANGE, f"{name} must lie in {least:g} to {most:g}, found another")
            grids = grids.with_columns(number.cast(pl.Int64) if name == Col.HOUSEHOLDS else number)
    return grids


def _refuse_first(rows: pl.Series, code: Code, fault: str) -> None:
    """Refuse the file for the first row that is true."""
    place = rows.fill_null(False).arg_max()
    if place is not None and rows.any():
        raise InputRefusedError(code, f"{fault} in row {place + 1} of the grid file.")


COLUMNS = ("old", "new", "share", "at")


def read_crosswalk_file(path: Path, today: date) -> pl.DataFrame:
    """Return old, new, share and at (the day from which the new grid stands) of a CSV or Parquet file, one row per pair of grids.

    Raises:
        UsageError: the file cannot be read, or leads from a grid back to itself.
        InputRefusedError: it is no crosswalk file, or one of its rows does not fit.
    """
    raw = _read_crosswalk(path)
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


def _read_crosswalk(path: Path) -> pl.DataFrame:
    try:
        return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema=False)
    except OSError as error:
        reason = error.strerror or "not found"
        raise UsageError(f"{path} must be a readable file: {reason}. Check the path and its rights.") from error
    except pl.exceptions.PolarsError as error:
        raise InputRefusedError(Code.FILE_FORMAT, f"{path} must be a crosswalk file: CSV or Parquet, found another.") from error


def _check_rows(crosswalk: pl.DataFrame) -> None:
    ids, share, day = crosswalk.select("old", "new"), crosswalk["share"], crosswalk["at"]
    _refuse_mapping(ids["old"].is_null() | ids["new"].is_null(), Code.ID_MISSING, "old and new must name grids, found none")
    _refuse_mapping(~ids.to_struct().is_first_distinct(), Code.ID_CONFLICT, "each pair of grids must stand in one row, found it again")
    _refuse_mapping(share.is_null(), Code.NUMBER_FORMAT, "share must be a number, found something else")
    _refuse_mapping(~((share > 0) & (share <= 1)), Code.NUMBER_RANGE, "share must lie above 0 and up to 1, found another")
    _refuse_mapping(day.is_null(), Code.TIME_FORMAT, "at must be a day such as 2026-01-31, found something else")
    several = crosswalk.select(pl.col("at").n_unique().over("old") > 1).to_series()
    _refuse_mapping(several, Code.TIME_ORDER, "a grid is redrawn on one day, found several")


def _refuse_mapping(rows: pl.Series, code: Code, fault: str) -> None:
    """Refuse the file for the first row that is true."""
    place = rows.fill_null(False).arg_max()
    if place is not None and rows.any():
        raise InputRefusedError(code, f"{fault} in row {place + 1} of the crosswalk file.")
