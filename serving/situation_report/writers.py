"""Writers of a report: one HTML file that loads nothing, and Word."""

from base64 import b64encode
from io import BytesIO

import docx
from docx.document import Document
from docx.oxml.ns import qn
from docx.shared import Cm, Pt
from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined

from serving.situation_report.sections import Page, Section, Table


def to_html(page: Page) -> bytes:
    """Return the file."""
    loader = PrefixLoader({"situation": PackageLoader("serving.situation_report"), "report": PackageLoader("training.report")})
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    plots = {name: f"data:image/png;base64,{b64encode(content).decode()}" for name, content in page.plots.items()}
    return environment.get_template("situation/situation.html").render(page=page, plots=plots).encode()


FONT = "宋体"
WIDTH = Cm(16)


def to_docx(page: Page) -> bytes:
    """Return the file."""
    document = docx.Document()
    style = document.styles["Normal"]
    style.font.size = Pt(10.5)
    style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), FONT)
    document.add_heading(page.title, 0)
    document.add_paragraph(page.lead)
    for section in page.sections:
        _add(document, section, page.plots)
    for sentence in page.standing:
        document.add_paragraph(sentence)
    content = BytesIO()
    document.save(content)
    return content.getvalue()


def _add(document: Document, section: Section, plots: dict[str, bytes]) -> None:
    document.add_heading(section.title, 1)
    for sentence in section.sentences:
        document.add_paragraph(sentence)
    if section.plot:
        document.add_picture(BytesIO(plots[section.plot]), width=WIDTH)
    if section.table:
        _add_table(document, section.table)


def _add_table(document: Document, table: Table) -> None:
    grid = document.add_table(rows=0, cols=len(table.header), style="Table Grid")
    for row in (table.header, *table.rows):
        for cell, text in zip(grid.add_row().cells, row, strict=True):
            cell.text = text
