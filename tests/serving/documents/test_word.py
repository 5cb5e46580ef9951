"""Papers as Word files, alone and in an office's own template."""

from io import BytesIO

import docx
import pytest
from docx.shared import Cm

from features.errors import UsageError
from serving.documents.word import to_word
from tests.support.kept_reports import WRITTEN, make_report

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
