"""Papers as PDF: A4, tagged for screen readers, title and language set, set by Typst in a font that is shipped."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import typst

from features.display import FONT
from serving.documents.paper import Paper

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
