"""The nearest known name, for messages about a name that nobody knows."""

import difflib
from collections.abc import Iterable


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a clause that names the nearest known name, or all of them where none is near.

    >>> suggest("labour_wages", ["labor_wage", "neighbor"]), suggest("x", ["b", "a"])
    ("did you mean 'labor_wage'?", 'known: a, b.')
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names) or 'none'}."
