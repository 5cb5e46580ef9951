"""Papers as Word files on A4, with title and language set; an office's own template gives them its head, fonts and styles.

A template is checked when it is chosen, kept in the home, and used for every Word file since.
"""

from datetime import datetime
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_BREAK
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.exceptions import PackageNotFoundError
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.section import Section as WordSection
from docx.section import _BaseHeaderFooter
from docx.shared import Cm, Pt
from docx.table import _Cell
from docx.text.hyperlink import Hyperlink
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from features.errors import UsageError
from features.storage.atomic_files import atomic_write
from features.storage.home import Home
from serving.documents.paper import Paper, Section, Table

WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FONT = "宋体"
A4 = Cm(21), Cm(29.7)
MARGIN, WIDTH = Cm(2.5), Cm(16)
HYPERLINK = RELATIONSHIP_TYPE.HYPERLINK
CONTENT = "{{content}}"
"""Paragraph of a template in whose place the contents stand; without one they follow what the template holds."""
TITLE, LEAD = "{{title}}", "{{lead}}"
"""Words of a template that are filled in wherever they stand, in head and foot too."""

MAX_BYTES = 5 << 20
MOST_UNPACKED = 50 << 20
"""Bytes that a template may take once it is unpacked."""
FILE = "template.docx"


def to_word(paper: Paper, made: datetime, template: Path | None = None) -> bytes:
    """Return the file.

    Args:
        paper: what stands on it.
        made: moment that stands in its properties.
        template: a .docx whose page, styles, head and foot are kept.

    Raises:
        UsageError: the template is no Word file.
    """
    document = _open(template) if template else _plain()
    is_titled = _fill(document, paper)
    place = next((paragraph for paragraph in document.paragraphs if paragraph.text.strip() == CONTENT), None)
    standing = list(document.element.body)
    _write(document, paper, is_titled=is_titled)
    if place is not None:
        for element in [each for each in document.element.body if each not in standing]:
            place._p.addprevious(element)  # noqa: SLF001 - python-docx has no other way to move what was written
        place._p.getparent().remove(place._p)  # noqa: SLF001 - nor to take a paragraph away
    _describe(document, paper, made)
    content = BytesIO()
    document.save(content)
    return content.getvalue()


def external_parts(content: bytes) -> list[str]:
    """Return what a Word file would load from elsewhere when it is opened; plain links, which wait for a click, are none of it.

    Raises:
        UsageError: it is no Word file.
    """
    package = _open(BytesIO(content)).part.package
    relations = [*package.rels.values(), *(relation for part in package.iter_parts() for relation in part.rels.values())]
    return [relation.target_ref for relation in relations if relation.is_external and relation.reltype != HYPERLINK]


def _open(template: Path | BytesIO) -> Document:
    found = repr(template.name) if isinstance(template, Path) else "another file"
    try:
        return docx.Document(str(template) if isinstance(template, Path) else template)
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError) as error:
        raise UsageError(f"a template must be a Word file (.docx), found {found}. Save it from Word again.") from error


def _plain() -> Document:
    document = docx.Document()
    page = document.sections[0]
    page.orientation = WD_ORIENT.PORTRAIT
    page.page_width, page.page_height = A4
    page.left_margin = page.right_margin = MARGIN
    style = document.styles["Normal"]
    style.font.size = Pt(10.5)
    for name in ("Normal", "Title", "Heading 1"):
        document.styles[name].element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), FONT)
    return document


def _describe(document: Document, paper: Paper, made: datetime) -> None:
    properties = document.core_properties
    properties.title, properties.author, properties.last_modified_by = paper.title, "yujing", "yujing"
    properties.language = "zh-CN" if paper.language == "zh" else "en-GB"
    properties.created = properties.modified = made
    properties.comments = ""
    of_text = document.styles["Normal"].element.get_or_add_rPr()
    for old in of_text.findall(qn("w:lang")):
        of_text.remove(old)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-GB")
    language.set(qn("w:eastAsia"), "zh-CN")
    of_text.append(language)


def _write(document: Document, paper: Paper, *, is_titled: bool) -> None:
    if not is_titled:
        document.add_heading(paper.title, 0)
        document.add_paragraph(paper.lead)
    for sentence in paper.headline:
        document.add_paragraph().add_run(sentence).bold = True
    for section in paper.sections:
        _add(document, section, paper)
    for sentence in paper.standing:
        document.add_paragraph(sentence)


def _add(document: Document, section: Section, paper: Paper) -> None:
    if section.on_new_page:
        document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    document.add_heading(section.title, 1)
    for sentence in section.sentences:
        document.add_paragraph(sentence)
    for number, point in enumerate(section.points, start=1):
        mark = f"（{point.mark}）" if point.mark else ""
        paragraph = document.add_paragraph()
        paragraph.add_run(f"{number}. {point.head}{mark}").bold = True
        paragraph.add_run(f"　{point.body}" if point.body else "")
    if section.plot:
        document.add_picture(BytesIO(paper.plots[section.plot]), width=WIDTH)
    if section.table:
        _add_table(document, section.table)


def _add_table(document: Document, table: Table) -> None:
    grid = document.add_table(rows=0, cols=len(table.header))
    if "Table Grid" in [style.name for style in document.styles]:
        grid.style = "Table Grid"
    for row in (table.header, *table.rows):
        for cell, text in zip(grid.add_row().cells, row, strict=True):
            cell.text = text
    repeated = OxmlElement("w:tblHeader")
    grid.rows[0]._tr.get_or_add_trPr().append(repeated)  # noqa: SLF001 - python-docx has no other way to repeat a head on each page


def _paragraphs(document: Document) -> list[Paragraph]:
    around = [part for section in document.sections for part in _heads_and_feet(section) if not part.is_linked_to_previous]
    cells: list[_Cell] = [cell for table in document.tables for row in table.rows for cell in row.cells]
    holders: list[Document | _BaseHeaderFooter | _Cell] = [document, *around, *cells]
    return [paragraph for holder in holders for paragraph in holder.paragraphs]


def _heads_and_feet(section: WordSection) -> tuple[_BaseHeaderFooter, ...]:
    """Return head and foot of a section's pages, those of its first page and of even pages among them."""
    heads = section.header, section.first_page_header, section.even_page_header
    return (*heads, section.footer, section.first_page_footer, section.even_page_footer)


def _runs(paragraph: Paragraph) -> list[Run]:
    """Return the runs of a paragraph in their order, those of links among them."""
    return [run for part in paragraph.iter_inner_content() for run in (part.runs if isinstance(part, Hyperlink) else [part])]


def _fill(document: Document, paper: Paper) -> bool:
    """Fill in title and lead wherever a template names them, and return whether it names the title."""
    is_titled = False
    for paragraph in _paragraphs(document):
        is_titled |= TITLE in paragraph.text
        if TITLE in paragraph.text or LEAD in paragraph.text:
            text = paragraph.text.replace(TITLE, paper.title).replace(LEAD, paper.lead)
            first, *others = _runs(paragraph)
            first.text = text
            for run in others:
                run.text = ""
    return is_titled


def kept_template(home: Home) -> Path | None:
    """Return the file of the template; None where the office has none."""
    path = home.reports / FILE
    return path if path.is_file() else None


def keep_template(home: Home, content: bytes) -> None:
    """Keep a template in place of the one before.

    Raises:
        UsageError: it is no Word file, too large, or it would load something from elsewhere when it is opened.
    """
    _must_be_small(content)
    if outside := external_parts(content):
        raise UsageError(
            f"a template must hold all that it shows, and this one loads {outside[0]!r}. Save it without links to other files."
        )
    atomic_write(home.folder(home.reports) / FILE, content)


def remove_template(home: Home) -> None:
    """Go back to plain Word files."""
    (home.reports / FILE).unlink(missing_ok=True)


def _must_be_small(content: bytes) -> None:
    try:
        with ZipFile(BytesIO(content)) as packed:
            unpacked = sum(part.file_size for part in packed.infolist())
    except BadZipFile as error:
        raise UsageError("a template must be a Word file (.docx). Save it from Word again.") from error
    if len(content) > MAX_BYTES or unpacked > MOST_UNPACKED:
        raise UsageError(
            f"a template may have {MAX_BYTES >> 20} MiB, {MOST_UNPACKED >> 20} MiB unpacked, got {len(content):,} and {unpacked:,} bytes. "
            "Take large pictures out."
        )
