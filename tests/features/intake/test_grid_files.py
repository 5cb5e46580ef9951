import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import openpyxl
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
    grids = read_grid_file(put(tmp_path / "g.csv", "001,东一,t1/c1,120.5,30.5,300", "002,,t1/c1,120.6,30.5,"), TODAY).rows

    assert grids.rows() == [("001", "东一", "t1/c1", 120.5, 30.5, 300), ("002", None, "t1/c1", 120.6, 30.5, None)]


NAMED = "grid_id,name,parent_path,lon,lat,parent_names"


def test_read_grid_file_names_the_areas_above(tmp_path: Path) -> None:
    lines = ("1,a,d/t1/c1,120,30,示例区/甲街道/滨河社区", "2,a,d/t1/c2,120,30,\\甲街道 > ", "3,a,d/t2/c3,120,30,")
    read = read_grid_file(put(tmp_path / "g.csv", *lines, header=NAMED), TODAY)

    assert {"d": "示例区", "d/t1": "甲街道", "d/t1/c1": "滨河社区"} == read.area_names
    assert ["grid_id", "name", "parent_path", "lon", "lat"] == read.rows.columns


@pytest.mark.parametrize(
    ("path", "names", "code", "sentence"),
    [
        ("d/t1", "示例区", "FILE_GROUND", "parted by /, empty for one without a name, found more or fewer in row 2"),
        ("d/t1", "示例区/甲街道/滨河社区", "FILE_GROUND", "found more or fewer in row 2"),
        ("", "示例区", "FILE_GROUND", "found more or fewer in row 2"),
        ("d/t1", "示例区/乙街道", "ID_CONFLICT", "each area must have one name, found another in row 2"),
        ("d/t2", "示例区/乙街\u202e道", "FILE_GROUND", "marks of direction"),
        ("d/t2", "示例区/3幢2单元", "FILE_COLUMN_REFUSED", "parent_names may not identify a person or a home"),
    ],
)
def test_read_grid_file_names_that_do_not_fit_are_refused(path: str, names: str, code: str, sentence: str, tmp_path: Path) -> None:
    lines = ("1,a,d/t1,120,30,示例区/甲街道", f"2,a,{path},120,30,{names}")
    with pytest.raises(InputRefusedError, match=sentence) as refused:
        read_grid_file(put(tmp_path / "g.csv", *lines, header=NAMED), TODAY)

    assert refused.value.code == code


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

    (grid,) = read_grid_file(path, TODAY).rows.to_dicts()

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
        ("a/b,a,t1,120,30,1", "FILE_GROUND", "grid_id must be a code"),
        ("a b,a,t1,120,30,1", "FILE_GROUND", "grid_id must be a code"),
        ("..,a,t1,120,30,1", "FILE_GROUND", "grid_id must be a code"),
        ("002,a\u202eb,t1,120,30,1", "FILE_GROUND", "marks of direction"),
        ("002,a,../../x,120,30,1", "FILE_GROUND", r"without empty, \. or \.\. levels"),
        ("002,a,t1//c1,120,30,1", "FILE_GROUND", r"without empty, \. or \.\. levels"),
        ("002,a,t1/002,120,30,1", "FILE_GROUND", "no grid may lie in itself"),
        ("002,a,t1/c1/t1,120,30,1", "FILE_GROUND", "no area may lie in itself"),
        ("3.30402E+14,a,t1,120,30,1", "FILE_CODES_LOST", "format the column as text"),
        ("002,a,t1,30,120,1", "NUMBER_RANGE", "are lon and lat exchanged"),
        ("002,a,t1,13437000,3500000,1", "NUMBER_RANGE", "not in metres"),
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
    with pytest.raises(InputRefusedError, match="must be a GeoJSON FeatureCollection"):
        read_grid_file(put(tmp_path / "g.geojson", "x"), TODAY)
    with pytest.raises(UsageError, match="must be a readable file"):
        read_grid_file(tmp_path / "none.csv", TODAY)


def put_map(path: Path, *geometries: object, crs: str | None = None, **properties: object) -> Path:
    features = [
        {"type": "Feature", "properties": {"grid_id": f"00{place}", "name": "a", "parent_path": "t1", **properties}, "geometry": geometry}
        for place, geometry in enumerate(geometries)
    ]
    collection = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(collection | ({"crs": {"properties": {"name": crs}}} if crs else {})), encoding="utf-8-sig")
    return path


def mapping(*bounds: float) -> dict[str, object]:
    shape: dict[str, object] = shapely.geometry.mapping(shapely.box(*bounds))
    return shape


@pytest.mark.parametrize("name", ["G.CSV", "g.xlsx", "g.tsv"])
def test_read_grid_file_is_read_whatever_its_format(name: str, tmp_path: Path) -> None:
    rows = [["grid_id", "name", "parent_path", "lon", "lat"], [1.0, "a", " t1 / c1/", "120.5", "30.5"]]
    if name.endswith("xlsx"):
        book = openpyxl.Workbook()
        for row in (["网格表"], *rows):
            book.active.append(row)
        book.save(tmp_path / name)
    else:
        text = "\n".join(("\t" if name.endswith("tsv") else ",").join(map(str, row)) for row in rows)
        (tmp_path / name).write_text(text, encoding="gb18030")

    assert [("1", "a", "t1/c1", 120.5, 30.5)] == read_grid_file(tmp_path / name, TODAY).rows.rows()


def test_read_grid_file_map_with_byte_order_mark_and_known_crs_is_read(tmp_path: Path) -> None:
    path = put_map(tmp_path / "g.geojson", mapping(120, 30, 121, 31), crs="urn:ogc:def:crs:OGC:1.3:CRS84")

    assert [120.5] == read_grid_file(path, TODAY).rows["lon"].to_list()


@pytest.mark.parametrize(
    ("geometry", "crs", "sentence"),
    [
        (mapping(120, 30, 121, 31), "EPSG:3857", "says it is in 'EPSG:3857'"),
        (mapping(120, 30, 121, 31), "GCJ02", "says it is in 'GCJ02'"),
        (mapping(13437000, 3500000, 13438000, 3501000), None, "metres of a projection"),
        (mapping(30, 120, 31, 121), None, "found them exchanged"),
        (None, None, "found neither in row 2"),
    ],
)
def test_read_grid_file_map_that_lies_wrong_is_refused(geometry: object, crs: str | None, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputRefusedError, match=sentence):
        read_grid_file(put_map(tmp_path / "g.geojson", mapping(120, 30, 121, 31), geometry, crs=crs), TODAY)


def test_read_grid_file_null_geometry_beside_a_position_is_kept(tmp_path: Path) -> None:
    grids = read_grid_file(put_map(tmp_path / "g.geojson", mapping(120, 30, 121, 31), None, lon=120.25, lat=30.25), TODAY).rows

    assert [False, True] == grids["geometry"].is_null().to_list()


def test_read_grid_file_codes_that_look_like_cards_by_chance_are_codes(tmp_path: Path) -> None:
    """Of sixteen-digit codes of Fujian, as of eleven other provinces, one in ten passes the check of a bank card."""
    lines = [f"35012200100{place:03}00,a,t1,119.{place},26.2,1" for place in range(100, 160)]

    assert 60 == read_grid_file(put(tmp_path / "g.csv", *lines), TODAY).rows.height


def test_read_grid_file_says_which_areas_came_out(tmp_path: Path) -> None:
    lines = ("1,a,d/t1/c1,120.1,30,1", "2,a,d/t1/c2,120.2,30,1", "3,a,d/t2/c3,120.3,30,1")

    assert ("Areas above the grids, from the top: 1, 2, 3.",) == read_grid_file(put(tmp_path / "g.csv", *lines), TODAY).remarks


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
