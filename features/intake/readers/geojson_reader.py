"""GeoJSON: each feature is a row, its properties are the cells, its geometry is one more."""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from features.errors import InputRefusedError
from features.intake.quarantine import Code
from features.intake.readers.batches import BATCH_ROWS, POLYGON_BYTES, RowBatch, RowInput, as_text, finish, name_columns, named
from features.intake.readers.layout import Layout
from features.schema import Col

MAP_BYTES = 1024 * 1024 * 1024
"""A map is held in memory whole."""
KNOWN_CRS = ("crs84", "4326", "wgs84", "wgs 84", "4490", "cgcs2000", "cgcs 2000")
"""WGS 84, and CGCS2000, which differs from it by centimetres."""

Feature = Mapping[str, Any]


def geojson_input(path: Path, layout: Layout) -> RowInput:
    """Read a map.

    Raises:
        InputRefusedError: it is no GeoJSON, or is not in degrees of WGS 84 by its own word.
    """
    if path.stat().st_size > MAP_BYTES:
        raise InputRefusedError(Code.FILE_TOO_LARGE, f"{path} may have {MAP_BYTES >> 20} MiB, found more. Simplify the polygons.")
    collection = _load(path)
    _refuse_other_crs(collection, path)
    features = collection["features"]
    names = dict.fromkeys(str(name) for feature in features for name in feature.get("properties") or {})
    columns = name_columns([*(name for name in names if name != Col.GEOMETRY), Col.GEOMETRY], layout, str(path))
    return RowInput(named(columns), partial(_batches, features, columns))


def _load(path: Path) -> dict[str, Any]:
    fault = f"{path} must be a GeoJSON FeatureCollection in UTF-8"
    try:
        collection = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise InputRefusedError(Code.FILE_FORMAT, f"{fault}, and is no JSON: {' '.join(str(error).split())}. Export it again.") from error
    if not isinstance(collection, dict):
        raise InputRefusedError(Code.FILE_FORMAT, f"{fault}, found other JSON. Export it again.")
    features = collection.get("features")
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        raise InputRefusedError(Code.FILE_FORMAT, f"{fault}, found other JSON. Export it again.")
    if not features:
        raise InputRefusedError(Code.FILE_EMPTY, f"{fault}, found no feature in it. Check the export.")
    return collection


def _refuse_other_crs(collection: dict[str, Any], path: Path) -> None:
    crs = collection.get("crs")
    name = str((crs.get("properties") or {}).get("name", "")) if isinstance(crs, dict) else ""
    if name and not name.lower().replace("_", "").endswith(KNOWN_CRS):
        advice = "Convert it to WGS 84 (EPSG:4326) or CGCS2000 (EPSG:4490)."
        raise InputRefusedError(Code.FILE_FORMAT, f"a map must be in degrees of WGS 84, {path} says it is in {name!r}. {advice}")


def _batches(features: list[Feature], columns: tuple[str, ...]) -> Iterator[RowBatch]:
    for first in range(0, len(features), BATCH_ROWS):
        block = features[first : first + BATCH_ROWS]
        cells = {name: pl.Series([_cell(feature, name) for feature in block], dtype=pl.String) for name in columns}
        yield finish(
            RowBatch(pl.int_range(first + 1, first + 1 + len(block), dtype=pl.Int64, eager=True), pl.DataFrame(cells)), POLYGON_BYTES
        )


def _cell(feature: Feature, name: str) -> str | None:
    if name == Col.GEOMETRY:
        geometry = feature.get("geometry")
        return None if geometry is None else json.dumps(geometry)
    value = (feature.get("properties") or {}).get(name)
    return json.dumps(value) if isinstance(value, (dict, list)) else as_text(value)
