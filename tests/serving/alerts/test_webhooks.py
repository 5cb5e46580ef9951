import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from serving.alerts import webhooks
from serving.alerts.messages import post, sign, signature_of
from serving.alerts.transitions import take_step
from serving.alerts.webhooks import MOST_ATTEMPTS, Told, dead_letters, deliver, resend
from serving.rankings.publishing import release
from serving.settings import Receiver
from tests.serving.alerts.conftest import ANALYST, NOW, QUIET, WORKER

KEY = b"k" * 32
DESK = Receiver(name="desk", url="http://127.0.0.1:1/alerts")


class Desk:
    """A receiver that keeps what it takes, and takes nothing while it is down."""

    def __init__(self) -> None:
        self.down = False
        self.names: list[str] = []

    def __call__(self, url, body, headers) -> bool:
        if not self.down:
            self.names.append(headers["Idempotency-Key"])
        return not self.down


def test_deliver_tells_every_step_once_and_in_order(days, asked):
    days.publish()
    first, second = days.alerts()
    desk = Desk()

    assert deliver(days.engine, DESK, KEY, NOW, desk) == Told(sent=2, failed=0)
    take_step(days.engine, WORKER, first.alert_id, asked("acknowledge"), NOW)
    deliver(days.engine, DESK, KEY, NOW, desk)

    assert sorted(desk.names[:2]) == sorted(f"{each.alert_id}-1" for each in (first, second))
    assert desk.names[2:] == [f"{first.alert_id}-2"]
    assert deliver(days.engine, DESK, KEY, NOW, desk) == Told(sent=0, failed=0)


def test_deliver_receiver_that_is_down_for_an_hour_misses_nothing(days):
    days.publish()
    desk = Desk()
    for minute in range(130):
        desk.down = minute < 60
        deliver(days.engine, DESK, KEY, NOW + timedelta(minutes=minute), desk)

    assert sorted(desk.names) == sorted(f"{each.alert_id}-1" for each in days.alerts())
    assert dead_letters(days.engine) == []


def test_deliver_gives_up_at_last_and_lists_the_dead_letters(days):
    days.publish()
    desk = Desk()
    desk.down = True
    for hour in range(2 * MOST_ATTEMPTS):
        deliver(days.engine, DESK, KEY, NOW + timedelta(hours=hour), desk)

    assert dead_letters(days.engine) == [("desk", each, 1) for each in sorted(alert.alert_id for alert in days.alerts())]


def test_resend_tells_dead_letters_again_with_all_attempts_before_them(days):
    days.publish()
    desk = Desk()
    desk.down = True
    for hour in range(2 * MOST_ATTEMPTS):
        deliver(days.engine, DESK, KEY, NOW + timedelta(hours=hour), desk)
    later = NOW + timedelta(days=3)

    assert [resend(days.engine, name, "someone", later) for name in ("desk", "desk", "nobody")] == [2, 0, 0]
    assert dead_letters(days.engine) == []

    deliver(days.engine, DESK, KEY, later, desk)
    desk.down = False
    deliver(days.engine, DESK, KEY, later + timedelta(minutes=1), desk)

    assert sorted(desk.names) == sorted(f"{each.alert_id}-1" for each in days.alerts())


def test_deliver_killed_between_sending_and_noting_sends_again_under_the_same_name(days, monkeypatch):
    days.publish()
    desk, note = Desk(), webhooks.note_attempt
    monkeypatch.setattr(webhooks, "note_attempt", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        deliver(days.engine, DESK, KEY, NOW, desk)
    monkeypatch.setattr(webhooks, "note_attempt", note)
    deliver(days.engine, DESK, KEY, NOW, desk)

    assert len(desk.names) == 3
    assert set(desk.names) == {f"{each.alert_id}-1" for each in days.alerts()}


def test_deliver_tells_nothing_of_a_held_list(days):
    entry = days.publish(settings=QUIET.model_copy(update={"review": True}))
    desk = Desk()
    deliver(days.engine, DESK, KEY, NOW, desk)
    before = list(desk.names)
    release(days.engine, ANALYST, entry.ranking_id, NOW)
    deliver(days.engine, DESK, KEY, NOW, desk)

    assert (before, len(desk.names)) == ([], 2)


def test_post_sends_what_was_signed_and_follows_no_redirection():
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append((self.path, body, dict(self.headers)))
            self.send_response(302 if self.path == "/moved" else 204)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    body = json.dumps({"a": 1}).encode()
    answers = [post(f"{address}/{path}", body, sign(KEY, "x-1", NOW, body)) for path in ("alerts", "moved")]
    server.shutdown()
    server.server_close()

    assert answers == [True, False]
    assert [path for path, *_ in received] == ["/alerts", "/moved"]
    moment = str(int(NOW.timestamp()))
    assert received[0][2]["Webhook-Signature"] == f"v1,{signature_of(KEY, 'x-1', moment, body)}"
    assert post(DESK.url, body, {}) is False
