"""Layout of a table in its file: as a source file states it, or as it is found where nothing is stated."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Cells = Sequence[str | None]

HEAD_ROWS = 20
"""Rows from the top among which the header is looked for."""
INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
"""Characters without a picture, marks of direction among them, as a regex class without its brackets."""

_INVISIBLE = re.compile(f"[{INVISIBLE}]")
_NUMBER = re.compile(r"[-+]?[\d.,:/\s-]+")
_BETWEEN_CHINESE = re.compile(r"(?<=[\u3000-\u9fff\uff00-\uffef])\s+(?=[\u3000-\u9fff\uff00-\uffef])")


@dataclass(frozen=True)
class Layout:
    """Stated layout of a file; None or empty is found out."""

    encoding: Literal["utf-8", "gb18030"] | None = None
    separator: str | None = None
    sheets: tuple[str, ...] = ()
    """Of a workbook; where none is named, every visible sheet that has the needed columns is read."""
    header_row: int | None = None
    """Counted from 1 as the file is shown, empty rows included."""
    needed: tuple[tuple[str, ...], ...] = ()
    """Sets of columns of which a header must have one."""
    geometry: bool = False
    """Whether cells may hold polygons, which are long or binary."""
    guess: bool = False
    """True where no column is known yet: the row that looks most like a header is taken, not the first with content."""

    def fits(self, names: Iterable[str]) -> bool:
        """Tell whether a row of names holds one of the sets of needed columns."""
        present = set(names)
        return any(present.issuperset(map(clean_name, needed)) for needed in self.needed)


def clean_name(name: str | None) -> str:
    r"""Write a column's name as names are compared: half-width, on one line, without what cannot be seen.

    >>> clean_name("\ufeff发生\n时间 ")
    '发生时间'
    """
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", name or ""))
    return _BETWEEN_CHINESE.sub("", " ".join(text.split()))


def find_header(rows: Sequence[Cells], layout: Layout) -> int | None:
    """Return the index of the header among the first rows; None where it is not there.

    It is the stated row, else the first with the needed columns, else, where nothing is needed, the first with any content; for a guess
    the row that looks most like one.
    """
    if layout.header_row is not None:
        return layout.header_row - 1 if layout.header_row <= len(rows) else None
    if layout.guess:
        return likely_header(rows) if any(any(map(clean_name, row)) for row in rows) else None
    if not layout.needed:
        return next((place for place, row in enumerate(rows) if any(map(clean_name, row))), None)
    return next((place for place, row in enumerate(rows) if layout.fits(map(clean_name, row))), None)


def likely_header(rows: Sequence[Cells]) -> int:
    """Return the index of the row that looks most like a header: the first with the most different names and no number among them."""
    return max(range(len(rows)), key=lambda place: (_names(rows[place]), -place), default=0)


def _names(row: Cells) -> int:
    names = {name for cell in row if (name := clean_name(cell))}
    return 0 if any(_NUMBER.fullmatch(name) for name in names) else len(names)


def own_spelling(names: Iterable[str | None], layout: Layout) -> list[str]:
    """Return clean names, those of needed columns as they are spelt where they are needed."""
    spelt = {clean_name(name): name for needed in layout.needed for name in needed}
    return [spelt.get(name, name) for name in map(clean_name, names)]
