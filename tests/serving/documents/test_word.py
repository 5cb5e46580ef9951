"""Papers as Word files, alone and in an office's own template."""

import random
from dataclasses import replace
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.shared import Cm

from features.errors import UsageError
from features.storage.home import Home
from serving.documents.word import external_parts, keep_template, kept_template, remove_template, to_word
from tests.support.kept_reports import WRITTEN, make_report

ATTACHED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/attachedTemplate"
PAPER = make_report().paper()


def read(content: bytes):
    return docx.Document(BytesIO(content))


def test_to_word_is_a4_with_title_and_language():
    document = read(to_word(PAPER, WRITTEN))

    page, properties = document.sections[0], document.core_properties
    assert (round(page.page_width.cm, 1), round(page.page_height.cm, 1)) == (21.0, 29.7)
    assert (properties.title, properties.author, properties.language) == (PAPER.title, "yujing", "zh-CN")
    assert 'w:eastAsia="zh-CN"' in document.styles["Normal"].element.xml


def test_to_word_says_all_of_a_paper():
    document = read(to_word(PAPER, WRITTEN))

    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts[:3] == [PAPER.title, PAPER.lead, PAPER.headline[0]]
    assert "1. 劳动争议　新增40件。" in texts
    assert texts[-1] == PAPER.standing[-1]
    assert [[cell.text for cell in row.cells] for row in document.tables[0].rows] == [["镇街", "新增"], ["甲镇", "40"]]


def test_to_word_keeps_page_head_and_foot_of_a_template(tmp_path):
    office = docx.Document()
    office.sections[0].left_margin = Cm(3.1)
    office.sections[0].header.paragraphs[0].text = "某区综治中心"
    for text in ("{{title}}", "编号：2026-1", "{{content}}", "抄送：各镇街"):
        office.add_paragraph(text)
    office.save(tmp_path / "office.docx")

    document = read(to_word(PAPER, WRITTEN, tmp_path / "office.docx"))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert document.sections[0].header.paragraphs[0].text == "某区综治中心"
    assert round(document.sections[0].left_margin.cm, 1) == 3.1
    assert texts[:3] == [PAPER.title, "编号：2026-1", PAPER.headline[0]]
    assert texts[-2:] == [PAPER.standing[-1], "抄送：各镇街"]
    assert len(document.tables) == 1


def test_to_word_refuses_a_template_that_is_no_word_file(tmp_path):
    (tmp_path / "office.docx").write_text("no", encoding="utf-8")

    with pytest.raises(UsageError, match="Word file"):
        to_word(PAPER, WRITTEN, tmp_path / "office.docx")


def office_with(tmp_path, *texts: str):
    """Return a template of these paragraphs, to be saved by `save`."""
    office = docx.Document()
    for text in texts:
        office.add_paragraph(text)
    return office, tmp_path / "office.docx"


def test_to_word_fills_in_title_and_lead_in_head_and_foot_of_first_and_even_pages(tmp_path):
    office, path = office_with(tmp_path, "{{content}}")
    section = office.sections[0]
    section.different_first_page_header_footer = True
    for part in (section.header, section.first_page_header, section.even_page_header, section.first_page_footer):
        part.paragraphs[0].text = "{{title}} · {{lead}}"
    office.save(path)

    filled = read(to_word(PAPER, WRITTEN, path)).sections[0]
    parts = (filled.header, filled.first_page_header, filled.even_page_header, filled.first_page_footer)
    assert [f"{PAPER.title} · {PAPER.lead}"] * 4 == [part.paragraphs[0].text for part in parts]


def test_to_word_makes_no_head_or_foot_that_the_template_lacks(tmp_path):
    office, path = office_with(tmp_path, "{{title}}")
    office.save(path)
    section = read(to_word(PAPER, WRITTEN, path)).sections[0]

    assert [True] * 3 == [part.is_linked_to_previous for part in (section.header, section.first_page_header, section.footer)]


def test_to_word_fills_in_a_title_that_is_a_link_or_stands_beside_one(tmp_path):
    office, path = office_with(tmp_path, "", "{{title}}，见")
    for paragraph, words in zip(office.paragraphs, ("{{title}}", "网站"), strict=True):
        link, run, text = (OxmlElement(name) for name in ("w:hyperlink", "w:r", "w:t"))
        text.text = words
        run.append(text)
        link.append(run)
        paragraph._p.append(link)
    office.save(path)

    written = read(to_word(PAPER, WRITTEN, path))
    assert [PAPER.title, f"{PAPER.title}，见网站"] == [paragraph.text for paragraph in written.paragraphs[:2]]


def test_to_word_fills_in_a_title_that_word_cut_into_pieces_and_in_a_table(tmp_path):
    office, path = office_with(tmp_path)
    cell = office.add_table(1, 1).rows[0].cells[0].paragraphs[0]
    for piece in ("《{{", "tit", "le}}》"):
        cell.add_run(piece)
    office.save(path)

    written = read(to_word(PAPER, WRITTEN, path))
    assert f"《{PAPER.title}》" == written.tables[0].rows[0].cells[0].text
    assert PAPER.title not in [paragraph.text for paragraph in written.paragraphs]


def test_to_word_of_a_template_without_places_follows_what_it_holds(tmp_path):
    office, path = office_with(tmp_path, "某区综治中心")
    office.save(path)

    texts = [paragraph.text for paragraph in read(to_word(PAPER, WRITTEN, path)).paragraphs]
    assert ["某区综治中心", PAPER.title, PAPER.lead] == texts[:3]


def test_to_word_takes_contents_for_words(tmp_path):
    """What stands in a paper is filled in once and is no place of the template itself."""
    office, path = office_with(tmp_path, "{{content}}", "末尾")
    office.save(path)
    tricky = replace(PAPER, lead="{{content}}", headline=("<w:p/> & {{title}}",))

    texts = [paragraph.text for paragraph in read(to_word(tricky, WRITTEN, path)).paragraphs]
    assert [PAPER.title, "{{content}}", "<w:p/> & {{title}}"] == texts[:3]
    assert "末尾" == texts[-1]


def packed(**parts: bytes) -> bytes:
    """Return a Word file with further parts."""
    content = BytesIO()
    docx.Document().save(content)
    with ZipFile(content, "a", ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def linked(kind: str) -> bytes:
    """Return a Word file with a relation of a kind to another machine."""
    document, content = docx.Document(), BytesIO()
    document.part.relate_to("https://example.org/x", kind, is_external=True)
    document.save(content)
    return content.getvalue()


def test_template_may_hold_links_and_nothing_that_is_loaded_by_itself():
    assert [] == external_parts(linked(RELATIONSHIP_TYPE.HYPERLINK))
    assert ["https://example.org/x"] == external_parts(linked(ATTACHED))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"no word file", "must be a Word file"),
        (packed(filler=bytes(51 << 20)), "50 MiB unpacked"),
        (packed(filler=random.Random(1).randbytes(6 << 20)), "may have 5 MiB"),  # noqa: S311 - what cannot be packed is no secret
        (linked(RELATIONSHIP_TYPE.IMAGE), "this one loads 'https://example.org/x'"),
    ],
)
def test_keep_template_that_is_none_too_large_or_loads_something_is_refused(tmp_path, content, found):
    home = Home(tmp_path)
    keep_template(home, linked(RELATIONSHIP_TYPE.HYPERLINK))
    before = kept_template(home).read_bytes()

    with pytest.raises(UsageError, match=found):
        keep_template(home, content)
    assert before == kept_template(home).read_bytes()


def test_template_is_kept_used_and_removed(tmp_path):
    home = Home(tmp_path)
    remove_template(home)
    assert kept_template(home) is None
    keep_template(home, content := packed())
    assert content == kept_template(home).read_bytes()
    remove_template(home)

    assert kept_template(home) is None
