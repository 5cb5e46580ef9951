from dataclasses import replace
from datetime import timedelta

import pytest

from serving.briefs.daily import MOST_DUE, MOST_POINTS
from serving.documents.files import to_pdf
from serving.documents.paper import Point, to_text
from tests.serving.alerts.conftest import NOW
from tests.serving.briefs.conftest import listed, section, write
from tests.support.pdf_pages import page_texts


def test_daily_brief_names_where_to_look_and_who_entered_and_left(days):
    days.publish(listed("g1", "g2"))
    days.publish(listed("g3", "g1"), days=1)

    paper = write(days)
    where = section(paper, "先看哪里，为什么")
    assert paper.headline[0] == "今天先看2个重点关注网格，其中1个新进入。"
    assert [(point.head, point.mark) for point in where.points] == [("示例g3网格", "新"), ("示例g1网格", "")]
    assert where.points[0].body.startswith("劳动争议5件未办结，最久21天，最近一件3天后到期。建议：")
    assert "每100个同类网格中约17个随后升级" in where.points[0].body
    assert section(paper, "和上一期相比").sentences[:2] == ("新进入：示例g3网格。", "退出：示例g2网格。")


def test_daily_brief_of_a_township_knows_its_own_grids_alone(days):
    days.publish(listed("g1", "g2"))
    days.publish(listed("g3", "g2"), days=1)

    text = to_text(write(days, area="d/t2"))
    assert "今天先看1个重点关注网格，其中0个新进入。" in text
    assert "示例g2网格" in text
    assert [] == [grid for grid in ("g1", "g3", "g5") if f"示例{grid}网格" in text]


def test_daily_brief_of_an_old_list_and_a_late_source_says_so_first(days):
    days.publish(listed("g1"))

    paper = write(days, now=NOW + timedelta(days=5))
    assert paper.headline[:2] == ("今天的清单还没有发布，以下按1月9日的清单。", "数据源“12345”没有按时更新，请先核实。")
    missing = section(paper, "缺什么数据").sentences
    assert missing[0] == "数据源“12345”没有按时更新，最后一条记录：1月9日24:00。"
    assert missing[-1] == "缺数据不等于平稳，请先核实这些数据。"


@pytest.mark.parametrize(("language", "letters"), [("zh", 100), ("en", 180)])
def test_brief_of_a_full_day_fits_one_page(days, language, letters):
    days.publish(listed("g1"))
    paper = write(days, language=language)
    full = Point("沁涧街道汐浔社区第1网格", ("字" if language == "zh" else "word ") * (letters // (1 if language == "zh" else 5)), "新")

    first, due, *rest = paper.sections
    busy = [replace(first, points=(full,) * MOST_POINTS), replace(due, points=(replace(full, body="应于11月17日06:00前签收"),) * MOST_DUE)]
    assert len(page_texts(to_pdf(replace(paper, sections=[*busy, *rest])))) == 1
