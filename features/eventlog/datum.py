"""The shifted coordinates of Chinese web maps: GCJ-02 and BD-09, as published formulas approximate them."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_A, _E2 = 6378245.0, 0.00669342162296594323
"""Krasovsky's ellipsoid: half axis in metres, and its eccentricity squared."""
_BD_PI = np.pi * 3000 / 180


def to_gcj02(degrees: Floats) -> Floats:
    """Return (N, 2) positions of WGS 84, lon and lat, as GCJ-02 shows them: some 500 m beside."""
    lon, lat = degrees.T
    x, y = lon - 105.0, lat - 35.0
    waves = 20 * np.sin(6 * x * np.pi) + 20 * np.sin(2 * x * np.pi)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * np.sqrt(np.abs(x))
    north += (
        (waves + 20 * np.sin(y * np.pi) + 40 * np.sin(y / 3 * np.pi) + 160 * np.sin(y / 12 * np.pi) + 320 * np.sin(y * np.pi / 30)) * 2 / 3
    )
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * np.sqrt(np.abs(x))
    east += (
        (waves + 20 * np.sin(x * np.pi) + 40 * np.sin(x / 3 * np.pi) + 150 * np.sin(x / 12 * np.pi) + 300 * np.sin(x / 30 * np.pi)) * 2 / 3
    )
    magic = 1 - _E2 * np.sin(np.radians(lat)) ** 2
    north_degrees = np.degrees(north / (_A * (1 - _E2) / magic**1.5))
    east_degrees = np.degrees(east / (_A / np.sqrt(magic) * np.cos(np.radians(lat))))
    return np.column_stack([lon + east_degrees, lat + north_degrees])


def to_bd09(degrees: Floats) -> Floats:
    """Return (N, 2) positions of WGS 84, lon and lat, as BD-09 shows them."""
    x, y = to_gcj02(degrees).T
    z = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_PI)
    theta = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_PI)
    return np.column_stack([z * np.cos(theta) + 0.0065, z * np.sin(theta) + 0.006])


DATUMS: dict[str, Callable[[Floats], Floats]] = {"GCJ-02": to_gcj02, "BD-09": to_bd09}
