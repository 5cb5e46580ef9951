"""The register of undertakings: seen, entered and ended within one's own area and with an entry in the audit trail.

Estimates of what they were followed by and what helped are read as the review stored them.
"""

import json
import secrets
from dataclasses import dataclass, replace
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection, Engine, func, select

from features.database import tables
from features.database.engine import reading, writing
from features.database.tables import undertaking_review
from features.errors import ForbiddenError, NotFoundError, UsageError
from features.eventlog.undertakings import append_by_hand, current_undertakings, paths_above, paths_of
from features.intake.personal_data.screening import find_identifier
from features.undertakings.undertaking import EVERYWHERE, SEPARATOR, Undertaking, UndertakingKind, sub_kinds_of
from serving import audit
from serving.accounts.permissions import Actor, Right, Scope
from serving.text import Text

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
        audit.record(connection, actor.account_id, "undertaking.enter", stored.undertaking_id, detail, now)
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
        audit.record(connection, actor.account_id, "undertaking.end", undertaking_id, detail, now)
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


class Estimate(BaseModel):
    """Ratio of cases to those without the treatment, or the reason why it cannot be told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ratio: float | None = Field(None, description="Below 1 is fewer", examples=[0.62])
    low: float | None = Field(None, description="Low end of the 95 % interval", examples=[0.41])
    high: float | None = Field(None, description="High end of the 95 % interval", examples=[0.94])
    units: int = Field(0, description="Grids that were compared", examples=[24])
    cases: int = Field(0, description="Cases counted in them afterwards", examples=[180])
    cannot_tell: str | None = Field(None, description="Why there is no figure", examples=["few_treated"])


@dataclass(frozen=True)
class Review:
    """The newest stored estimates."""

    as_of: date
    estimates: dict[str, Estimate]
    """By `followed/kind/sub_kind`, `helped/treatment/sub_kind` and `helped/acting`."""

    def of(self, *key: str) -> Estimate | None:
        """Return one estimate; None where nothing was estimated."""
        return self.estimates.get("/".join(key))


REASONS = {
    "few_treated": Text(zh="可比的网格不足5个", en="fewer than 5 grids to compare"),
    "few_cases": Text(zh="事项不足20件", en="fewer than 20 cases"),
    "few_drawn": Text(zh="随机抽到的网格不足30个", en="fewer than 30 grids drawn at random"),
    "few_blocks": Text(zh="可比的镇街和月份太少", en="too few townships and months to compare"),
}
NOTHING = Text(zh="尚无同类记录，无法判断。", en="No such record yet; cannot be told.")


def read_review(engine: Engine) -> Review | None:
    """Return the newest estimates; None before the first."""
    query = select(undertaking_review.c.as_of, undertaking_review.c.body).order_by(undertaking_review.c.id.desc()).limit(1)
    with reading(engine) as connection:
        row = connection.execute(query).first()
    if row is None:
        return None
    return Review(row.as_of, {key: Estimate.model_validate(value) for key, value in json.loads(row.body).items()})


def say_followed(estimate: Estimate | None) -> Text:
    """Say what such undertakings were followed by.

    >>> say_followed(Estimate(ratio=2.1, low=1.4, high=3.0, units=12, cases=60)).zh
    '过去同类12处，开始后8周内群众反映的事项约为相邻网格同期变化的2.1倍（1.4–3.0倍）。'
    """
    if estimate is None or estimate.ratio is None:
        return _cannot_tell(estimate)
    figures = f"{estimate.ratio:.1f}", f"{estimate.low:.1f}", f"{estimate.high:.1f}"
    return Text(
        zh=f"过去同类{estimate.units}处，开始后8周内群众反映的事项约为相邻网格同期变化的{figures[0]}倍（{figures[1]}–{figures[2]}倍）。",
        en=f"After {estimate.units} such starts, cases in 8 weeks were {figures[0]} times those to expect ({figures[1]} to {figures[2]}).",
    )


def say_helped(estimate: Estimate | None) -> Text:
    """Say whether something helped.

    >>> say_helped(Estimate(ratio=0.6, low=0.4, high=0.9, units=24, cases=80)).zh
    '有帮助：事项约为没有这样做时的0.60倍（0.40–0.90倍，24处）。'
    """
    if estimate is None or estimate.ratio is None or estimate.low is None or estimate.high is None:
        return _cannot_tell(estimate)
    zh, en = (
        ("有帮助", "Helped")
        if estimate.high < 1
        else ("反而更多", "More than before")
        if estimate.low > 1
        else ("看不出差别", "No difference seen")
    )
    figures = f"{estimate.ratio:.2f}", f"{estimate.low:.2f}", f"{estimate.high:.2f}"
    return Text(
        zh=f"{zh}：事项约为没有这样做时的{figures[0]}倍（{figures[1]}–{figures[2]}倍，{estimate.units}处）。",
        en=f"{en}: {figures[0]} times the cases there would have been ({figures[1]} to {figures[2]}, {estimate.units} grids).",
    )


def _cannot_tell(estimate: Estimate | None) -> Text:
    if estimate is None or estimate.cannot_tell not in REASONS:
        return NOTHING
    reason = REASONS[estimate.cannot_tell]
    return Text(zh=f"无法判断：{reason.zh}。", en=f"Cannot be told: {reason.en}.")
