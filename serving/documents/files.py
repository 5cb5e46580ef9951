"""Papers as files, by the ending of their name."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from features.errors import UsageError
from features.storage.atomic_files import atomic_write
from serving.documents.paper import Paper, to_html, to_text
from serving.documents.pdf import to_pdf
from serving.documents.word import to_word

WRITERS: Mapping[str, Callable[[Paper], bytes]] = {
    ".pdf": to_pdf,
    ".docx": lambda paper: to_word(paper, datetime.now(UTC)),
    ".html": to_html,
    ".txt": lambda paper: to_text(paper).encode(),
}


def check_ending(path: Path) -> None:
    """Refuse a file name that no writer knows.

    Raises:
        UsageError: its ending is none of those.
    """
    if path.suffix not in WRITERS:
        raise UsageError(f"a paper must end in one of {', '.join(WRITERS)}, got {path.name!r}.")


def write_paper(paper: Paper, path: Path, template: Path | None = None, office: Path | None = None) -> None:
    """Write a paper in the form that the ending of the file names; nothing stays half-written.

    Args:
        paper: what is written.
        path: of the file.
        template: Word file that it is written into, which only a .docx has.
        office: the office's own, used for a .docx where there is no other.

    Raises:
        UsageError: its ending names none, or there is a template and it is not Word's.
    """
    check_ending(path)
    if template and path.suffix != ".docx":
        raise UsageError(f"a template is for a .docx, got {path.name!r}.")
    used = template or office
    atomic_write(path, to_word(paper, datetime.now(UTC), used) if used and path.suffix == ".docx" else WRITERS[path.suffix](paper))
