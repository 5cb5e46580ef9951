"""Topics of hand-made counts, and what became of those of the last time."""

import json

from features.storage.home import Home
from serving.documents.paper import Speaker
from serving.settings import DEPARTMENTS
from serving.situation_report.archive import enter_decisions, keep_report, read_last, read_report
from serving.situation_report.counts import Column, Compared, Grouping
from serving.situation_report.period import month
from serving.situation_report.topics import KindCounts, LastTime, choose_topics, last_time_section, topics_section, why_chosen
from tests.support.kept_reports import make_report, make_topic

ZH = Speaker("zh")
OCTOBER = month("2026-10")
KINDS = (
    "dispute/labor_wage",
    "dispute/neighbor",
    "hazard/fire_safety",
    "dispute/property_mgmt",
    "other/other",
    "dispute/medical",
    "dispute/contract",
)


def column(*cells):
    return Column(list(cells), sum(cell or 0 for cell in cells))


def counts(now, previous, overdue=(0,) * 7):
    compared = Compared(Grouping(KINDS, ()), OCTOBER, column(*now), column(*previous), None)
    return KindCounts(compared, column(*[0] * 7), column(*[10] * 7), column(*overdue), [])


def test_choose_topics_takes_clear_rises_first_then_overdue_then_many():
    about = counts(now=(50, 60, 70, 80, 90, None, 400), previous=(10, 60, 70, 80, 90, 9, 400), overdue=(0, 0, 9, 0, 6, 99, 0))

    chosen = choose_topics(about, DEPARTMENTS)
    assert [topic.kind for topic in chosen] == [
        "dispute/labor_wage", "hazard/fire_safety", "other/other", "dispute/contract", "dispute/property_mgmt",
    ]  # fmt: skip
    assert [why_chosen(about, KINDS.index(topic.kind)).zh for topic in chosen] == [
        "环比明显上升",
        "逾期较多",
        "逾期较多",
        "件数较多",
        "件数较多",
    ]
    assert [topic.lead for topic in chosen] == ["人社部门", "综治中心", "综治中心", "市场监管部门", "住建部门"]


def test_topics_section_says_figures_lead_and_advice():
    about = counts(now=(50, 0, 0, 0, 0, 0, 0), previous=(50, 0, 0, 0, 0, 0, 0), overdue=(5, 0, 0, 0, 0, 0, 0))

    (point,) = topics_section(choose_topics(about, DEPARTMENTS), about, DEPARTMENTS, ZH).points
    assert point.head == "劳动争议"
    assert point.body.startswith(
        "逾期较多。新增50件，环比下降3%（变化不明显），同比无法比较；期末未办结10件，其中已逾期5件。牵头：人社部门。建议："
    )


def test_last_time_section_says_the_same_figure_then_and_now():
    about = counts(now=(20, None, 0, 0, 0, 0, 0), previous=(40, 9, 0, 0, 0, 0, 0))
    last = LastTime(
        month("2026-09"), (make_topic(), make_topic("dispute/neighbor"), make_topic("dispute/gone", action="mediation")), decided=True
    )

    said = last_time_section(last, about, DEPARTMENTS, ZH)
    assert said.sentences == ("2026年9月研判议定的事项：",)
    assert said.points[0].head == "劳动争议（牵头：人社部门）"
    assert said.points[0].body.endswith("新增由40件变为20件，下降52%（明显）；期末未办结由12件变为10件。")
    assert "新增由40件变为少量（不予显示），无法比较" in said.points[1].body
    assert said.points[2].head == "未命名类别纠纷（牵头：人社部门）"


def test_last_time_section_without_a_report_says_so():
    assert last_time_section(None, counts((0,) * 7, (0,) * 7), DEPARTMENTS, ZH).sentences == ("没有留存上一期的研判材料，无法对照。",)


def test_decisions_are_what_the_next_report_comes_back_to(tmp_path):
    home = Home(tmp_path)
    keep_report(home, make_report())
    enter_decisions(home, "2025-12-escalation", {"dispute/neighbor": ("综治中心", "mediation")})

    last = read_last(home, month("2026-01"), "escalation", "")
    assert (last.period.name, last.decided) == ("2025年12月", True)
    assert [(topic.lead, topic.action) for topic in last.topics] == [("人社部门", "wage_check"), ("综治中心", "mediation")]
    assert read_report(home, "2025-12-escalation").papers == make_report().papers
    assert read_last(home, month("2025-12"), "escalation", "") is None


def test_report_of_an_older_version_is_read_in_chinese(tmp_path):
    home, report = Home(tmp_path), make_report()
    keep_report(home, report)
    file = home.reports / f"{report.name}.json"
    stored = json.loads(file.read_text("utf-8"))
    stored["paper"] = stored.pop("papers")["zh"]
    stored["topics"] = [topic | {"why": "逾期较多"} for topic in stored["topics"]]
    file.write_text(json.dumps(stored), "utf-8")

    assert read_report(home, report.name) == report
    assert report.paper("en") == report.paper("zh")
