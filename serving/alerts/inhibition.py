"""Inhibition over the area tree: a warning of an area speaks for all below it, so long as somebody hears that warning."""

from collections.abc import Iterator, Set

from serving.access.actor import Scope


def heard(firing: Set[str], silences: tuple[Scope, ...] = ()) -> set[str]:
    """Return which of the firing places are to be shown; the others are silenced, or an ancestor that is shown covers them.

    A silenced area hides nothing below it: its children speak for themselves unless the silence covers them as well.

    >>> sorted(heard({"d/t", "d/t/c1", "d/u/c2"}))
    ['d/t', 'd/u/c2']
    """
    audible = {path for path in firing if not any(silence.covers(path) for silence in silences)}
    return {path for path in audible if not any(ancestor in audible for ancestor in ancestors(path))}


def ancestors(path: str) -> Iterator[str]:
    """Yield the places above one, the nearest first.

    >>> list(ancestors("d/t/c"))
    ['d/t', 'd']
    """
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
