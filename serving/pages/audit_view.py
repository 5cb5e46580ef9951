"""The audit trail for people: filtered by who, what, when and where, and put in words."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, false, or_, select, true

from features.database.access_tables import account, audit
from features.database.alert_tables import alert
from features.days import day_number, midnight
from serving.accounts.permissions import Scope
from serving.accounts.row_security import reading_within
from serving.alerts.lifecycle import REASONS
from serving.alerts.queries import within
from serving.pages.layout import moment_text
from serving.pages.translations import Translator

TOPICS = (
    *("account", "session", "token", "wall", "alert", "correction", "undertaking", "ranking", "publishing"),
    *("model", "export", "score", "report", "verification", "data", "page", "settings", "webhook", "key", "ledger", "records", "audit"),
)
"""First words of the actions, in the order of the choice."""
HEADER = ("编号 id", "时间 at", "代号 actor", "操作 action", "对象 subject", "内容 detail", "散列 hash")


class AuditFilter(BaseModel):
    """Filter of an auditor; empty is everything."""

    model_config = ConfigDict(extra="forbid")

    who: str = Field(default="", max_length=64)
    """Pseudonym of an account."""
    topic: str = Field(default="", pattern=r"^[a-z_]{0,40}$")
    first: date | Literal[""] = ""
    last: date | Literal[""] = ""
    area: str = Field(default="", max_length=500)
    """Path of an area: entries about it, the places in it and their alerts."""
    before: int | None = Field(default=None, ge=1)
    names: bool = False
    """True where the login names are to be shown, which is an entry of the trail itself."""

    @property
    def detail(self) -> dict[str, str]:
        """Detail that the trail keeps of the reading."""
        return {name: str(value) for name, value in self if value and name != "before"}


@dataclass(frozen=True)
class EntryLine:
    """One entry in words."""

    id: int
    at: datetime
    actor_id: str
    action: str
    """Topic and verb as they are stored."""
    words: str
    subject: str
    detail: tuple[tuple[str, str], ...]
    """Subject that is named, and its former state."""
    hash: str


def read_entries(engine: Engine, scope: Scope, wanted: AuditFilter, zone: ZoneInfo, limit: int) -> list[Mapping[str, object]]:
    """Return the newest entries that fit, as far as an auditor of a scope may see them."""
    query = select(audit).where(*_conditions(wanted, zone), _in_reach(scope)).order_by(audit.c.id.desc()).limit(limit)
    with reading_within(engine, scope) as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def read_names(connection: Connection, actor_ids: set[str]) -> dict[str, str]:
    """Return the login names behind pseudonyms."""
    rows = connection.execute(select(account.c.account_id, account.c.name).where(account.c.account_id.in_(actor_ids)))
    return {row.account_id: row.name for row in rows}


def in_words(row: Mapping[str, object], t: Translator, zone: ZoneInfo) -> EntryLine:
    """Put an entry in words, moments in a time zone; what has none stays as it is stored."""
    detail = json.loads(str(row["detail"]))
    say = partial(_value, t=t, zone=zone)
    shown = tuple((t.named("detail", name), say(name, value)) for name, value in detail.items() if value not in (None, "", {}, []))
    at, entry_id = row["at"], row["id"]
    assert isinstance(at, datetime) and isinstance(entry_id, int)  # noqa: S101, PT018 - for the type checker: columns of the table
    action = str(row["action"])
    return EntryLine(entry_id, at, str(row["actor_id"]), action, words_of(action, t), str(row["subject"]), shown, str(row["entry_hash"]))


def words_of(action: str, t: Translator) -> str:
    """Say an action in words; where it has none, by its parts."""
    topic, _, verb = action.partition(".")
    if topic == "alert" and verb != "silence":
        return f"{t('topic_alert')} · {t.named('did', verb)}"
    return t.named("deed", f"{topic}_{verb}" if verb else topic)


def _value(name: str, value: object, t: Translator, zone: ZoneInfo) -> str:
    """Put a value in words where its name says of what kind it is."""
    if isinstance(value, Mapping):
        return ", ".join(f"{t.named('detail', key)} {_value(key, each, t, zone)}" for key, each in value.items() if each not in (None, ""))
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    if isinstance(value, bool) or value in ("True", "False"):
        return t("value_true" if value in (True, "True") else "value_false")
    if (moment := _moment(value)) is not None:
        return moment_text(moment, t, zone)
    if name == "reason":
        return _reason(str(value), t)
    kind = {"role": "role", "purpose": "purpose", "from": "state", "to": "state", "topic": "topic"}.get(name)
    return t.named(kind, str(value)) if kind else str(value)


def _moment(value: object) -> datetime | None:
    """Return the moment that a value is; None where it is none, such as a day."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _reason(code: str, t: Translator) -> str:
    """Return the words of a reason: of a step, a pause or a silence."""
    words = next((known[code] for known in REASONS.values() if code in known), None)
    if words:
        return t.of(words)
    return next((said for kind in ("pause", "silence", "contest") if (said := t.named(kind, code)) != code), code)


def _conditions(wanted: AuditFilter, zone: ZoneInfo) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [true()]
    if wanted.who:
        conditions.append(audit.c.actor_id == wanted.who)
    if wanted.topic:
        conditions.append(or_(audit.c.action == wanted.topic, audit.c.action.startswith(f"{wanted.topic}.", autoescape=True)))
    if isinstance(wanted.first, date):
        conditions.append(audit.c.at >= midnight(day_number(wanted.first), zone))
    if isinstance(wanted.last, date):
        conditions.append(audit.c.at < midnight(day_number(wanted.last + timedelta(days=1)), zone))
    if wanted.area:
        conditions.append(_about(Scope(wanted.area)))
    if wanted.before:
        conditions.append(audit.c.id < wanted.before)
    return conditions


def _in_reach(scope: Scope) -> ColumnElement[bool]:
    """Return the condition that an auditor of a part of the whole may see an entry: of the alerts and places in it alone."""
    if scope.department:
        return false()
    return true() if not scope.path else and_(_about(scope), audit.c.subject != scope.path)


def _about(area: Scope) -> ColumnElement[bool]:
    """Return the condition that an entry is about an area, a place in it or one of their alerts."""
    alerts: Select[tuple[str]] = select(alert.c.alert_id).where(within(alert.c.path, area))
    return or_(within(audit.c.subject, area), audit.c.subject.in_(alerts))
