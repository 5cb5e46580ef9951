"""Briefs that are sent by themselves: once a day from a time on, once a week on Mondays, through the receivers of alerts.

What was sent stands beside the messages about alerts, under a name such as `daily-2026-11-29`, so that it is tried again, counted and
listed as they are.
"""

from collections.abc import Iterator
from datetime import datetime, time

from sqlalchemy import Engine, select

from features.database.alert_tables import delivery
from features.database.engine import reading, writing
from features.errors import NotReadyError
from serving.accounts.permissions import Scope
from serving.alerts.messages import MOST_CHARACTERS, Attachment, Message, compose_text
from serving.alerts.webhooks import Post, Told, note_attempt
from serving.briefs.briefs import WRITERS, open_desk
from serving.documents.paper import Paper, to_text
from serving.documents.pdf import to_pdf
from serving.rankings.publishing import paused
from serving.settings import BriefKind, Receiver, Settings

MONDAY = 0
VERSION = 0
"""Briefs have no versions; alerts count theirs from 1."""


def due_briefs(receiver: Receiver, brief_time: str, now: datetime) -> Iterator[BriefKind]:
    """Yield the briefs that a receiver should have got by a moment in the local zone."""
    if now.time() < time.fromisoformat(brief_time):
        return
    for kind in receiver.reads_briefs:
        if kind == "daily" or now.weekday() == MONDAY:
            yield kind


def send_briefs(engine: Engine, receiver: Receiver, settings: Settings, now: datetime, post: Post) -> Told:
    """Send a receiver the briefs that are due and that it has not got; nothing while publishing is paused or before the first list."""
    local, sent, failed = now.astimezone(settings.tz), 0, 0
    for kind in due_briefs(receiver, settings.alerts.brief_time, local):
        name = f"{kind}-{local.date()}"
        attempts = _attempts(engine, receiver.name, name, now)
        if attempts is None or paused(engine):
            continue
        try:
            message = _compose(engine, receiver, settings, (kind, name), local)
        except NotReadyError:
            continue
        taken = post(*message)
        sent, failed = sent + taken, failed + (not taken)
        entry = {"alert_id": name, "version": VERSION, "attempts": attempts or None}
        with writing(engine) as connection:
            note_attempt(connection, receiver.name, entry, now, taken=taken)
    return Told(sent, failed)


def _attempts(engine: Engine, receiver: str, name: str, now: datetime) -> int | None:
    """Return how often a brief was tried; None where it was taken, was given up, or is not to be tried again yet."""
    key = (delivery.c.receiver == receiver, delivery.c.alert_id == name, delivery.c.version == VERSION)
    with reading(engine) as connection:
        row = connection.execute(select(delivery.c.attempts, delivery.c.state, delivery.c.next_at).where(*key)).first()
    if row is None:
        return 0
    return row.attempts if row.state == "waiting" and row.next_at <= now else None


def _compose(engine: Engine, receiver: Receiver, settings: Settings, about: tuple[BriefKind, str], now: datetime) -> Message:
    kind, name = about
    paper = WRITERS[kind](open_desk(engine, settings, Scope(receiver.area), now))
    if receiver.kind == "mail":
        text = f"{paper.title} {now.date()}\n\n{to_text(paper)}"
        return compose_text(receiver, name, text, now, Attachment(f"{paper.title}{now.date()}.pdf", to_pdf(paper)))
    return compose_text(receiver, name, short_brief(paper, settings.serving.public_url, kind), now)


def short_brief(paper: Paper, public_url: str, kind: BriefKind) -> str:
    """Say a brief in at most 150 characters, with a link to its page."""
    head = f"【{paper.title}】"
    link = f"{public_url}/brief?kind={kind}" if public_url else ""
    return head + "".join(paper.headline)[: MOST_CHARACTERS - len(head) - len(link)] + link
