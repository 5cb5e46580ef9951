"""Two sets of facts held against each other, bit by bit."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Yield the path of everything that is not the same: values, types of arrays, order."""
    if is_dataclass(one):
        for field in fields(one):
            yield from differences(getattr(one, field.name), getattr(other, field.name), f"{path}.{field.name}")
    elif isinstance(one, dict):
        yield from [path] if list(one) != list(other) else []
        for key in one:
            yield from differences(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, np.ndarray):
        yield from [] if one.dtype == other.dtype and np.array_equal(one, other) else [path]
    elif hasattr(one, "indptr"):
        for name in ("data", "indices", "indptr"):
            yield from differences(getattr(one, name), getattr(other, name), f"{path}.{name}")
    elif one != other:
        yield path
