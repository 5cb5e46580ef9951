from datetime import timedelta

from tests.serving.alerts.conftest import NOW
from tests.serving.briefs.conftest import listed, section, write


def test_weekly_brief_names_grids_that_stayed(days):
    for day in range(7):
        days.publish(listed("g1", "g2") if day < 3 else listed("g1", "g3"), days=day)

    paper = write(days, "weekly", now=NOW + timedelta(days=6, hours=2))
    assert paper.headline[0] == "1个网格在本周7期清单中有5期以上列为重点关注，请逐一过问。"
    assert [point.head for point in section(paper, "一直要看的地方，为什么").points] == ["示例g1网格"]
    assert section(paper, "这一周的变化").sentences == ("一周来新进入：示例g3网格。", "一周来退出：示例g2网格。")


def test_weekly_brief_counts_days_without_a_list(days):
    days.publish(listed("g1"))
    days.publish(listed("g1"), days=3)

    assert section(write(days, "weekly", now=NOW + timedelta(days=3)), "缺什么数据").sentences[0] == "本周有5天没有清单。"
