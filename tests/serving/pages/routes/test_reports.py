"""The page of reports: found again, taken in three forms, and what the meeting decided."""

import re
import sys
import time
from dataclasses import replace
from io import BytesIO

import docx
import pytest
from docx.opc.constants import RELATIONSHIP_TYPE

from serving.cli.serve import PROGRAM
from serving.documents.word import kept_template
from serving.situation_report.archive import keep_report, kept_reports, read_report
from tests.support.kept_reports import make_report
from tests.support.people import TOWNSHIP, token_of
from tests.support.visitors import PASSWORD

NAME = "2025-12-escalation"


@pytest.fixture
def kept(own_world):
    keep_report(own_world.home, make_report())
    keep_report(own_world.home, make_report(f"{NAME}-990101001", TOWNSHIP, "镇街的材料"))
    return own_world


@pytest.mark.parametrize(("who", "seen", "hidden"), [("centre", NAME, f"{NAME}-990101001"), ("town", f"{NAME}-990101001", NAME)])
def test_reports_page_lists_those_of_the_readers_area(kept, enter_own, who, seen, hidden):
    reader = enter_own(who)
    listed = re.findall(r'href="/reports/([^"?/]+)"', reader.get("/reports").text)

    assert (seen in listed, hidden in listed) == (True, False)
    assert reader.get(f"/reports/{hidden}").status_code == 404


@pytest.mark.parametrize(("form", "start"), [("pdf", b"%PDF-"), ("docx", b"PK"), ("html", b"<!doctype html>")])
def test_report_is_taken_in_three_forms(kept, enter_own, form, start):
    answer = enter_own("centre").get(f"/reports/{NAME}/file?form={form}")

    assert answer.content.startswith(start)
    assert answer.headers["Content-Disposition"].endswith(f".{form}")


def test_decisions_are_entered_from_the_page_and_name_units_alone(kept, enter_own):
    centre = enter_own("centre")
    page = centre.get(f"/reports/{NAME}").text
    fields = {"csrf": token_of(page), "lead": ["司法所", "张三"], "action": ["mediation", "no_such_action"]}

    assert centre.post(f"/reports/{NAME}/decisions", data=fields).status_code == 303
    decided = read_report(kept.home, NAME)
    assert decided.decided
    assert [(topic.lead, topic.action) for topic in decided.topics] == [("司法所", "mediation"), ("人社部门", "wage_check")]


def with_program(world, reader):
    """Return a reader whose application can start commands on its home."""
    program = (sys.executable, "-P", "-c", PROGRAM, "--home", str(world.home.root))
    reader.app.state.site = replace(reader.app.state.site, program=program)
    return reader


def page_of(name: str, reader) -> str:
    """Return the page of reports as somebody sees it who signs in instead."""
    reader.cookies.clear()
    assert reader.post("/login", data={"name": name, "password": PASSWORD}).status_code == 303
    return reader.get("/reports").text


def when_made(reader) -> str:
    """Return the page of reports once nothing is being made."""
    until = time.monotonic() + 120
    while "正在生成" in (page := reader.get("/reports").text) and time.monotonic() < until:
        time.sleep(0.5)
    return page


def test_report_is_made_from_the_page_and_says_how_far_it_is(own_world, enter_own):
    centre = with_program(own_world, enter_own("centre"))
    fields = {"csrf": token_of(centre.get("/reports").text), "period": "2025-12"}

    assert centre.post("/reports", data=fields).status_code == 303
    assert "正在生成2025年12月" in centre.get("/reports").text
    assert centre.post("/reports", data=fields).status_code == 409
    assert "正在生成" not in page_of("town", centre)
    assert "正在生成" in page_of("centre", centre)
    assert "2025年12月已生成" in when_made(centre)
    assert "2025年12月矛盾纠纷形势分析" in centre.get(f"/reports/{NAME}").text


def test_account_of_the_lists_is_made_from_the_page_and_of_the_whole_alone(own_world, enter_own):
    centre, town = with_program(own_world, enter_own("centre")), with_program(own_world, enter_own("town"))
    fields = {"period": "2025-11", "what": "verification"}

    assert town.post("/reports", data=fields | {"csrf": token_of(town.get("/reports").text)}).status_code == 404
    assert centre.post("/reports", data=fields | {"csrf": token_of(centre.get("/reports").text)}).status_code == 303
    assert "2025年11月已生成" in when_made(centre)
    assert "清单对账" in centre.get("/verifications/2025-11-escalation").text
    assert [] == kept_reports(own_world.home)


def test_reports_are_not_made_where_the_application_has_no_program(kept, enter_own):
    centre = enter_own("centre")
    page = centre.get("/reports").text

    assert 'name="period"' not in page
    assert centre.post("/reports", data={"csrf": token_of(page), "period": "2025-12"}).status_code == 404


def test_brief_page_and_file_are_of_the_readers_area(own_world, enter_own):
    centre, town = enter_own("centre"), enter_own("town")

    assert "先看哪里，为什么" in centre.get("/brief").text
    assert "<h1>一周研判</h1>" in town.get("/brief?kind=weekly").text
    assert centre.get("/brief/file").content.startswith(b"%PDF-")
    assert enter_own("labour").get("/brief").status_code == 403


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
