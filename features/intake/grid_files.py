"""Grid files: the flat one in any format that case files have, or GeoJSON. A grid file is right as a whole or not taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from features.display import Remark
from features.errors import InputRefusedError
from features.intake.codes import LOST_DIGITS, NOTHING, canonical, empty_where, spelt_differently, tell_spelling, without_text_marks
from features.intake.personal_data.screening import ADVICE, refuse_personal_names, regular_codes, screen
from features.intake.quarantine import Code
from features.intake.readers.batches import RowInput
from features.intake.readers.layout import Layout
from features.intake.readers.open_input import open_file
from features.intake.times import parse_times
from features.schema import GRID_OPTIONAL, GRID_REQUIRED, Col

_TEXTS = (Col.GRID_ID, Col.NAME, Col.PARENT_PATH, Col.PARENT_NAMES, Col.AREA_TYPE)
_LIMITS = {Col.LON: (-180.0, 180.0), Col.LAT: (-90.0, 90.0), Col.HOUSEHOLDS: (0.0, 1e6)}
_WITHOUT_POSITION = (Col.GRID_ID, Col.NAME, Col.PARENT_PATH, Col.GEOMETRY)
_NO_ID = r"[/;\s\p{C}]"
_NO_PATH = r"[;\p{Cc}\p{Cf}]"
_NO_NAME = r"[\p{Cc}\p{Cf}]"
_MOST_CHARS = 64


@dataclass(frozen=True)
class GridFile:
    """The grids of a file, and what should be known of it."""

    rows: pl.DataFrame
    """Columns of the flat grid file that are there, without the names of areas; geometry is WKT."""
    area_names: Mapping[str, str]
    """Path -> name of the areas that the file names."""
    remarks: tuple[Remark, ...]


def read_grid_file(path: Path, today: date) -> GridFile:
    """Return the grids of a file; a geometry gives the position where none is stated.

    Raises:
        UsageError: the file cannot be read.
        InputRefusedError: it is no grid file, or one of its rows does not fit.
    """
    rows = open_file(path, Layout(needed=(GRID_REQUIRED, _WITHOUT_POSITION), optional=GRID_OPTIONAL, geometry=True))
    refuse_personal_names(path, rows.header, today)
    raw = _tidy(read_whole(rows, "grid file"))
    if Col.GRID_ID in raw.columns:
        _check_ids(raw)
    grids = _with_position(raw, path)
    if missing := [name for name in GRID_REQUIRED if name not in grids.columns]:
        found = f"lacks {', '.join(missing)}, has {', '.join(raw.columns)}"
        raise InputRefusedError(Code.FILE_HEADER, f"a grid file needs the columns {', '.join(GRID_REQUIRED)}; {path} {found}.")
    grids = grids.select(name for name in (*GRID_REQUIRED, *GRID_OPTIONAL) if name in grids.columns)
    _check_names(grids)
    _check_persons(grids, today)
    remarks = (*rows.remarks, *_remarks(grids))
    return GridFile(_read_numbers(grids.drop(Col.PARENT_NAMES, strict=False)), _read_area_names(grids), remarks)


def read_whole(rows: RowInput, kind: str) -> pl.DataFrame:
    """Read all rows of a small file, as text without surrounding blanks, null where empty.

    Raises:
        InputRefusedError: one of its rows cannot be split into cells or is no text.
    """
    frames = []
    for batch in rows.batches():
        if batch.broken:
            fault = batch.broken[0]
            raise InputRefusedError(fault.code, f"row {fault.number} of the {kind} must be whole: {fault.code.en} Mend it.")
        frames.append(batch.cells)
    cells = pl.concat([pl.DataFrame(schema=dict.fromkeys(rows.header, pl.String)), *frames])
    bare = cells.select(pl.all().str.strip_chars())
    return bare.select(pl.when(pl.all() != "").then(pl.all()))


def refuse_first(rows: pl.Series, code: Code, fault: str, kind: str = "grid file") -> None:
    """Refuse a file for the first row that is true, and say how many there are."""
    place = rows.fill_null(False).arg_max()
    if place is not None and rows.any():
        count = int(rows.sum())
        more = f" and {count - 1:,} more" if count > 1 else ""
        raise InputRefusedError(code, f"{fault} in row {place + 1}{more} of the {kind}.")


def _tidy(raw: pl.DataFrame) -> pl.DataFrame:
    """Write codes in their one form, paths without empty ends, and nothing where a word for nothing stands."""
    texts = [name for name in raw.columns if name != Col.GEOMETRY]
    tidy = raw.with_columns(empty_where(without_text_marks(raw[name].str.normalize("NFKC").str.strip_chars()), NOTHING) for name in texts)
    if Col.GRID_ID in tidy.columns:
        tidy = tidy.with_columns(canonical(tidy[Col.GRID_ID]))
    if Col.PARENT_PATH in tidy.columns:
        tidy = tidy.with_columns(canonical(_parted_by_slashes(tidy[Col.PARENT_PATH]).str.strip_chars("/ ")))
    if Col.PARENT_NAMES in tidy.columns:
        tidy = tidy.with_columns(_parted_by_slashes(tidy[Col.PARENT_NAMES]))
    return tidy


def _parted_by_slashes(levels: pl.Series) -> pl.Series:
    return levels.str.replace_all(r"[\\>]", "/").str.replace_all(r"\s*/\s*", "/")


def _check_ids(grids: pl.DataFrame) -> None:
    ids = grids[Col.GRID_ID]
    refuse_first(ids.is_null(), Code.ID_MISSING, "each grid must have a grid_id, found none")
    fault = "Its last digits are lost: format the column as text and export it again. Found"
    refuse_first(
        ids.str.contains(LOST_DIGITS), Code.FILE_CODES_LOST, f"grid_id must be whole, not a number such as 2.02601E+17. {fault} it"
    )
    rule = f"grid_id must be a code of at most {_MOST_CHARS} characters without blanks, / and ; and invisible characters, found another"
    refuse_first(ids.str.contains(_NO_ID) | (ids.str.len_chars() > _MOST_CHARS) | ids.str.contains(r"^\.+$"), Code.FILE_GROUND, rule)
    refuse_first(~ids.is_first_distinct(), Code.ID_CONFLICT, "each grid must stand in one row, found it again")


def _check_names(grids: pl.DataFrame) -> None:
    """Refuse names and paths that would show or place a grid where it is not: paths carry jurisdictions."""
    ids, path = grids[Col.GRID_ID], grids[Col.PARENT_PATH]
    refuse_first(grids[Col.NAME].str.contains(_NO_NAME), Code.FILE_GROUND, "name must hold no line breaks or marks of direction, found one")
    rule = "parent_path must name areas from the top, parted by /, without empty, . or .. levels and invisible characters, found another"
    refuse_first(path.str.contains(_NO_PATH) | path.str.contains(r"(^|/)\.*(/|$)"), Code.FILE_GROUND, rule)
    levels = path.fill_null("").str.split("/")
    itself = pl.select(pl.lit(levels).list.contains(pl.lit(ids))).to_series()
    refuse_first(itself, Code.FILE_GROUND, "no grid may lie in itself: parent_path names the areas above it, found its own grid_id")
    twice = pl.select(pl.lit(levels).list.n_unique() < pl.lit(levels).list.len()).to_series()
    refuse_first(twice, Code.FILE_GROUND, "no area may lie in itself: parent_path must name each once, found one again")


def _read_area_names(grids: pl.DataFrame) -> dict[str, str]:
    """Return path -> name of the areas that rows name, from the top as their paths do; an empty name names none.

    Raises:
        InputRefusedError: a row names more or fewer areas than its path has, or an area in other words than a row before it.
    """
    if Col.PARENT_NAMES not in grids.columns:
        return {}
    path, written = grids[Col.PARENT_PATH], grids[Col.PARENT_NAMES]
    refuse_first(written.str.contains(_NO_NAME), Code.FILE_GROUND, "parent_names must hold no line breaks or marks of direction, found one")
    counts_differ = path.str.count_matches("/").fill_null(-1) != written.str.count_matches("/")
    rule = "parent_names must name the areas of parent_path, from the top, parted by /, empty for one without a name"
    refuse_first(counts_differ & written.is_not_null(), Code.FILE_GROUND, f"{rule}, found more or fewer")
    names: dict[str, str] = {}
    differs = [not _add_names(names, *row) for row in grids.select(Col.PARENT_PATH, Col.PARENT_NAMES).iter_rows()]
    refuse_first(pl.Series(differs, dtype=pl.Boolean), Code.ID_CONFLICT, "each area must have one name, found another")
    return names


def _add_names(names: dict[str, str], path: str | None, written: str | None) -> bool:
    """Add the names of one row; tell whether none of its areas had another."""
    codes = (path or "").split("/")
    row = {"/".join(codes[:depth]): name for depth, name in enumerate((written or "").split("/"), start=1) if name}
    return all(names.setdefault(area, name) == name for area, name in row.items())


def _with_position(grids: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Turn geometry into WKT, and into the position of grids that state none."""
    if Col.GEOMETRY not in grids.columns:
        return grids
    try:
        shapes = _to_shapes(grids[Col.GEOMETRY])
    except (shapely.GEOSException, TypeError, ValueError) as error:
        fault = f"geometry must be WKT, WKB or GeoJSON, {path} holds something else: {' '.join(str(error).split())}."
        raise InputRefusedError(Code.FILE_FORMAT, fault) from error
    empty = pl.Series(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    _check_degrees(shapes, empty)
    wkt = pl.Series(shapely.to_wkt(shapes, rounding_precision=-1).tolist(), dtype=pl.String).set(empty, None)
    inside = shapely.centroid(shapes)
    for name, values in ((Col.LON, shapely.get_x(inside)), (Col.LAT, shapely.get_y(inside))):
        centre = pl.Series(values).fill_nan(None).cast(pl.String)
        grids = grids.with_columns((grids[name].fill_null(centre) if name in grids.columns else centre).alias(name))
    fault = "each grid must have a geometry, or lon and lat, found neither"
    refuse_first(grids[Col.LON].is_null() | grids[Col.LAT].is_null(), Code.NUMBER_FORMAT, fault)
    return grids.with_columns(wkt.alias(Col.GEOMETRY))


def _to_shapes(geometry: pl.Series) -> npt.NDArray[np.object_]:
    if geometry.str.starts_with("{").any():
        read = shapely.from_geojson
    else:
        read = shapely.from_wkb if geometry.str.contains(r"^[0-9A-Fa-f]+$").any() else shapely.from_wkt
    return np.asarray(read(geometry.to_numpy()), dtype=object)


def _check_degrees(shapes: npt.NDArray[np.object_], empty: pl.Series) -> None:
    """Refuse shapes in metres of a projection, and those with lon and lat exchanged."""
    bounds = pl.DataFrame(shapely.bounds(shapes), schema=["west", "south", "east", "north"]).fill_nan(None)
    projected = (bounds["west"].abs() > 180) | (bounds["east"].abs() > 180)
    advice = "Convert it to WGS 84 (EPSG:4326)."
    fault = f"geometry must be in degrees, found what looks like metres of a projection. {advice} Found it"
    refuse_first(projected & ~empty, Code.NUMBER_RANGE, fault)
    swapped = (bounds["south"].abs() > 90) | (bounds["north"].abs() > 90)
    refuse_first(swapped & ~empty, Code.NUMBER_RANGE, "lat must lie in -90 to 90, lon comes first in a geometry; found them exchanged")


def _check_persons(grids: pl.DataFrame, today: date) -> None:
    for name in _TEXTS:
        if name in grids.columns:
            codes = screen(grids[name], today)
            if name == Col.GRID_ID:
                suspects = grids[name].filter(codes == Code.PERSON_ACCOUNT)
                codes = codes.set(grids[name].is_in(list(regular_codes(grids[name], suspects))), None)
            for code in codes.drop_nulls().unique().sort():
                rows = int((codes == code).sum())
                meaning = f"{name} may not identify a person or a home ({code} in {rows:,} of {grids.height:,} rows). {ADVICE} Found it"
                refuse_first(codes == code, Code.FILE_COLUMN_REFUSED, meaning)


def _read_numbers(grids: pl.DataFrame) -> pl.DataFrame:
    for name, (least, most) in _LIMITS.items():
        if name in grids.columns:
            number = grids[name].cast(pl.Float64, strict=False)
            unreadable = number.is_null() if name in GRID_REQUIRED else number.is_null() & grids[name].is_not_null()
            refuse_first(unreadable, Code.NUMBER_FORMAT, f"{name} must be a number, found something else")
            fault = f"{name} must lie in {least:g} to {most:g}, found another{_hint(name, number)}"
            refuse_first(~number.is_between(least, most), Code.NUMBER_RANGE, fault)
            grids = grids.with_columns(number.cast(pl.Int64) if name == Col.HOUSEHOLDS else number)
    return grids


def _hint(name: str, number: pl.Series) -> str:
    if name == Col.LAT and number.abs().max() is not None and number.is_between(90, 180).any():
        return " (are lon and lat exchanged?)"
    return " (positions are in degrees of WGS 84, not in metres)" if name in (Col.LON, Col.LAT) else ""


def _remarks(grids: pl.DataFrame) -> list[Remark]:
    remarks = []
    if alike := spelt_differently(grids[Col.GRID_ID]):
        remarks.append(tell_spelling(alike))
    levels = grids[Col.PARENT_PATH].fill_null("").str.split("/")
    depth = int(levels.list.len().max() or 0)  # type: ignore[arg-type]
    areas = [levels.list.head(level).list.join("/").filter(levels.list.len() >= level).n_unique() for level in range(1, depth + 1)]
    counts = [f"{count:,}" for count in areas]
    remarks.append(
        Remark(f"Areas above the grids, from the top: {', '.join(counts)}.", zh=f"网格以上各级区域数（自上而下）：{'、'.join(counts)}。")
    )
    return remarks


COLUMNS = ("old", "new", "share", "at")
KIND = "crosswalk file"


def read_crosswalk_file(path: Path, today: date) -> pl.DataFrame:
    """Return old, new, share and at (the day from which the new grid stands), one row per pair of grids and day.

    A grid that keeps its code and gives a part away is among its own successors: G1,G1,0.6 and G1,G2,0.4.

    Raises:
        UsageError: the file cannot be read.
        InputRefusedError: it is no crosswalk file, or one of its rows does not fit.
    """
    rows = open_file(path, Layout(needed=(COLUMNS,)))
    refuse_personal_names(path, rows.header, today)
    if missing := [name for name in COLUMNS if name not in rows.header]:
        found = f"lacks {', '.join(missing)}, has {', '.join(rows.header)}"
        raise InputRefusedError(Code.FILE_HEADER, f"a crosswalk file needs the columns {', '.join(COLUMNS)}; {path} {found}.")
    texts = read_whole(rows, KIND).select(COLUMNS)
    days, _ = parse_times(texts["at"], (), "UTC", None)
    share = texts["share"].cast(pl.Float64, strict=False)
    crosswalk = texts.with_columns(canonical(texts["old"]), canonical(texts["new"]), share, days.dt.date().alias("at"))
    _check_rows(crosswalk)
    return crosswalk


def _check_rows(crosswalk: pl.DataFrame) -> None:
    ids, share, day = crosswalk.select("old", "new", "at"), crosswalk["share"], crosswalk["at"]
    refuse_first(ids["old"].is_null() | ids["new"].is_null(), Code.ID_MISSING, "old and new must name grids, found none", KIND)
    refuse_first(day.is_null(), Code.TIME_FORMAT, "at must be a day such as 2026-01-31, found something else", KIND)
    fault = "each pair of grids must stand in one row of a day, found it again"
    refuse_first(~ids.to_struct().is_first_distinct(), Code.ID_CONFLICT, fault, KIND)
    refuse_first(share.is_null(), Code.NUMBER_FORMAT, "share must be a number, found something else", KIND)
    refuse_first(~((share > 0) & (share <= 1)), Code.NUMBER_RANGE, "share must lie above 0 and up to 1, found another", KIND)
