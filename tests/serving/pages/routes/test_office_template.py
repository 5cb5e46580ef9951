"""The office's own Word template: chosen on a page, used for Word files, refused where it would load from elsewhere."""

from io import BytesIO

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE

from serving.documents.word import kept_template
from serving.situation_report.archive import keep_report
from tests.support.kept_reports import make_report
from tests.support.people import token_of

PAGE = "/reports/template"


def template(outside=None):
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "南湖区社会治理中心"
    document.add_paragraph("{{title}}")
    if outside:
        document.part.relate_to(outside, RELATIONSHIP_TYPE.IMAGE, is_external=True)
    written = BytesIO()
    document.save(written)
    return written.getvalue()


def send(reader, content):
    fields = {"csrf": token_of(reader.get(PAGE).text)}
    return reader.post(PAGE, data=fields, files={"file": ("模板.docx", content)})


def word_file(reader):
    return docx.Document(BytesIO(reader.get("/reports/2025-12-escalation/file?form=docx").content))


def test_template_is_chosen_used_and_removed(own_world, enter_own):
    keep_report(own_world.home, make_report())
    analyst = enter_own("analyst")

    assert send(analyst, template()).status_code == 303
    assert "正在使用本单位模板" in analyst.get(PAGE).text
    assert analyst.get(f"{PAGE}/file").content == template_of(own_world)
    written = word_file(analyst)
    assert written.sections[0].header.paragraphs[0].text == "南湖区社会治理中心"
    assert written.paragraphs[0].text == "2025年12月矛盾纠纷形势分析"

    analyst.post(f"{PAGE}/remove", data={"csrf": token_of(analyst.get(PAGE).text)})
    assert word_file(analyst).sections[0].header.paragraphs[0].text == ""
    assert analyst.get(f"{PAGE}/file").status_code == 404


def template_of(world):
    return kept_template(world.home).read_bytes()


@pytest.mark.parametrize("content", [b"no word file", template("http://192.0.2.1/picture.png")])
def test_template_that_is_no_word_file_or_loads_from_elsewhere_is_refused(own_world, enter_own, content):
    refused = send(enter_own("analyst"), content)

    assert (refused.status_code, kept_template(own_world.home)) == (422, None)
    assert "这个文件不能用作模板" in refused.text


@pytest.mark.parametrize("who", ["centre", "town", "auditor"])
def test_template_is_no_matter_of_other_accounts(own_world, enter_own, who):
    assert enter_own(who).get(PAGE).status_code == 403
