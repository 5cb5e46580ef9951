import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import shapely

from features.errors import InputRefusedError, UsageError
from features.intake.grid_files import read_grid_file
from features.intake.ingest import IngestReport

TODAY = date(2026, 6, 1)
HEADER = "grid_id,name,parent_path,lon,lat,households"
SQUARE = shapely.box(120, 30, 121, 31)


def put(path: Path, *lines: str, header: str = HEADER) -> Path:
    path.write_text("\n".join([header, *lines]), encoding="utf-8")
    return path


def test_read_grid_file_reads_csv(tmp_path: Path) -> None:
    grids = read_grid_file(put(tmp_path / "g.csv", "001,东一,t1/c1,120.5,30.5,300", "002,,t1/c1,120.6,30.5,"), TODAY)

    assert grids.rows() == [("001", "东一", "t1/c1", 120.5, 30.5, 300), ("002", None, "t1/c1", 120.6, 30.5, None)]


@pytest.mark.parametrize("ending", ["geojson", "parquet", "csv"])
def test_read_grid_file_takes_the_position_from_the_geometry(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"g.{ending}"
    plain = {"grid_id": "001", "name": "a", "parent_path": "t1"}
    if ending == "geojson":
        feature = {"type": "Feature", "properties": plain, "geometry": shapely.geometry.mapping(SQUARE)}
        path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    elif ending == "parquet":
        pl.DataFrame([{**plain, "geometry": shapely.to_wkb(SQUARE)}]).write_parquet(path)
    else:
        pl.DataFrame([{**plain, "geometry": shapely.to_geojson(SQUARE)}]).write_csv(path)

    (grid,) = read_grid_file(path, TODAY).to_dicts()

    assert (grid["lon"], grid["lat"]) == (120.5, 30.5)
    assert shapely.equals(shapely.from_wkt(grid["geometry"]), SQUARE)


@pytest.mark.parametrize(
    ("line", "code", "sentence"),
    [
        (",a,t1,120,30,1", "ID_MISSING", "found none in row 2"),
        ("001,a,t1,120,30,1", "ID_CONFLICT", "found it again in row 2"),
        ("002,a,t1,east,30,1", "NUMBER_FORMAT", "lon must be a number"),
        ("002,a,t1,,30,1", "NUMBER_FORMAT", "lon must be a number"),
        ("002,a,t1,120,95,1", "NUMBER_RANGE", "lat must lie in -90 to 90"),
        ("002,a,t1,120,30,-4", "NUMBER_RANGE", "households must lie in 0"),
        ("002,3幢2单元,t1,120,30,1", "FILE_COLUMN_REFUSED", "name may not identify a person or a home"),
    ],
)
def test_read_grid_file_with_a_fault_is_refused_as_a_whole(line: str, code: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match=sentence) as refused:
        read_grid_file(put(tmp_path / "g.csv", "001,a,t1,120,30,1", line), TODAY)

    assert refused.value.code == code


def test_read_grid_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match="lacks parent_path, lon, lat, has grid_id, name"):
        read_grid_file(put(tmp_path / "g.csv", "1,a", header="grid_id,name"), TODAY)
    with pytest.raises(InputRefusedError, match="must be a grid file"):
        read_grid_file(put(tmp_path / "g.geojson", "x"), TODAY)
    with pytest.raises(UsageError, match="must be a readable file"):
        read_grid_file(tmp_path / "none.csv", TODAY)


def test_registered_grids_refuse_any_other(
    take_in: Callable[..., IngestReport], write_cases: Callable[..., Path], case: Callable[..., str], tmp_path: Path
) -> None:
    """Codes of 15 digits that look like old identity numbers pass where the grid table knows them."""
    grids = put(tmp_path / "g.csv", "330402001001001,a,t1,120,30,300")
    known, unknown = case(1, grid_id="330402001001001", note="身份证"), case(2, grid_id="330402001001002")

    first = take_in(write_cases([known, unknown]), grids=grids)
    second = take_in(write_cases([unknown]))

    assert (first.accepted, first.by_code) == (1, {"GRID_UNKNOWN": 1})
    assert second.by_code == {"GRID_UNKNOWN": 1}
