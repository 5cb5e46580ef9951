"""Messages to receivers: what is sent to a program, a group chat, a mailbox or an SMS gateway, and how it is signed.

Programs get JSON signed as Standard Webhooks say. People get a text of at most 150 characters with a link to the alert: place, level and
what is due, no counts. Chat formats are those of 企业微信/政务微信 and 钉钉/浙政钉 robots; apprise knows them too, but only on the public
hosts, not on those that governments run themselves, and it brings its own HTTP client without our deadline.

Sending one message by HTTP or SMTP: whatever the receiver does, it is over by one deadline and never raises.
"""

import base64
import hashlib
import hmac
import json
import logging
import smtplib
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from http.client import HTTPConnection
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import SplitResult, quote_plus, unquote, urlsplit
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

TIMEOUT_SECONDS = 5.0
"""Per connection attempt and per read."""
TOTAL_SECONDS = 15.0
"""From the look-up of the name to the answer, however slowly the receiver gives it."""
PORTS = {"http": 80, "https": 443, "smtp": smtplib.SMTP_PORT, "smtps": smtplib.SMTP_SSL_PORT}
SUBMISSION_PORT = 587
"""On which SMTP begins in the clear and must turn to TLS."""

log = logging.getLogger(__name__)


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


def post(url: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Send a body by HTTP and tell whether the receiver took it with a 2xx in time; whatever else happens is logged."""
    return _send_in_time(_Post(urlsplit(url), body, headers))


def send_mail(url: str, body: bytes, headers: Mapping[str, str]) -> bool:
    """Send a message by SMTP and tell whether the server took it in time; whatever else happens is logged.

    TLS from the start where the address says smtps; on port 587, and before a password is sent to a server that offers it, the connection
    turns to TLS.
    """
    return _send_in_time(_Mail(urlsplit(url), body, headers))


class _Attempt(ABC):
    """One message on its way, in a thread that can be given up."""

    def __init__(self, address: SplitResult, body: bytes, headers: Mapping[str, str]) -> None:
        self.host = address.hostname or ""
        self.taken = False
        self._address = address
        self._body = body
        self._headers = headers
        self._cut: socket.socket | None = None
        self._given_up = False

    def run(self) -> None:
        """Send the message and learn whether it was taken."""
        try:
            self.taken = self._send()
        except Exception as error:  # noqa: BLE001 - nothing that a receiver does may end the thread of deliveries
            if not self._given_up:
                log.warning("a message was not delivered to %s: %s: %s", self.host, type(error).__name__, error)
        finally:
            if self._cut:
                self._cut.close()

    def give_up(self) -> None:
        """Cut the connection, which ends the thread."""
        self._given_up = True
        if self._cut:
            self._cut.shutdown(socket.SHUT_RDWR)

    @abstractmethod
    def _send(self) -> bool:
        """Send the message and return whether it was taken."""

    def connect(self) -> socket.socket:
        """Return a connection to the receiver, encrypted where its address says so."""
        scheme = self._address.scheme
        connected = socket.create_connection((self.host, self._address.port or PORTS[scheme]), TIMEOUT_SECONDS)
        self._cut = connected.dup()  # can be cut while TLS holds the other
        if scheme not in ("https", "smtps"):
            return connected
        return ssl.create_default_context().wrap_socket(connected, server_hostname=self.host)


def _send_in_time(attempt: _Attempt) -> bool:
    thread = Thread(target=attempt.run, name="receiver", daemon=True)
    thread.start()
    thread.join(TOTAL_SECONDS)
    if thread.is_alive():
        attempt.give_up()
        log.warning("a receiver did not answer within %s s: %s", TOTAL_SECONDS, attempt.host)
        return False
    return attempt.taken


class _Post(_Attempt):
    def _send(self) -> bool:
        address = self._address
        connection = HTTPConnection(self.host)
        with self.connect() as connection.sock:
            target = (address.path or "/") + (f"?{address.query}" if address.query else "")
            headers = {**{name.title(): value for name, value in self._headers.items()}, "Host": address.netloc, "Connection": "close"}
            connection.request("POST", target, self._body, headers)
            status = connection.getresponse().status
            connection.close()
        if not (taken := 200 <= status < 300):
            log.warning("a receiver answered %s: %s", status, self.host)
        return taken


class _Mail(_Attempt):
    def _send(self) -> bool:
        mail = _compose_mail(self._address, json.loads(self._body), self._headers["Idempotency-Key"])
        with _SmtpClient(self) as server:
            server.ehlo()
            account, password = unquote(self._address.username or ""), unquote(self._address.password or "")
            if self._address.port == SUBMISSION_PORT or (password and server.has_extn("starttls")):
                server.starttls(context=ssl.create_default_context())
            if account and password:
                server.login(account, password)
            return not server.send_message(mail)


class _SmtpClient(smtplib.SMTP):
    """A client on the connection of an attempt."""

    def __init__(self, attempt: _Attempt) -> None:
        self._attempt = attempt
        super().__init__(attempt.host, 1, timeout=TIMEOUT_SECONDS)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - smtplib's own name for it
        return self._attempt.connect()


def _compose_mail(address: SplitResult, content: Mapping[str, object], name: str) -> EmailMessage:
    """Return a mail of the account at the server, its first line or sentence as the subject."""
    account, text = unquote(address.username or "yujing"), str(content["text"])
    mail = EmailMessage()
    mail["Subject"] = text.partition("\n")[0].partition("。")[0]
    mail["From"] = account if "@" in account else f"{account}@{address.hostname}"
    mail["To"] = ", ".join(content["to"])  # type: ignore[arg-type] # a list of addresses, see `compose_message`
    mail["Message-ID"] = f"<{name}@yujing>"
    mail.set_content(text)
    attached = content.get("attached")
    if isinstance(attached, Mapping):
        mail.add_attachment(base64.b64decode(attached["base64"]), "application", "pdf", filename=attached["name"])
    return mail
