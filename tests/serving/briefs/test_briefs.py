"""Briefs of hand-made lists and alerts: every figure is one that a reader can count."""

import base64
import json
from datetime import timedelta

import pytest

from features.display import forbidden_words
from serving.alerts.webhooks import MOST_ATTEMPTS, Told, dead_letters
from serving.audit import OPERATOR
from serving.briefs.briefs import due_briefs, send_briefs
from serving.documents.files import to_pdf
from serving.documents.paper import to_text
from serving.rankings.publishing import PauseReason, pause
from serving.settings import Receiver, Settings
from tests.serving.alerts.conftest import NOW, Days
from tests.serving.briefs.conftest import listed, write
from tests.support.pdf_pages import page_texts


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", ["daily", "weekly"])
def test_briefs_fit_one_page_and_hold_no_forbidden_word(days, kind, language):
    days.publish(listed("g1", "g2", "g3"))

    paper = write(days, kind, language=language)
    assert len(page_texts(to_pdf(paper))) == 1
    assert forbidden_words("".join(to_text(paper).split(paper.standing[-1]))) == []


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
