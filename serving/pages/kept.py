"""Values that requests share: each is made once, by the first who needs it, while the others wait for it."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar, cast

Value = TypeVar("Value")
Key = tuple[object, ...]
"""All that a value depends on; what a reader may see is part of it."""


class Kept:
    """A cache that holds the values used last; a value is never made twice at the same time."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: OrderedDict[Key, Any] = OrderedDict()
        self._making: dict[Key, Lock] = {}
        self._lock = Lock()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of a key, made where it is not there."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return cast("Value", self._values[key])
            making = self._making.setdefault(key, Lock())
        with making:
            value: Value = self._values[key] if key in self._values else make()
            self._store(key, value)
            return value

    def drop(self, key: Key) -> None:
        """Forget a value."""
        with self._lock:
            self._values.pop(key, None)

    def _store(self, key: Key, value: object) -> None:
        with self._lock:
            self._values[key] = value
            self._making.pop(key, None)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
