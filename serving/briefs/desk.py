"""Sources of a brief: the lists of an area, its names, and the clock."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from pydantic_core import from_json
from sqlalchemy import Engine, select

from features.database.engine import reading
from features.database.tables import ranking
from serving.accounts.permissions import EVERYTHING, Scope
from serving.documents.paper import Language, Speaker
from serving.maps.place_names import Gazetteer
from serving.rankings.entries import Entry
from serving.rankings.ledger import newest, read_body
from serving.rankings.publishing import shown
from serving.rankings.schemas import GridRow, place_of
from serving.server.list_cache import PublishedList
from serving.settings import Settings

WEEKDAYS_ZH, WEEKDAYS_EN = "一二三四五六日", ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Desk:
    """One area at one moment, and the language in which it is spoken of."""

    engine: Engine
    settings: Settings
    scope: Scope
    names: Gazetteer
    now: datetime
    """With a zone, that of the local day."""
    language: Language = "zh"
    take: Callable[[Entry], PublishedList] | None = None
    """Source of the lists of entries; None is the ledger itself."""

    @property
    def today(self) -> date:
        """The local day."""
        return self.now.date()

    @cached_property
    def say(self) -> Speaker:
        """Choose between a Chinese and an English sentence."""
        return Speaker(self.language)

    def midnight(self, day: date) -> datetime:
        """Return the moment at which a local day begins."""
        return datetime.combine(day, datetime.min.time(), self.settings.tz)

    def day(self, day: date) -> str:
        """Write a day without its year."""
        return self.say(f"{day.month}月{day.day}日", f"{day:%-d %B}")

    def whole_day(self, day: date) -> str:
        """Write a day with year and weekday."""
        zh = f"{day.year}年{day.month}月{day.day}日 星期{WEEKDAYS_ZH[day.weekday()]}"
        return self.say(zh, f"{WEEKDAYS_EN[day.weekday()]}, {day:%-d %B %Y}")

    def moment(self, moment: datetime) -> str:
        """Write a moment by its local day and time; midnight ends the day before."""
        local = moment.astimezone(self.settings.tz)
        if (local.hour, local.minute) == (0, 0):
            last = local.date() - timedelta(days=1)
            return f"{self.day(last)}{self.say('', ' ')}24:00"
        return f"{self.day(local.date())}{self.say('', ' ')}{local:%H:%M}"

    @property
    def area(self) -> str:
        """Name of the area; a district need not have one."""
        if "/" in self.scope.path or self.scope.path in self.names.areas:
            return self.names.title(self.scope.path)
        return self.say("全区", "The whole district")


@dataclass(frozen=True)
class AreaList:
    """One published list, as far as it lies in an area."""

    listed: PublishedList
    scope: Scope

    @property
    def as_of(self) -> date:
        """Its date."""
        return self.listed.head.entry.origin.as_of

    @property
    def rows(self) -> Sequence[bytes]:
        """Its grids: the rated ones by rank, then the others."""
        return self.listed.within(self.scope, "grid")

    @cached_property
    def leading(self) -> tuple[GridRow, ...]:
        """The grids at the highest level that any grid here has, watch at least, by rank."""
        found: list[GridRow] = []
        for row in self._rated():
            if row.score is None or row.score.attention_level == "routine":
                break
            if found and found[0].score and row.score.attention_level != found[0].score.attention_level:
                break
            found.append(row)
        return tuple(found)

    @cached_property
    def unrated(self) -> tuple[GridRow, ...]:
        """The grids that are not rated."""
        return tuple(row for row in map(GridRow.model_validate_json, self._without_score()))

    def level_of(self, level: str) -> dict[str, str]:
        """Return path -> name of the grids at a level."""
        found: dict[str, str] = {}
        for row in self._rated():
            if row.score is None or (found and row.score.attention_level != level):
                break
            if row.score.attention_level == level:
                found[place_of(row.model_dump())] = row.name
        return found

    def _rated(self) -> Iterator[GridRow]:
        return map(GridRow.model_validate_json, self.rows)

    def _without_score(self) -> Iterator[bytes]:
        for row in reversed(self.rows):
            if b'"score":null' not in row:
                return
            yield row


def read_list(desk: Desk, as_of: date | None = None, target: str | None = None) -> AreaList | None:
    """Return the newest list that is out, or that of a day, as far as it lies in the area; None where there is none."""
    entry = newest(desk.engine, as_of, target)
    if entry is None:
        return None
    return AreaList(desk.take(entry) if desk.take else PublishedList.of(entry, read_body(desk.engine, entry)), desk.scope)


def days_listed(engine: Engine, target: str, first: date, last: date) -> list[date]:
    """Return the days from first to last, both included, that have a list which is out."""
    query = select(ranking.c.as_of).where(ranking.c.target == target, ranking.c.as_of.between(first, last), shown(ranking.c.id))
    with reading(engine) as connection:
        return sorted(set(connection.execute(query).scalars()))


def gazetteer_of(engine: Engine, listed: PublishedList) -> Gazetteer:
    """Return the names of areas, and of grids as a list knows them."""
    rows = map(from_json, listed.within(EVERYTHING, "grid"))
    return Gazetteer.read(engine, {place_of(row): row["name"] for row in rows})
