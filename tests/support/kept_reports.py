"""Hand-made reports."""

from datetime import UTC, datetime

from serving.documents.paper import Paper, Point, Section, Table
from serving.situation_report.archive import KeptReport
from serving.situation_report.topics import Topic

WRITTEN = datetime(2026, 1, 2, 3, tzinfo=UTC)
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360f8cf500f0002fe017e0a2f0f5c0000000049454e44ae426082"
)
"""The smallest picture."""


def make_topic(kind: str = "dispute/labor_wage", **values: object) -> Topic:
    stated = {"lead": "人社部门", "action": "wage_check", "new": 40, "open": 12, "overdue": 5}
    return Topic(kind=kind, **stated | values)


def make_report(name: str = "2025-12-escalation", area: str = "", title: str = "2025年12月矛盾纠纷形势分析") -> KeptReport:
    sections = [
        Section("建议研判的专题", points=(Point("劳动争议", "新增40件。"),)),
        Section("分镇街", ("不作排名。",), Table(("镇街", "新增"), [("甲镇", "40")]), on_new_page=True),
    ]
    paper = Paper(title, "全区 · 2025年12月", sections, ("用于服务排期。",), ("新增40件，环比上升4%（变化不明显）。",))
    return KeptReport(
        name, name[:7].removesuffix("-"), area, WRITTEN, {"zh": paper}, (make_topic(), make_topic("dispute/neighbor", new=None))
    )
