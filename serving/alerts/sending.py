"""Sending one message by HTTP or SMTP: whatever the receiver does, it is over by one deadline and never raises."""

import base64
import json
import logging
import smtplib
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Mapping
from email.message import EmailMessage
from http.client import HTTPConnection
from threading import Thread
from urllib.parse import SplitResult, unquote, urlsplit

TIMEOUT_SECONDS = 5.0
"""Per connection attempt and per read."""
TOTAL_SECONDS = 15.0
"""From the look-up of the name to the answer, however slowly the receiver gives it."""
PORTS = {"http": 80, "https": 443, "smtp": smtplib.SMTP_PORT, "smtps": smtplib.SMTP_SSL_PORT}
SUBMISSION_PORT = 587
"""On which SMTP begins in the clear and must turn to TLS."""

log = logging.getLogger(__name__)


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
