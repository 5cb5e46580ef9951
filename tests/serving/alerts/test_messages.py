"""Messages to receivers: signed JSON for programs, short texts with a link for people, each of what is for it."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from features.display import forbidden_words
from serving.alerts.messages import MOST_CHARACTERS, Site, sign
from serving.alerts.transitions import take_step
from serving.alerts.webhooks import deliver
from serving.settings import DEPARTMENTS, Receiver
from tests.serving.alerts.conftest import DISTRICT, LABOUR, NOW, TOWNSHIP, WORKER

KEY = b"k" * 32
SITE = Site("https://yujing.example")
CHAT = {"name": "chat", "url": "https://chat.example/robot?key=1"}


class Inbox:
    """A receiver that takes everything."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, dict, dict]] = []

    def __call__(self, url, body, headers) -> bool:
        self.messages.append((url, json.loads(body), headers))
        return True

    @property
    def texts(self) -> list[str]:
        return [body["text"] if isinstance(body["text"], str) else body["text"]["content"] for _, body, _ in self.messages]


def told(days, receiver: Receiver, hours: float = 0) -> Inbox:
    inbox = Inbox()
    deliver(days.engine, receiver, KEY, NOW + timedelta(hours=hours), inbox, SITE)
    return inbox


def test_signature_is_that_of_standard_webhooks() -> None:
    """HMAC-SHA256 over id, Unix seconds and body, joined by dots, in base64 after v1."""
    headers = sign(b"\x01" * 24, "msg_1", NOW, b'{"a": 1}')
    signed = f"msg_1.{int(NOW.timestamp())}.".encode() + b'{"a": 1}'
    expected = base64.b64encode(hmac.new(b"\x01" * 24, signed, hashlib.sha256).digest()).decode()

    assert headers["webhook-signature"] == f"v1,{expected}"
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("msg_1", str(int(NOW.timestamp())))


@pytest.mark.parametrize(("kind", "to"), [("wecom", ()), ("dingtalk", ()), ("sms", ("0573-0000000",))])
def test_people_get_a_short_text_with_what_is_due_and_a_link(days, kind, to) -> None:
    days.publish()
    inbox = told(days, Receiver(kind=kind, to=to, **CHAT))

    assert len(inbox.texts) == 2
    text = inbox.texts[0]
    assert text.startswith("【预警提示】示例g")
    assert "。请于1月10日06:00前签收。不针对个人。https://yujing.example/alerts/" in text
    assert len(text) <= MOST_CHARACTERS
    assert forbidden_words(text) == []


def test_text_of_the_longest_name_still_holds_the_link(days) -> None:
    row = days.rows()[0].model_copy(update={"name": "示例镇滨河社区第05网格" * 9})
    days.publish([row, *days.rows()[1:]])
    long_site = Site("https://a-rather-long-name.of-some-district.gov.example")
    inbox = Inbox()
    deliver(days.engine, Receiver(kind="wecom", **CHAT), KEY, NOW, inbox, long_site)

    assert all(len(text) <= MOST_CHARACTERS and "/alerts/" in text for text in inbox.texts)


def test_people_are_told_of_what_is_for_them_and_reminded_once(days, asked) -> None:
    days.publish()
    chat = Receiver(kind="wecom", **CHAT)
    told(days, chat)
    first = next(each for each in days.alerts() if each.grid_id == "g1")
    signed = take_step(days.engine, WORKER, first.alert_id, asked("acknowledge"), NOW)
    take_step(days.engine, DISTRICT, first.alert_id, asked("supervise", signed.version), NOW)

    assert [text[:4] for text in told(days, chat, 1).texts] == ["【督办】"]
    reminded = told(days, chat, 25).texts
    assert len(reminded) == 1
    assert reminded[0].startswith("【催办】示例g2")
    assert "已超时，请尽快签收。" in reminded[0]
    assert told(days, chat, 26).texts == []
    assert [text[:4] for text in told(days, chat, 80).texts] == ["【催办】"]


def test_department_hears_of_what_it_was_handed_and_an_area_of_its_own(days, asked) -> None:
    days.publish()
    labour, other = Receiver(kind="wecom", department="labour", **CHAT), Receiver(kind="wecom", area="d/t2", **CHAT | {"name": "t2"})
    first = next(each for each in days.alerts() if each.grid_id == "g1")
    take_step(days.engine, TOWNSHIP, first.alert_id, asked("hand_over", department="labour"), NOW, DEPARTMENTS)

    assert [text[:8] for text in told(days, labour).texts] == ["【移交】示例g1"]
    assert [text[6:10] for text in told(days, other).texts] == ["示例g2"]
    assert told(days, Receiver(kind="wecom", department="land", **CHAT | {"name": "land"})).texts == []
    assert days.alerts(LABOUR)


def test_dingtalk_robot_with_a_secret_gets_a_signed_address(days, tmp_path: Path) -> None:
    days.publish()
    secret = tmp_path / "secret"
    secret.write_text("SECabc\n")
    inbox = told(days, Receiver(kind="dingtalk", secret_file=secret, **CHAT))

    moment = str(int(NOW.timestamp() * 1000))
    expected = base64.b64encode(hmac.digest(b"SECabc", f"{moment}\nSECabc".encode(), hashlib.sha256)).decode()
    assert inbox.messages[0][0].startswith(f"{CHAT['url']}&timestamp={moment}&sign=")
    assert expected.replace("=", "%3D").replace("+", "%2B").replace("/", "%2F") in inbox.messages[0][0]


def test_program_gets_every_step_as_signed_json(days, asked) -> None:
    days.publish()
    first = next(each for each in days.alerts() if each.grid_id == "g1")
    take_step(days.engine, WORKER, first.alert_id, asked("acknowledge"), NOW)
    inbox = told(days, Receiver(name="desk", url="https://desk.example"))

    assert [body["action"] for _, body, _ in inbox.messages].count("acknowledge") == 1
    assert all("webhook-signature" in headers for _, _, headers in inbox.messages)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "mail", "url": "https://mail.example", "to": ("li@mail.example",)},
        {"kind": "webhook", "url": "smtp://mail.example"},
        {"kind": "sms", "url": "https://sms.example"},
        {"kind": "wecom", "url": "https://chat.example", "to": ("li",)},
    ],
)
def test_receiver_that_does_not_fit_its_kind_is_refused(wrong) -> None:
    with pytest.raises(ValidationError, match=r"must have an smtp address|must say to whom"):
        Receiver(name="desk", **wrong)


def test_texts_for_people_hold_no_count_of_cases(days) -> None:
    """Chats are read above the township too, so texts hold place, level and term alone."""
    days.publish()
    for text in told(days, Receiver(kind="wecom", **CHAT)).texts:
        assert "件" not in text
