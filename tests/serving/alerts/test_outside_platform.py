"""A platform that people already have, written with the standard library alone: it gets a card, and answers in a person's name."""

import base64
import hashlib
import hmac
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from urllib.parse import urlsplit

import pytest
import yaml
from sqlalchemy import func, select

from features.database.access_tables import session
from features.database.alert_tables import alert_transition
from features.database.engine import reading
from features.storage.home import Home
from serving.accounts.permissions import Role
from serving.cli.serve import PROGRAM
from tests.serving.alerts.conftest import ZONE, Days
from tests.support.loopback import address_of, free_port
from tests.support.visitors import sign_up

PUBLIC_URL = "https://yujing.example"
CARD_SECONDS = 60


@pytest.fixture
def cards() -> Iterator[Queue]:
    """Cards as they come, and under `url` where they are sent."""
    cards: Queue = Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            cards.put(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        cards.url = f"http://127.0.0.1:{server.server_port}/cards"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield cards
        server.shutdown()
        thread.join()


@contextmanager
def service(home: Home) -> Iterator[str]:
    """Serve a home as its command does, deliveries and all."""
    command = [sys.executable, "-c", PROGRAM, "--home", str(home.root), "serve", "--port", str(free_port())]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield address_of(process)
        finally:
            process.kill()


def signature(key: bytes, message: str, moment: str, body: bytes) -> str:
    signed = hmac.new(key, f"{message}.{moment}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def answer(base: str, key: bytes, wanted: dict[str, object]) -> dict[str, object]:
    body, moment = json.dumps(wanted).encode(), str(int(datetime.now(UTC).timestamp()))
    headers = {
        "webhook-id": "portal-000001",
        "webhook-timestamp": moment,
        "webhook-signature": signature(key, "portal-000001", moment, body),
    }
    connection = HTTPConnection(urlsplit(base).netloc)
    connection.request("POST", "/v1/platforms/portal/answers", body, {"Content-Type": "application/json", **headers})
    answered: dict[str, object] = json.loads(connection.getresponse().read())
    connection.close()
    return answered


@pytest.mark.dialect("sqlite")
def test_platform_gets_a_card_and_answers_for_a_person_who_never_signed_in(days: Days, tmp_path, cards) -> None:
    now = datetime.now(UTC)
    (account, _) = sign_up(days.engine, now, Role.TOWNSHIP, "d/t1", "li")
    days.publish(now=now, as_of=now.astimezone(ZONE).date())
    home = Home(tmp_path / "home")
    alerts = {"receivers": [{"name": "portal", "url": cards.url, "area": "d/t1"}], "platforms": [{"name": "portal"}]}
    about = {"database_url": str(days.engine.url), "serving": {"public_url": PUBLIC_URL}, "alerts": alerts}
    home.config.write_text(yaml.safe_dump(about), encoding="utf-8")

    with service(home) as base:
        headers, body = cards.get(timeout=CARD_SECONDS)
        card = json.loads(body)
        key = (home.keys / "platform-portal.key").read_bytes()
        wanted = {
            "account": account.name,
            "alert_id": card["alert_id"],
            "version": card["version"],
            "action": "acknowledge",
            "reason": "phoned",
        }
        answered = answer(base, key, wanted)

    sender = (home.keys / "receiver-portal.key").read_bytes()
    assert headers["webhook-signature"] == signature(sender, headers["webhook-id"], headers["webhook-timestamp"], body)
    assert card["url"] == f"{PUBLIC_URL}/alerts/{card['alert_id']}"
    assert card["title"]
    assert answered["state"] == "acknowledged"
    with reading(days.engine) as connection:
        steps = select(alert_transition.c.actor_id, alert_transition.c.platform).where(
            alert_transition.c.alert_id == card["alert_id"], alert_transition.c.action == "acknowledge"
        )
        assert connection.execute(steps).all() == [(account.account_id, "portal")]
        assert connection.execute(select(func.count()).select_from(session)).scalar_one() == 0
