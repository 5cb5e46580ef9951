"""Papers as files, by the ending of their name. PDF is A4, tagged for screen readers, set by Typst in a font that is shipped."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import typst

from features.display import FONT
from features.errors import UsageError
from features.storage.atomic_files import atomic_write
from serving.documents.paper import Paper, to_html, to_text
from serving.documents.word import to_word

PDF_TYPE = "application/pdf"


def to_pdf(paper: Paper) -> bytes:
    """Return the file.

    Contents reach the typesetter as JSON beside the template, so nothing in them is read as markup; it loads nothing from anywhere else.
    """
    with TemporaryDirectory(prefix="yujing-paper-") as folder:
        place = Path(folder)
        template = files("serving.documents").joinpath("paper.typ").read_bytes()
        (place / "paper.typ").write_bytes(template)
        (place / "paper.json").write_text(json.dumps(_contents(paper), ensure_ascii=False), encoding="utf-8")
        for name, picture in paper.plots.items():
            (place / f"{name}.png").write_bytes(picture)
        written = typst.compile(place / "paper.typ", root=place, font_paths=[FONT.parent], ignore_system_fonts=False, format="pdf")
    assert isinstance(written, bytes)  # noqa: S101 - one PDF, whatever the number of its pages
    return written


def _contents(paper: Paper) -> Mapping[str, object]:
    return {name: value for name, value in asdict(paper).items() if name != "plots"}


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
