"""Values that requests share: each is made once, by the first who needs it, while the others wait for it."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar, cast

Value = TypeVar("Value")
Key = tuple[object, ...]
"""All that a value depends on; what a reader may see is part of it."""
_MISSING = object()


class Kept:
    """A cache that holds the values used last; a value is never made twice at the same time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, Any] = OrderedDict()
        self._making: dict[Key, Lock] = {}
        self._lock = Lock()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made where it is not there; what `make` raises is raised, and nothing is kept of it."""
        with self._lock:
            value = self._look_up(key)
            making = self._making.setdefault(key, Lock()) if value is _MISSING else None
        if making is None:
            return cast("Value", value)
        with making:
            with self._lock:
                value = self._look_up(key)
            return self._make(key, make) if value is _MISSING else cast("Value", value)

    def drop(self, key: Key) -> None:
        """Forget a value."""
        with self._lock:
            self._values.pop(key, None)

    def _look_up(self, key: Key) -> object:
        if key not in self._values:
            return _MISSING
        self._values.move_to_end(key)
        return self._values[key]

    def _make(self, key: Key, make: Callable[[], Value]) -> Value:
        try:
            value = make()
            with self._lock:
                self._values[key] = value
                while len(self._values) > self._most:
                    self._values.popitem(last=False)
            return value
        finally:
            with self._lock:
                self._making.pop(key, None)
