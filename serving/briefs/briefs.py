"""The briefs there are, and the desk they are written at."""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy import Engine

from features.errors import NotReadyError
from serving.accounts.permissions import Scope
from serving.briefs.daily import daily_brief
from serving.briefs.desk import Desk, gazetteer_of
from serving.briefs.weekly import weekly_brief
from serving.documents.paper import Language, Paper
from serving.rankings.ledger import newest, read_body
from serving.server.list_cache import PublishedList
from serving.settings import BriefKind, Settings

WRITERS: Mapping[BriefKind, Callable[[Desk], Paper]] = {"daily": daily_brief, "weekly": weekly_brief}


def open_desk(engine: Engine, settings: Settings, scope: Scope, now: datetime, language: Language = "zh") -> Desk:
    """Return what briefs of an area are written from, with the names that the newest list knows.

    Raises:
        NotReadyError: no list was ever published.
    """
    entry = newest(engine)
    if entry is None:
        raise NotReadyError("a brief needs a published list, found none. Run `yujing rank --as-of DATE`.")
    names = gazetteer_of(PublishedList.of(entry, read_body(engine, entry)))
    return Desk(engine, settings, scope, names, now.astimezone(settings.tz), language)
