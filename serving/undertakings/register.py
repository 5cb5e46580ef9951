"""Seeing, entering and ending undertakings, within one's own area and with an entry in the audit trail."""

import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection, Engine, func, select

from features.database import undertaking_tables as tables
from features.database.engine import reading, writing
from features.errors import ForbiddenError, NotFoundError, UsageError
from features.eventlog.undertakings import append_by_hand, current_undertakings, paths_above, paths_of
from features.intake.personal_data.screening import find_identifier
from features.undertakings.codes import UndertakingKind, sub_kinds_of
from features.undertakings.undertaking import EVERYWHERE, SEPARATOR, Undertaking
from serving.accounts.permissions import Actor, Right, Scope
from serving.audit import audit_log

MOST_NAME_CHARS = 60
LEAST_ATTENTION, MOST_ATTENTION = 0.25, 4.0


@dataclass(frozen=True)
class Placed:
    """An undertaking and where it lies."""

    undertaking: Undertaking
    paths: tuple[str, ...]
    """Its places as paths, a grid last in its own; empty where it covers everything."""

    def touches(self, scope: Scope) -> bool:
        """Tell whether it covers something of a scope."""
        if scope.department:
            return False
        return not self.paths or any(scope.covers(path) or Scope(path).covers(scope.path) for path in self.paths)

    def lies_in(self, scope: Scope) -> bool:
        """Tell whether all of it lies in a scope; what covers everything lies in the whole alone."""
        return all(scope.covers(path) for path in self.paths or (EVERYWHERE,))


def list_undertakings(engine: Engine, actor: Actor, today: date) -> list[Placed]:
    """Return what concerns one's own area, by start; what is not public yet is for those who enter undertakings."""
    with reading(engine) as connection:
        placed = _placed(connection)
    seen = actor.may(Right.UNDERTAKE)
    return [each for each in placed if each.touches(actor.scope) and (seen or each.undertaking.public_at <= today)]


def begun_or_ahead(engine: Engine, scope: Scope, today: date) -> list[Placed]:
    """Return what is public and concerns a scope, and has not ended before today."""
    with reading(engine) as connection:
        placed = _placed(connection)
    return [
        each
        for each in placed
        if each.touches(scope)
        and each.undertaking.public_at <= today
        and (each.undertaking.end_at is None or today < each.undertaking.end_at)
    ]


def newest_numbers(engine: Engine) -> tuple[int | None, int | None]:
    """Return the numbers of the newest version and of the newest estimates: while they stay, so does all that is read of undertakings."""
    with reading(engine) as connection:
        version = connection.execute(select(func.max(tables.undertaking.c.seq))).scalar()
        return version, connection.execute(select(func.max(tables.undertaking_review.c.id))).scalar()


def enter_undertaking(engine: Engine, actor: Actor, entered: Undertaking, now: datetime, declared: tuple[str, ...] = ()) -> Undertaking:
    """Enter an undertaking, known from this moment on, and return it with its id.

    Raises:
        ForbiddenError: the account may not, or the places lie elsewhere.
        UsageError: a code, place or day does not fit, or the name may identify a person.
    """
    stored = replace(entered, undertaking_id=secrets.token_hex(13).upper())
    _check(stored, now, declared)
    with writing(engine) as connection:
        _refuse_elsewhere(connection, actor, stored)
        append_by_hand(connection, stored, actor.account_id, now)
        detail = {"kind": stored.kind, "sub_kind": stored.sub_kind, "places": stored.places, "start_at": str(stored.start_at)}
        audit_log.record(connection, actor.account_id, "undertaking.enter", stored.undertaking_id, detail, now)
    return stored


def end_undertaking(engine: Engine, actor: Actor, undertaking_id: str, today: date, now: datetime) -> Undertaking:
    """End an undertaking today; one that has not begun is called off. What it was before stays in the register.

    Raises:
        ForbiddenError: the account may not, or its places lie elsewhere.
        NotFoundError: there is none of that id in one's own area.
        UsageError: it has ended.
    """
    with writing(engine) as connection:
        found = [each for each in _placed(connection) if each.undertaking.undertaking_id == undertaking_id and each.touches(actor.scope)]
        if not found:
            raise NotFoundError("No such undertaking is in your area.")
        before = found[0].undertaking
        _refuse_elsewhere(connection, actor, before)
        if before.end_at is not None and before.end_at <= today:
            raise UsageError(f"an undertaking that is ended must not have ended before, this one did on {before.end_at}.")
        after = replace(before, end_at=today) if before.start_at < today else replace(before, withdrawn=True)
        append_by_hand(connection, after, actor.account_id, now)
        detail = {"end_at": str(after.end_at), "withdrawn": after.withdrawn}
        audit_log.record(connection, actor.account_id, "undertaking.end", undertaking_id, detail, now)
    return after


def _check(entered: Undertaking, now: datetime, declared: tuple[str, ...]) -> None:
    if entered.kind not in set(UndertakingKind):
        raise UsageError(f"kind must be one of {', '.join(UndertakingKind)}, got {entered.kind!r}.")
    if entered.sub_kind not in (allowed := sub_kinds_of(entered.kind, declared)):
        raise UsageError(f"sub_kind of a {entered.kind} must be one of {', '.join(allowed)}, got {entered.sub_kind!r}.")
    if entered.end_at is not None and entered.end_at <= entered.start_at:
        raise UsageError(f"end_at is the first day after it and must follow start_at, got {entered.end_at} and {entered.start_at}.")
    if entered.name and (len(entered.name) > MOST_NAME_CHARS or find_identifier(entered.name, now.date())):
        raise UsageError(f"a name must be at most {MOST_NAME_CHARS} characters and may not identify a person. Shorten or leave it out.")
    if entered.attention is not None and not LEAST_ATTENTION <= entered.attention <= MOST_ATTENTION:
        raise UsageError(f"attention must lie in {LEAST_ATTENTION:g} to {MOST_ATTENTION:g}, got {entered.attention:g}.")


def _refuse_elsewhere(connection: Connection, actor: Actor, undertaking: Undertaking) -> None:
    """Let only those enter and end it whose area holds all of its places."""
    above = paths_above(connection)
    known = _known(above)
    if unknown := [place for place in undertaking.place_list if place not in known]:
        raise UsageError(f"places must be grids or areas of the grid table, and {', '.join(unknown[:3])} are not. Correct them.")
    if not (actor.may(Right.UNDERTAKE) and _place(undertaking, above).lies_in(actor.scope)):
        raise ForbiddenError(
            "undertakings are entered for places of one's own area, by those who have the right undertake. Ask who has it."
        )


def _placed(connection: Connection) -> list[Placed]:
    above = paths_above(connection)
    return [_place(each, above) for each in current_undertakings(connection)]


def _place(undertaking: Undertaking, above: dict[str, str]) -> Placed:
    return Placed(undertaking, paths_of(undertaking.place_list, above))


def _known(above: dict[str, str]) -> set[str]:
    codes = [path.split("/") for path in set(above.values()) if path]
    return set(above) | {"/".join(parts[:depth]) for parts in codes for depth in range(1, len(parts) + 1)}


def join_places(text: str) -> str:
    """Return places that were typed, in one order, each once.

    >>> join_places(" b；a; b ")
    'a;b'
    """
    return SEPARATOR.join(sorted({part.strip() for part in text.replace("；", SEPARATOR).split(SEPARATOR)} - {""}))
