"""Raising alerts from a list that is being published, inside the transaction that writes it: both are there or neither.

What an alert said is made again from its list and from how it was chosen, to show that nobody changed it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, func, insert, select

from features.database.alert_tables import OPEN_STATES, alert, alert_decision, alert_transition
from features.database.tables import ranking
from features.days import day_number, midnight
from features.eventlog.undertakings import attention_on
from serving.accounts.permissions import Scope
from serving.alerts import silences
from serving.alerts.lifecycle import RAISED, Action, State
from serving.alerts.rule import MOST_LISTED, OF_LISTS, AlertHistory, Decision, Outcome, RankedGrids, Rated, decide, seeded
from serving.alerts.text import Subject, compose
from serving.alerts.transitions import expire, name_alert, write_first
from serving.audit import OPERATOR
from serving.rankings.entries import Entry
from serving.rankings.list_rows import read_rows
from serving.rankings.publishing import hold
from serving.rankings.schemas import Explanation, GridRow
from serving.settings import AlertSettings


def awaiting_review(connection: Connection, target: str, as_of: date, zone: ZoneInfo) -> frozenset[str]:
    """Return the grids that may not be on the list of a day: `MOST_LISTED` of those before it named them, and nobody noted why."""
    earlier = (ranking.c.target == target, ranking.c.as_of < as_of)
    days = select(ranking.c.as_of).where(*earlier).distinct().order_by(ranking.c.as_of.desc()).limit(OF_LISTS - 1)
    first = min(connection.execute(days).scalars(), default=as_of)
    often = (
        select(alert_decision.c.grid_id)
        .join(ranking, ranking.c.id == alert_decision.c.ranking_id)
        .where(*earlier, ranking.c.as_of >= first, alert_decision.c.outcome.in_((Outcome.RAISED, Outcome.OPEN_ALERT)))
        .group_by(alert_decision.c.grid_id)
        .having(func.count(ranking.c.as_of.distinct()) >= MOST_LISTED)
    )
    noted = (
        select(alert.c.grid_id)
        .join(alert_transition, alert_transition.c.alert_id == alert.c.alert_id)
        .where(alert.c.target == target, alert_transition.c.action == Action.COMMENT)
        .where(alert_transition.c.at >= midnight(day_number(first), zone))
    )
    return frozenset(connection.execute(often).scalars()) - set(connection.execute(noted).scalars())


Explain = Callable[[Sequence[str]], Mapping[str, Explanation]]
"""Explains rated grids, given by grid_id."""
FROZEN = ("grid_id", "path", "target", "starts", "ends", "raised_at", "level", "body", "kind")
"""Columns of an alert that its list alone decides, given how it was chosen."""


@dataclass(frozen=True)
class Raising:
    """Ranked grids and settings that alerts are raised from."""

    listed: RankedGrids
    explain: Explain
    """In full; the list masks what is about one or two cases."""
    settings: AlertSettings
    zone: ZoneInfo

    def __call__(self, connection: Connection, entry: Entry) -> None:
        """End what has run out, hold the list where it is to be reviewed, and raise alerts if it is the list of the very day."""
        today = entry.published_at.astimezone(self.zone).date()
        expire(connection, today, entry.published_at)
        if self.settings.review:
            hold(connection, entry.id, entry.published_at)
        if entry.origin.as_of != today:
            return
        before = _list_before(connection, entry)
        rested_since = midnight(day_number(today) + 1 - self.settings.cool_down_days, self.zone)
        standing = _standing(connection, entry, before, rested_since, self.listed)
        standing = replace(standing, unnoted=awaiting_review(connection, entry.origin.target, entry.origin.as_of, self.zone))
        day = seeded(entry.origin.as_of, entry.origin.target, entry.origin.seed)
        decisions = decide(self.listed.candidates, standing, self.settings, day)
        _note(connection, entry, decisions, self.listed)
        raised = [each for each in decisions if each.outcome is Outcome.RAISED]
        first = [{"action": RAISED, "reason": each.chosen_by, "actor_id": OPERATOR} for each in raised]
        write_first(connection, self._rows(connection, entry, raised), first)

    def find_changed(self, connection: Connection, entry: Entry) -> list[str]:
        """Return the ids of alerts that a published list raised and that do not say what comes out of it again."""
        kept = connection.execute(select(alert).where(alert.c.ranking_id == entry.id, alert.c.follows.is_(None))).mappings().all()
        chosen = [
            Decision(row["grid_id"], Outcome.RAISED, row["chosen_by"], row["selection_probability"], row["second_look"]) for row in kept
        ]
        again = self._rows(connection, entry, chosen)
        return [row["alert_id"] for row, made in zip(kept, again, strict=True) if any(row[name] != made[name] for name in FROZEN)]

    def _rows(self, connection: Connection, entry: Entry, raised: Sequence[Decision]) -> list[dict[str, object]]:
        """Return alerts on grids of the list as they are written."""
        rated, grid_ids = self.listed.rated, [each.grid_id for each in raised]
        before = _rows_of(connection, _list_before(connection, entry), grid_ids)
        explained = self.explain(grid_ids) if raised else {}
        rows: list[dict[str, object]] = []
        for each in raised:
            row = rated[each.grid_id].row.model_copy(update={"explanation": explained[each.grid_id]})
            subject = self._subject(entry, Rated(row, rated[each.grid_id].score), explained[each.grid_id], before.get(each.grid_id), each)
            rows.append(_alert_row(entry, subject, each, rated[each.grid_id].path))
        return rows

    def _subject(self, entry: Entry, rated: Rated, explanation: Explanation, before: GridRow | None, decision: Decision) -> Subject:
        origin = entry.origin
        return Subject(
            row=rated.row,
            score=rated.score,
            explanation=explanation,
            odds=self.listed.odds(rated.score),
            rated=len(self.listed.rated),
            through=(origin.data_through - timedelta(microseconds=1)).astimezone(self.zone).date(),
            starts=origin.as_of,
            ends=origin.as_of + timedelta(days=origin.horizon_days),
            before=before,
            random=decision.chosen_by == "random",
            second_look=decision.second_look,
        )


def _standing(connection: Connection, entry: Entry, before: int | None, rested_since: datetime, listed: RankedGrids) -> AlertHistory:
    target, now = alert.c.target == entry.origin.target, entry.published_at
    ended = (alert.c.state.not_in(OPEN_STATES), alert.c.since >= rested_since)
    above = (alert_decision.c.ranking_id == before, alert_decision.c.chosen_by == "score")
    return AlertHistory(
        open=_grids(connection, alert.c.grid_id, target, alert.c.state.in_(OPEN_STATES)),
        cooling=_grids(connection, alert.c.grid_id, target, *ended),
        above=_grids(connection, alert_decision.c.grid_id, *above),
        silences=silences.active(connection, now),
        attention=tuple((Scope(path), factor) for path, factor in attention_on(connection, entry.origin.as_of)),
        raised_today=_raised_today(connection, entry, listed) if entry.revision else None,
    )


def _raised_today(connection: Connection, entry: Entry, listed: RankedGrids) -> dict[str, int]:
    """Count per township the alerts that earlier revisions of the same day raised."""
    origin = entry.origin
    same_day = (alert.c.target == origin.target, alert.c.starts == origin.as_of, alert.c.follows.is_(None))
    grids = _grids(connection, alert.c.grid_id, *same_day)
    counted: dict[str, int] = {}
    for candidate in listed.candidates:
        counted[candidate.unit] = counted.get(candidate.unit, 0) + (candidate.grid_id in grids)
    return counted


def _grids(connection: Connection, column: ColumnElement[str], *wanted: ColumnElement[bool]) -> frozenset[str]:
    return frozenset(connection.execute(select(column).where(*wanted)).scalars())


def _list_before(connection: Connection, entry: Entry) -> int | None:
    """Return the number of the newest list of an earlier day that was there when this one was published."""
    earlier = (ranking.c.target == entry.origin.target, ranking.c.as_of < entry.origin.as_of, ranking.c.id < entry.id)
    return connection.execute(select(ranking.c.id).where(*earlier).order_by(ranking.c.as_of.desc(), ranking.c.id.desc()).limit(1)).scalar()


def _rows_of(connection: Connection, number: int | None, grid_ids: Sequence[str]) -> dict[str, GridRow]:
    """Return the rows that some grids had on a list."""
    rows = read_rows(connection, [] if number is None else [number], "grid", grid_ids)
    return {row.place: GridRow.model_validate_json(row.body) for row in rows}


def _note(connection: Connection, entry: Entry, decisions: Iterable[Decision], listed: RankedGrids) -> None:
    """Keep what was decided on every grid above the threshold or drawn at random."""
    noted = [
        {
            "ranking_id": entry.id,
            "grid_id": each.grid_id,
            "path": listed.rated[each.grid_id].path,
            "outcome": each.outcome,
            "chosen_by": each.chosen_by,
        }
        for each in decisions
        if each.outcome is not Outcome.BELOW_THRESHOLD
    ]
    if noted:
        connection.execute(insert(alert_decision), noted)


def _alert_row(entry: Entry, subject: Subject, decision: Decision, path: str) -> dict[str, object]:
    return {
        "alert_id": name_alert(entry.ranking_id, decision.grid_id),
        "ranking_id": entry.id,
        "grid_id": decision.grid_id,
        "path": path,
        "target": entry.origin.target,
        "starts": subject.starts,
        "ends": subject.ends,
        "raised_at": entry.published_at,
        "chosen_by": decision.chosen_by,
        "selection_probability": decision.selection_probability,
        "second_look": decision.second_look,
        "level": None if decision.second_look else subject.level,
        "body": compose(subject).model_dump_json(),
        "kind": next((line.category for line in subject.explanation.named if line.part == "open"), None),
        "state": State.PUBLISHED,
        "since": entry.published_at,
        "owner": path,
        "version": 1,
    }
