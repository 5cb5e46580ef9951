from datetime import timedelta

from sqlalchemy import update

from features.database.engine import writing
from features.database.tables import feed
from serving.alerts.lifecycle import Action
from serving.alerts.transitions import TransitionRequest, take_step
from serving.documents.paper import to_text
from tests.serving.alerts.conftest import NOW, QUIET, WORKER
from tests.serving.briefs.conftest import MORNING, listed, section, write


def test_daily_brief_masks_one_or_two_cases_for_a_township_too(days):
    days.publish(listed("g1", few=True))

    for area in ("", "d/t1"):
        text = to_text(write(days, area=area))
        assert "劳动争议少量（不足3件）未办结" in text
        assert "最久21天" not in text


def test_daily_brief_counts_what_is_overdue_due_today_and_later(days):
    days.publish(listed("g1", "g2"), settings=QUIET.model_copy(update={"enter_share": 0.4, "leave_share": 0.4}))
    first, second = sorted(days.alerts(), key=lambda each: each.grid_id)[:2]
    asked = TransitionRequest(Action.ACKNOWLEDGE, "visited", first.version, "key-1")
    take_step(days.engine, WORKER, first.alert_id, asked, NOW + timedelta(hours=1))

    early = write(days, now=NOW + timedelta(hours=12))
    late = write(days, now=NOW + timedelta(hours=30))
    assert early.headline[1] == "未销号提示2条，其中待签收1条；已超时0条，今天到期0条。"
    assert late.headline[-2] == "未销号提示2条，其中待签收1条；已超时1条，今天到期0条。"
    (point,) = section(late, "今天要办的").points
    assert point.head == f"示例{second.grid_id}网格"
    assert point.body == "应于1月10日06:00前签收，已超时6小时。"


def test_daily_brief_counts_grids_that_are_not_rated_by_reason(days):
    days.publish(listed("g1"))

    assert section(write(days), "缺什么数据").sentences[0].startswith("1个网格数据不足，不作评定：按同期全区上报情况")


def test_daily_brief_with_complete_data_says_so(days):
    days.publish(listed("g1")[:-1])

    assert section(write(days), "缺什么数据").sentences == ("数据源都按时更新，辖区内网格都有评定。",)


def test_source_that_is_retired_is_not_missing(days):
    days.publish(listed("g1")[:-1])
    with writing(days.engine) as connection:
        connection.execute(update(feed).values(known_through=MORNING - timedelta(days=90)))

    paper = write(days, intake={"retired_sources": ["12345"]})
    assert section(paper, "缺什么数据").sentences == ("数据源都按时更新，辖区内网格都有评定。",)
