"""Mail to a real SMTP server: what arrives, and what happens where it does not."""

import json
import ssl
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from ipaddress import IPv4Address
from socket import create_connection

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from serving.alerts import messages
from serving.alerts.messages import send_mail
from serving.briefs.briefs import send_briefs
from serving.settings import Receiver, Settings
from tests.serving.alerts.conftest import NOW, Days

HEADERS = {"Idempotency-Key": "alert-1"}
ACCOUNT, PASSWORD = "duty@office.example", "p@ss/word"
LOGIN = "duty%40office.example:p%40ss%2Fword@"


class Mailbox:
    """Takes every mail, from whoever knows the password."""

    def __init__(self) -> None:
        self.mails = []
        self.encrypted = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        self.mails.append(BytesParser(policy=policy.default).parsebytes(envelope.content))
        self.encrypted.append(session.ssl is not None)
        return "250 taken"

    def __call__(self, server, session, envelope, mechanism, login) -> AuthResult:
        return AuthResult(success=(login.login.decode(), login.password.decode()) == (ACCOUNT, PASSWORD))


class Listening(Controller):
    """A server on whatever port is free."""

    @property
    def address(self):
        return self.server.sockets[0].getsockname()

    def _trigger_server(self):
        create_connection(self.address).close()


@contextmanager
def mail_server(**options):
    """Run a server on a free port of this machine; yield its mailbox and its port."""
    mailbox = Mailbox()
    controller = Listening(mailbox, hostname="127.0.0.1", port=0, authenticator=mailbox, ready_timeout=60, **options)
    controller.start()
    yield mailbox, controller.address[1]
    controller.stop()


@pytest.fixture
def certificate(tmp_path, monkeypatch) -> ssl.SSLContext:
    """A server's side of TLS, with a certificate of its own that this process trusts."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail")])
    made = datetime.now(UTC) - timedelta(days=1)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), made, made + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    file = tmp_path / "mail.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + signed.public_bytes(Encoding.PEM))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    return context


def send(url: str) -> bool:
    return send_mail(url, json.dumps({"to": ["a@x.example", "b@x.example"], "text": "签收一条预警提示。请查看"}).encode(), HEADERS)


def test_mail_arrives_with_its_subject_sender_and_receivers():
    with mail_server() as (mailbox, port):
        assert send(f"smtp://127.0.0.1:{port}")

    (mail,) = mailbox.mails
    assert ("签收一条预警提示", "yujing@127.0.0.1") == (mail["Subject"], mail["From"])
    assert ("a@x.example, b@x.example", "<alert-1@yujing>") == (mail["To"], mail["Message-ID"])
    assert "签收一条预警提示。请查看" == mail.get_content().strip()


def test_brief_arrives_with_its_page_attached(engine):
    days = Days(engine)
    days.publish()
    with mail_server() as (mailbox, port):
        office = Receiver(name="office", url=f"smtp://127.0.0.1:{port}", kind="mail", to=("office@example.org",))
        send_briefs(days.engine, office, Settings(), NOW.replace(hour=8), send_mail)

    (mail,) = mailbox.mails
    (attached,) = mail.iter_attachments()
    assert ("每日研判 2026-01-09", "每日研判2026-01-09.pdf") == (mail["Subject"], attached.get_filename())
    assert attached.get_content().startswith(b"%PDF-")


def test_password_is_sent_only_after_the_turn_to_tls(certificate):
    with mail_server(tls_context=certificate, auth_require_tls=True) as (mailbox, port):
        assert send(f"smtp://{LOGIN}127.0.0.1:{port}")

    assert ([True], ACCOUNT) == (mailbox.encrypted, mailbox.mails[0]["From"])


def test_smtps_is_encrypted_from_the_start(certificate):
    with mail_server(ssl_context=certificate, auth_require_tls=False) as (mailbox, port):
        assert send(f"smtps://{LOGIN}127.0.0.1:{port}")

    assert 1 == len(mailbox.mails)


def test_server_whose_certificate_is_not_trusted_gets_nothing(certificate, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with mail_server(ssl_context=certificate) as (mailbox, port):
        assert not send(f"smtps://127.0.0.1:{port}")

    assert [] == mailbox.mails


def test_wrong_password_is_told_and_nothing_sent(certificate):
    with mail_server(tls_context=certificate, auth_require_tls=True) as (mailbox, port):
        assert not send(f"smtp://duty:wrong@127.0.0.1:{port}")

    assert [] == mailbox.mails


def test_submission_port_never_stays_in_the_clear(monkeypatch):
    with mail_server() as (mailbox, port):
        monkeypatch.setattr(messages, "SUBMISSION_PORT", port)
        assert not send(f"smtp://127.0.0.1:{port}")

    assert [] == mailbox.mails
