"""Messages to receivers: what is sent to a program, a group chat, a mailbox or an SMS gateway, and how it is signed.

Programs get JSON signed as Standard Webhooks say. People get a text of at most 150 characters with a link to the alert: place, level and
what is due, no counts. Chat formats are those of 企业微信/政务微信 and 钉钉/浙政钉 robots; apprise knows them too, but only on the public
hosts, not on those that governments run themselves, and it brings its own HTTP client without our deadline.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

from serving.alerts.lifecycle import Action, State, due_at
from serving.settings import DueHours, Receiver

MOST_CHARACTERS = 150
REMINDER = "reminder"
TAGS: Mapping[str, str] = {
    "raised": "预警提示",
    Action.HAND_OVER: "移交",
    Action.REQUEST_SUPERVISION: "提请督办",
    Action.SUPERVISE: "督办",
    Action.REOPEN: "重新开启",
    REMINDER: "催办",
}
"""Steps that people are told of, by the word that a message begins with."""
NEXT = {State.PUBLISHED: "签收", State.ACKNOWLEDGED: "开始处置", State.IN_ACTION: "处置完毕"}


class Message(NamedTuple):
    """Message that is sent."""

    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Site:
    """Words of messages about this service."""

    public_url: str = ""
    due_hours: DueHours = field(default_factory=DueHours)
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Shanghai"))


def compose_message(receiver: Receiver, key: bytes, entry: Mapping[Any, Any], site: Site, now: datetime) -> Message:
    """Return the message about one entry of the history, as its receiver wants it."""
    name = f"{entry['alert_id']}-{entry['version']}"
    if receiver.kind == "webhook":
        body = _event(entry, site)
        return Message(receiver.url, body, sign(key, name, now, body))
    return compose_text(receiver, name, short_text(entry, site), now)


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a mail."""

    name: str
    content: bytes

    def to_json(self) -> dict[str, str]:
        """Return it as it waits in a message."""
        return {"name": self.name, "base64": base64.b64encode(self.content).decode()}


def compose_text(receiver: Receiver, name: str, text: str, now: datetime, attached: Attachment | None = None) -> Message:
    """Return a text for people as the receiver's kind wants it; a mailbox gets the file that goes with it, others get none."""
    url = _signed_for_dingtalk(receiver, now) if receiver.kind == "dingtalk" else receiver.url
    content: dict[str, object] = {"msgtype": "text", "text": {"content": text}}
    if receiver.kind in {"sms", "mail"}:
        content = {"to": list(receiver.to), "text": text}
    if receiver.kind == "mail" and attached:
        content["attached"] = attached.to_json()
    return Message(url, json.dumps(content, ensure_ascii=False).encode(), {"Content-Type": "application/json", "Idempotency-Key": name})


def sign(key: bytes, name: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the headers of Standard Webhooks: id, the same however often it is sent, moment, and signature over both and the body."""
    moment = str(int(now.timestamp()))
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": name,
        "webhook-id": name,
        "webhook-timestamp": moment,
        "webhook-signature": f"v1,{signature_of(key, name, moment, body)}",
    }


def signature_of(key: bytes, name: str, moment: str, body: bytes) -> str:
    """Return the signature of a message in base64: HMAC-SHA256 over id, moment and body joined by dots."""
    signed = b".".join((name.encode(), moment.encode(), body))
    return base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def short_text(entry: Mapping[Any, Any], site: Site) -> str:
    """Say an entry to people: what it is, where, what is due by when, and the link; at most 150 characters."""
    head = f"【{TAGS[entry['action']]}】"
    tail = f"。{_due(entry, site)}不针对个人。{_link(entry, site)}"
    return head + _title(entry)[: MOST_CHARACTERS - len(head) - len(tail)] + tail


def _event(entry: Mapping[Any, Any], site: Site) -> bytes:
    """Return a step as JSON, with the alert's title and link, for a card; the same bytes however often it is sent."""
    names = ("alert_id", "version", "action", "state", "reason", "grid_id", "path", "level", "owner", "department")
    event = {name: entry[name] for name in names}
    event |= {"at": entry["at"].astimezone(UTC).isoformat(), "title": _title(entry), "url": _link(entry, site)}
    return json.dumps(event, ensure_ascii=False).encode()


def _title(entry: Mapping[Any, Any]) -> str:
    """Return the Chinese title of an alert without the mark it begins with."""
    title: str = json.loads(entry["body"])["title"]["zh"].partition("】")[2]
    return title


def _link(entry: Mapping[Any, Any], site: Site) -> str:
    return f"{site.public_url}/alerts/{entry['alert_id']}" if site.public_url else ""


def _due(entry: Mapping[Any, Any], site: Site) -> str:
    state = State(entry["state"])
    due = due_at(state, entry["since"], site.due_hours)
    if due is None:
        return ""
    if entry["action"] == REMINDER:
        return f"已超时，请尽快{NEXT[state]}。"
    local = due.astimezone(site.zone)
    return f"请于{local.month}月{local.day}日{local:%H:%M}前{NEXT[state]}。"


def _signed_for_dingtalk(receiver: Receiver, now: datetime) -> str:
    """Return the address of a 钉钉 robot with the signature that it asks for where it has a secret."""
    if receiver.secret_file is None:
        return receiver.url
    secret, moment = receiver.secret_file.read_text(encoding="utf-8").strip(), str(int(now.timestamp() * 1000))
    signed = hmac.digest(secret.encode(), f"{moment}\n{secret}".encode(), hashlib.sha256)
    return f"{receiver.url}&timestamp={moment}&sign={quote_plus(base64.b64encode(signed))}"
