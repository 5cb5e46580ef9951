"""The briefs there are, the desk they are written at, and how they are sent by themselves.

They are sent once a day from a time on, once a week on Mondays, through the receivers of alerts.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, time

from sqlalchemy import Engine, select

from features.database.alert_tables import delivery
from features.database.engine import reading, writing
from features.errors import NotReadyError
from serving.accounts.permissions import Scope
from serving.alerts.messages import MOST_CHARACTERS, Attachment, Message, compose_text
from serving.alerts.webhooks import Post, Told, note_attempt
from serving.briefs.daily import daily_brief
from serving.briefs.desk import Desk, gazetteer_of
from serving.briefs.weekly import weekly_brief
from serving.documents.files import to_pdf
from serving.documents.paper import Language, Paper, to_text
from serving.rankings.ledger import newest, read_body
from serving.rankings.publishing import paused
from serving.server.list_cache import PublishedList
from serving.settings import BriefKind, Receiver, Settings

WRITERS: Mapping[BriefKind, Callable[[Desk], Paper]] = {"daily": daily_brief, "weekly": weekly_brief}

MONDAY = 0
VERSION = 0
"""Briefs have no versions; alerts count theirs from 1."""


def open_desk(engine: Engine, settings: Settings, scope: Scope, now: datetime, language: Language = "zh") -> Desk:
    """Return what briefs of an area are written from, with the names that the newest list knows.

    Raises:
        NotReadyError: no list was ever published.
    """
    entry = newest(engine)
    if entry is None:
        raise NotReadyError("a brief needs a published list, found none. Run `yujing rank --as-of DATE`.")
    names = gazetteer_of(engine, PublishedList.of(entry, read_body(engine, entry)))
    return Desk(engine, settings, scope, names, now.astimezone(settings.tz), language)


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
