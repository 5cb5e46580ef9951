"""Maps: each feature is a row, its geometry a cell."""

import json
from pathlib import Path

import pytest

from features.errors import InputRefusedError
from features.intake.quarantine import Code
from features.intake.readers import geojson_reader
from features.intake.readers.geojson_reader import geojson_input
from features.intake.readers.layout import Layout

POINT = {"type": "Point", "coordinates": [120.0, 30.0]}


def put(folder: Path, *features: object, **other: object) -> Path:
    path = folder / "grids.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": list(features)} | other), "utf-8")
    return path


def cells(path: Path) -> list[dict]:
    return [row for batch in geojson_input(path, Layout()).batches() for row in batch.cells.to_dicts()]


def test_geojson_input_properties_of_all_features_are_columns(tmp_path: Path) -> None:
    path = put(
        tmp_path, {"properties": {"id": 503.0}, "geometry": POINT}, {"properties": {"name": "东"}, "geometry": None}, {"properties": None}
    )

    assert ("id", "name", "geometry") == geojson_input(path, Layout()).header
    assert [
        {"id": "503", "name": None, "geometry": json.dumps(POINT)},
        {"id": None, "name": "东", "geometry": None},
        {"id": None, "name": None, "geometry": None},
    ] == cells(path)


def test_geojson_input_property_named_geometry_is_not_taken_for_the_shape(tmp_path: Path) -> None:
    assert [{"geometry": json.dumps(POINT)}] == cells(put(tmp_path, {"properties": {"geometry": "none"}, "geometry": POINT}))


def test_geojson_input_nested_property_is_kept_as_json(tmp_path: Path) -> None:
    assert '["a", 1]' == cells(put(tmp_path, {"properties": {"tags": ["a", 1]}}))[0]["tags"]


def test_geojson_input_rows_are_numbered_through_all_batches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geojson_reader, "BATCH_ROWS", 2)
    path = put(tmp_path, *({"properties": {"id": number}} for number in range(5)))

    assert [[1, 2], [3, 4], [5]] == [batch.numbers.to_list() for batch in geojson_input(path, Layout()).batches()]


@pytest.mark.parametrize(
    ("content", "code", "found"),
    [
        (b"id,grid", Code.FILE_FORMAT, "and is no JSON"),
        (b"\xff\xfe", Code.FILE_FORMAT, "and is no JSON"),
        (b"[" * 100_000, Code.FILE_FORMAT, "and is no JSON"),
        (b"[]", Code.FILE_FORMAT, "found other JSON"),
        (b"{}", Code.FILE_FORMAT, "found other JSON"),
        (b'{"features": {"id": 1}}', Code.FILE_FORMAT, "found other JSON"),
        (b'{"features": ["g1"]}', Code.FILE_FORMAT, "found other JSON"),
        (b'{"features": []}', Code.FILE_EMPTY, "found no feature in it. Check the export."),
    ],
    ids=["no JSON", "no text", "too deep", "list", "no features", "features are no list", "feature is no object", "empty"],
)
def test_geojson_input_other_content_is_refused(content: bytes, code: Code, found: str, tmp_path: Path) -> None:
    path = tmp_path / "grids.geojson"
    path.write_bytes(content)
    with pytest.raises(InputRefusedError, match=f"must be a GeoJSON FeatureCollection in UTF-8,? ?.*{found}") as error:
        geojson_input(path, Layout())

    assert code == error.value.code


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4490", "CGCS_2000", ""])
def test_geojson_input_degrees_are_read(name: str, tmp_path: Path) -> None:
    path = put(tmp_path, {"properties": {"id": "g1"}}, crs={"type": "name", "properties": {"name": name}})

    assert ("id", "geometry") == geojson_input(path, Layout()).header


@pytest.mark.parametrize("name", ["EPSG:3857", "urn:ogc:def:crs:EPSG::4547", "BD09"])
def test_geojson_input_other_reference_system_is_refused(name: str, tmp_path: Path) -> None:
    path = put(tmp_path, {"properties": {"id": "g1"}}, crs={"type": "name", "properties": {"name": name}})
    with pytest.raises(InputRefusedError, match=rf"must be in degrees of WGS 84, .* says it is in '{name}'. Convert it to WGS 84"):
        geojson_input(path, Layout())


def test_geojson_input_larger_than_the_limit_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(geojson_reader, "MAP_BYTES", 10)
    with pytest.raises(InputRefusedError, match="Simplify the polygons") as error:
        geojson_input(put(tmp_path, {}), Layout())

    assert Code.FILE_TOO_LARGE == error.value.code


@pytest.mark.parametrize(("length", "kept"), [(20_000, 1), (20_001, 0)])
def test_geojson_input_polygon_may_be_longer_than_a_cell_but_not_without_end(
    length: int, kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geojson_reader, "POLYGON_BYTES", 20_000)
    (batch,) = geojson_input(put(tmp_path, {"properties": {"outline": "x" * length}}), Layout()).batches()

    assert (kept, 1 - kept) == (len(batch.cells), len(batch.broken))
