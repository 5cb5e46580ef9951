"""Parts of a document in Markdown: tables, figures with their interval, sections."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

UNKNOWN = "cannot be estimated"


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table; a bar within a cell becomes a slash."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |" for line in lines)


def figure(value: float | None, interval: Sequence[float] | None) -> str:
    """Return a figure with its interval in brackets.

    >>> figure(0.25, (0.2, 0.3)), figure(None, None)
    ('0.2500 [0.2000, 0.3000]', 'cannot be estimated')
    """
    if value is None:
        return UNKNOWN
    return f"{value:.4f}" + (f" [{interval[0]:.4f}, {interval[1]:.4f}]" if interval else f" [{UNKNOWN}]")


def document(title: str, sections: Mapping[str, str]) -> str:
    """Return a document of one title and its sections."""
    return f"# {title}\n" + "".join(f"\n## {name}\n\n{text}\n" for name, text in sections.items())


def blank(zh: str, en: str) -> str:
    """Return a place that whoever runs the service fills in by hand.

    >>> blank("单位名称", "name of the body")
    '〔待填：单位名称 · to be filled in: name of the body〕'
    """
    return f"〔待填：{zh} · to be filled in: {en}〕"
