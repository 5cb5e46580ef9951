"""Layout of a table in its file: as a source file states it, or as it is found where nothing is stated."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Cells = Sequence[str | None]

HEAD_ROWS = 20
"""Rows from the top among which the header is looked for."""
INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
"""Characters without a picture, marks of direction among them, as a regex class without its brackets."""

MOST_NAME_CHARS = 120
"""A longer name, such as one that holds instructions, is known by its beginning."""

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
    optional: tuple[str, ...] = ()
    """Columns that are read where a header has them."""
    geometry: bool = False
    """Whether cells may hold polygons, which are long or binary."""
    guess: bool = False
    """True where no column is known yet: the row that looks most like a header is taken, not the first with content."""

    def fits(self, row: Cells) -> bool:
        """Tell whether a row of names holds one of the sets of needed columns."""
        names = [clean_name(name) for name in row]
        present = {*names, *number_repeats(names)}
        return any(present.issuperset(map(clean_name, needed)) for needed in self.needed)


def clean_name(name: str | None) -> str:
    r"""Write a column's name as names are compared: half-width, on one line, not too long, without what cannot be seen.

    >>> clean_name("\ufeff发生\n时间 ")
    '发生时间'
    """
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", name or ""))
    plain = _BETWEEN_CHINESE.sub("", " ".join(text.split()))
    return plain if len(plain) <= MOST_NAME_CHARS else f"{plain[: MOST_NAME_CHARS - 1]}…"


def number_repeats(names: Sequence[str]) -> list[str]:
    """Write numbers behind the names that several columns share, from the left.

    >>> number_repeats(["id", "备注", "", "备注", ""])
    ['id', '备注 (1)', '', '备注 (2)', '']
    """
    times, seen = Counter(filter(None, names)), Counter[str]()
    numbered = []
    for name in names:
        seen[name] += 1
        numbered.append(f"{name} ({seen[name]})" if times[name] > 1 else name)
    return numbered


def repeated_names(header: Sequence[str]) -> list[str]:
    """Return the names of a header that were numbered because several columns shared one."""
    bare = [re.sub(r" \(\d+\)$", "", name) for name in header]
    return [name for name, own in zip(header, bare, strict=True) if {f"{own} (1)", f"{own} (2)"} <= set(header)]


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
    return next((place for place, row in enumerate(rows) if layout.fits(row)), None)


def likely_header(rows: Sequence[Cells]) -> int:
    """Return the index of the row that looks most like a header: the first with the most different names and no number among them."""
    return max(range(len(rows)), key=lambda place: (_names(rows[place]), -place), default=0)


def _names(row: Cells) -> int:
    names = {name for cell in row if (name := clean_name(cell))}
    return 0 if any(_NUMBER.fullmatch(name) for name in names) else len(names)


def own_spelling(names: Iterable[str | None], layout: Layout) -> list[str]:
    """Return clean names, numbered where they repeat; those of needed columns as they are spelt where they are needed."""
    spelt = {clean_name(name): name for needed in layout.needed for name in needed}
    return [spelt.get(name, name) for name in number_repeats([clean_name(name) for name in names])]
