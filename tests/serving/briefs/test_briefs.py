"""Briefs of hand-made lists and alerts: every figure is one that a reader can count."""

import base64
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from features.database.engine import writing
from features.database.tables import feed
from features.display import forbidden_words
from features.errors import NotReadyError
from serving.accounts.permissions import Scope
from serving.alerts.lifecycle import Action
from serving.alerts.transitions import TransitionRequest, take_step
from serving.alerts.webhooks import MOST_ATTEMPTS, Told, dead_letters
from serving.audit import OPERATOR
from serving.briefs.briefs import WRITERS, due_briefs, open_desk, send_briefs
from serving.briefs.daily import MOST_DUE, MOST_POINTS
from serving.documents.paper import Point, Section, to_text
from serving.documents.pdf import to_pdf
from serving.rankings.publishing import PauseReason, pause
from serving.settings import Receiver, Settings
from tests.serving.alerts.conftest import NOW, QUIET, WORKER, Days
from tests.support.made_alerts import make_line, make_row
from tests.support.pdf_pages import page_texts

MORNING = NOW + timedelta(days=1, hours=2)
"""08:00 of the second list's day."""


@pytest.fixture
def days(engine) -> Days:
    with writing(engine) as connection:
        connection.execute(insert(feed), {"name": "12345", "spec": "{}", "known_through": MORNING - timedelta(hours=8)})
    return Days(engine)


def listed(*priority: str, few: bool = False):
    """Return six grids of two townships, those named at level priority and first; the last is not rated."""
    others = [f"g{number}" for number in range(1, 6) if f"g{number}" not in priority]
    rows = []
    for rank, grid_id in enumerate([*priority, *others], start=1):
        lines = (make_line(count=2 if few else 5, category="labor_wage", days_left=3),)
        row = make_row(grid_id, rank, lines, township=f"d/t{1 + (int(grid_id[1]) - 1) % 2}")
        level = "priority" if grid_id in priority else "routine"
        rows.append(row.model_copy(update={"score": row.score.model_copy(update={"attention_level": level})}))
    return [*rows, make_row("g6", None, township="d/t2")]


def write(days: Days, kind: str = "daily", area: str = "", now=MORNING, language: str = "zh", **settings):
    return WRITERS[kind](open_desk(days.engine, Settings(**settings), Scope(area), now, language))


def section(paper, title: str) -> Section:
    return next(each for each in paper.sections if each.title == title)


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


def test_daily_brief_masks_one_or_two_cases_for_a_township_too(days):
    days.publish(listed("g1", few=True))

    for area in ("", "d/t1"):
        text = to_text(write(days, area=area))
        assert "劳动争议少量（不足3件）未办结" in text
        assert "最久21天" not in text


def test_daily_brief_of_a_township_knows_its_own_grids_alone(days):
    days.publish(listed("g1", "g2"))
    days.publish(listed("g3", "g2"), days=1)

    text = to_text(write(days, area="d/t2"))
    assert "今天先看1个重点关注网格，其中0个新进入。" in text
    assert "示例g2网格" in text
    assert [] == [grid for grid in ("g1", "g3", "g5") if f"示例{grid}网格" in text]


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


def test_daily_brief_of_an_old_list_and_a_late_source_says_so_first(days):
    days.publish(listed("g1"))

    paper = write(days, now=NOW + timedelta(days=5))
    assert paper.headline[:2] == ("今天的清单还没有发布，以下按1月9日的清单。", "数据源“12345”没有按时更新，请先核实。")
    missing = section(paper, "缺什么数据").sentences
    assert missing[0] == "数据源“12345”没有按时更新，最后一条记录：1月9日24:00。"
    assert missing[-1] == "缺数据不等于平稳，请先核实这些数据。"


def test_daily_brief_counts_grids_that_are_not_rated_by_reason(days):
    days.publish(listed("g1"))

    assert section(write(days), "缺什么数据").sentences[0].startswith("1个网格数据不足，不作评定：按同期全区上报情况")


def test_daily_brief_with_complete_data_says_so(days):
    days.publish(listed("g1")[:-1])

    assert section(write(days), "缺什么数据").sentences == ("数据源都按时更新，辖区内网格都有评定。",)


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


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", ["daily", "weekly"])
def test_briefs_fit_one_page_and_hold_no_forbidden_word(days, kind, language):
    days.publish(listed("g1", "g2", "g3"))

    paper = write(days, kind, language=language)
    assert len(page_texts(to_pdf(paper))) == 1
    assert forbidden_words("".join(to_text(paper).split(paper.standing[-1]))) == []


@pytest.mark.parametrize(("language", "letters"), [("zh", 100), ("en", 180)])
def test_brief_of_a_full_day_fits_one_page(days, language, letters):
    days.publish(listed("g1"))
    paper = write(days, language=language)
    full = Point("沁涧街道汐浔社区第1网格", ("字" if language == "zh" else "word ") * (letters // (1 if language == "zh" else 5)), "新")

    first, due, *rest = paper.sections
    busy = [replace(first, points=(full,) * MOST_POINTS), replace(due, points=(replace(full, body="应于11月17日06:00前签收"),) * MOST_DUE)]
    assert len(page_texts(to_pdf(replace(paper, sections=[*busy, *rest])))) == 1


def test_brief_before_the_first_list_is_refused(days):
    with pytest.raises(NotReadyError, match="yujing rank"):
        write(days)


def test_brief_of_an_area_that_is_on_no_list_is_refused(days):
    days.publish(listed("g1"))

    with pytest.raises(NotReadyError, match="grids of its area"):
        write(days, area="d/t9")


def test_source_that_is_retired_is_not_missing(days):
    days.publish(listed("g1")[:-1])
    with writing(days.engine) as connection:
        connection.execute(update(feed).values(known_through=MORNING - timedelta(days=90)))

    paper = write(days, intake={"retired_sources": ["12345"]})
    assert section(paper, "缺什么数据").sentences == ("数据源都按时更新，辖区内网格都有评定。",)


FRIDAY = NOW.replace(hour=8)
MONDAY = FRIDAY + timedelta(days=3)
MAIL = Receiver(name="office", url="smtp://mail.example:25", kind="mail", to=("office@example.org",))
CHAT = Receiver(name="chat", url="https://chat.example/hook", kind="wecom")
SETTINGS = Settings(serving={"public_url": "https://yujing.example"})


class Box:
    """Keeps what is sent, and takes nothing while it is down."""

    def __init__(self) -> None:
        self.down = False
        self.contents: list[dict] = []
        self.keys: list[str] = []

    def __call__(self, url, body, headers) -> bool:
        if not self.down:
            self.contents.append(json.loads(body))
            self.keys.append(headers["Idempotency-Key"])
        return not self.down


@pytest.fixture
def sending_days(engine) -> Days:
    made = Days(engine)
    made.publish()
    return made


def test_send_briefs_mails_the_page_as_pdf_once_a_day(sending_days):
    box = Box()

    assert send_briefs(sending_days.engine, MAIL, SETTINGS, FRIDAY, box) == Told(sent=1, failed=0)
    assert send_briefs(sending_days.engine, MAIL, SETTINGS, FRIDAY + timedelta(hours=1), box) == Told(sent=0, failed=0)
    assert send_briefs(sending_days.engine, MAIL, SETTINGS, FRIDAY + timedelta(days=1), box) == Told(sent=1, failed=0)
    assert box.keys == ["daily-2026-01-09", "daily-2026-01-10"]
    assert box.contents[0]["text"].startswith("每日研判 2026-01-09\n\n每日研判\n全区")
    attached = box.contents[0]["attached"]
    (page,) = page_texts(base64.b64decode(attached["base64"]))
    assert (attached["name"], "先看哪里，为什么" in page) == ("每日研判2026-01-09.pdf", True)


def test_send_briefs_tells_a_chat_in_150_characters_with_a_link(sending_days):
    box = Box()
    send_briefs(sending_days.engine, CHAT, SETTINGS, MONDAY, box)

    texts = [each["text"]["content"] for each in box.contents]
    assert [text[:6] for text in texts] == ["【每日研判】", "【一周研判】"]
    assert all(len(text) <= 150 for text in texts)
    assert texts[0].endswith("https://yujing.example/brief?kind=daily")


@pytest.mark.parametrize(
    ("receiver", "moment", "due"),
    [
        (MAIL, FRIDAY, ["daily"]),
        (MAIL, MONDAY, ["daily", "weekly"]),
        (MAIL, FRIDAY.replace(hour=7, minute=29), []),
        (MAIL.model_copy(update={"briefs": ("weekly",)}), FRIDAY, []),
        (MAIL.model_copy(update={"department": "labour"}), MONDAY, []),
        (Receiver(name="desk", url="http://127.0.0.1:1/alerts"), MONDAY, []),
    ],
)
def test_due_briefs_follow_the_clock_and_the_receiver(receiver, moment, due):
    assert list(due_briefs(receiver, "07:30", moment)) == due


def test_send_briefs_tries_again_and_gives_up_as_alerts_do(sending_days):
    box = Box()
    box.down = True
    first = send_briefs(sending_days.engine, MAIL, SETTINGS, FRIDAY, box)
    for hour in range(1, 2 * MOST_ATTEMPTS):
        moment = FRIDAY + timedelta(minutes=30 * hour)
        if moment.date() == FRIDAY.date():
            send_briefs(sending_days.engine, MAIL, SETTINGS, moment, box)

    assert first == Told(sent=0, failed=1)
    assert dead_letters(sending_days.engine) == [("office", "daily-2026-01-09", 0)]


def test_send_briefs_waits_while_publishing_is_paused(sending_days):
    box = Box()
    pause(sending_days.engine, OPERATOR, next(iter(PauseReason)), FRIDAY)

    assert send_briefs(sending_days.engine, MAIL, SETTINGS, FRIDAY, box) == Told(sent=0, failed=0)


def test_send_briefs_before_the_first_list_is_no_attempt(engine):
    assert send_briefs(engine, MAIL, SETTINGS, FRIDAY, Box()) == Told(sent=0, failed=0)
    assert dead_letters(engine) == []
