"""The shape of an identifier: a regex, what may not touch it, the words it needs beside it, and a check of what was matched.

A body, or the words where there are any, uses only what both Python's `re` and Polars' regex engine know, so that the exact search and
the fast first look read one table.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from features.intake.quarantine import Code

_SEPARATORS = r"[ \t\r\n._·•‧・‐‑–—―−~-]{0,2}"

Confirm = Callable[[str, date], bool]
"""Decide on a match (letters and digits only, upper case) as of a date."""


def _always(_found: str, _as_of: date) -> bool:
    return True


@dataclass(frozen=True)
class Shape:
    """One class of identifier.

    `body` is its regex, `beside` the characters that must not touch it on either side. Where `words` are given, one of them must stand
    in the same text: the shape alone says too little.
    """

    code: Code
    body: str
    beside: str = ""
    words: str = ""
    confirm: Confirm = _always

    @cached_property
    def _exact(self) -> re.Pattern[str]:
        before, after = (f"(?<![{self.beside}])", f"(?![{self.beside}])") if self.beside else ("", "")
        return re.compile(f"{before}(?=({self.body}){after})", re.IGNORECASE)

    @cached_property
    def _context(self) -> re.Pattern[str]:
        return re.compile(self.words, re.IGNORECASE)

    @property
    def trigger(self) -> str:
        """A regex without look-around that is found wherever this shape may be."""
        if self.words:
            return f"(?:{self.words})"
        before, after = (f"(?:^|[^{self.beside}])", f"(?:$|[^{self.beside}])") if self.beside else ("", "")
        return f"{before}(?:{self.body}){after}"

    def is_in(self, text: str, as_of: date) -> bool:
        """Tell whether the text holds this identifier; matches may overlap, so one glued to other digits is seen."""
        if not self._context.search(text):
            return False
        return any(self.confirm(found, as_of) for found in self._found(text))

    def _found(self, text: str) -> Iterator[str]:
        for match in self._exact.finditer(text):
            yield re.sub("[^0-9A-Z]", "", match[1].upper())


def apart(*units: str) -> str:
    """Join regex units so that up to two separators may stand between any two of them."""
    return _SEPARATORS.join(units)


def digits(least: int, most: int | None = None) -> str:
    """Return a regex for `least` to `most` digits, up to two separators between any two."""
    return f"[0-9](?:{_SEPARATORS}[0-9]){{{least - 1},{(most or least) - 1}}}"
