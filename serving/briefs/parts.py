"""Parts that briefs share: grids with their reasons, missing data, and alerts of the area; never by person or unit."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from features.database.alert_tables import alert, alert_transition
from serving.accounts.row_security import reading_within
from serving.alerts.lifecycle import State
from serving.alerts.queries import within
from serving.alerts.recommended_actions import DEEDS, actions_for, is_actionable
from serving.alerts.worklist import open_now
from serving.briefs.desk import AreaList, Desk
from serving.documents.paper import Point, spoken
from serving.operations.health import Source, read_sources
from serving.rankings.line_words import mask_line
from serving.rankings.publishing import shown
from serving.rankings.schemas import Explanation, ExplanationLine, FactorExplanation, GridRow
from serving.text import WITHHELD, Text, per_hundred

MOST_REASONS, MOST_ACTIONS = 2, 2
MOST_NAMES = 8


def describe(desk: Desk, row: GridRow, *, is_new: bool) -> Point:
    """Say one grid of the list; counts of one and two are masked, for paper goes from hand to hand."""
    say = desk.say
    parts = [*_reasons(desk, row.explanation)] or [say("依据见网格页", "see the page of the grid for the reasons")]
    often = per_hundred(row.score.risk) if row.score else Text(zh="", en="")
    advice = say("、", ", ").join(_advice(desk, row.explanation))
    english = "; ".join(parts)
    body = say(
        f"{'；'.join(parts)}。建议：{advice}。（每100个同类网格中{often.zh}随后升级）",
        f"{english[:1].upper()}{english[1:]}. Advice: {advice}. Escalation: {often.en} in 100.",
    )
    return Point(row.name, body, say("新", "new") if is_new else "")


def name_places(desk: Desk, names: Mapping[str, str]) -> str:
    """Join the names of places, in the order of their codes; of many the first few and how many more there are."""
    shown = [names[path] for path in sorted(names)][:MOST_NAMES]
    joined = desk.say("、", ", ").join(shown)
    further = len(names) - len(shown)
    return joined + (desk.say(f"等{len(names)}个", f" and {further} more") if further else "")


def _reasons(desk: Desk, explanation: Explanation | FactorExplanation | None) -> Iterator[str]:
    if isinstance(explanation, Explanation):
        yield from (spoken(mask_line(line).words, desk.language) for line in _telling(explanation))
    elif explanation:
        facts = [reason.fact or reason.words for reason in explanation.reasons if reason.factor > 1]
        yield from (spoken(fact, desk.language) for fact in facts[:MOST_REASONS])


def _telling(explanation: Explanation) -> Sequence[ExplanationLine]:
    """Return the lines to name: those about cases that somebody can work on, and others only where there are none."""
    return ([line for line in explanation.named if is_actionable(line)] or explanation.named)[:MOST_REASONS]


def _advice(desk: Desk, explanation: Explanation | FactorExplanation | None) -> Sequence[str]:
    lines = _telling(explanation) if isinstance(explanation, Explanation) else ()
    codes = list(dict.fromkeys(code for line in lines for code in actions_for(line)[:MOST_ACTIONS])) or ["home_visit"]
    return [desk.say.of(DEEDS[code].short) for code in codes[:MOST_ACTIONS]]


def late_sources(desk: Desk) -> list[Source]:
    """Return the sources that are late by the clock."""
    return [source for source in read_sources(desk.engine, desk.now, desk.settings.serving, desk.settings.intake) if source.late]


def say_missing(desk: Desk, listed: AreaList) -> Iterator[str]:
    """Say what is missing, or that nothing is; silence never counts as calm."""
    say = desk.say
    late = late_sources(desk)
    for source in late:
        name, until = source.name, desk.moment(source.through) if source.through else say("从未报送", "never")
        yield say(f"数据源“{name}”没有按时更新，最后一条记录：{until}。", f"Source {name} is late; its newest record: {until}.")
    reasons = Counter(row.withheld for row in listed.unrated if row.withheld)
    for reason, count in sorted(reasons.items()):
        words = spoken(WITHHELD[reason], desk.language)
        yield say(f"{count}个网格{words}。", f"{count} grids: {words}.")
    if late or reasons.keys() - {"few_households"}:
        yield say("缺数据不等于平稳，请先核实这些数据。", "Missing data are no sign of calm: check them first.")
    elif not reasons:
        yield say("数据源都按时更新，辖区内网格都有评定。", "Every source is on time, and every grid here is rated.")


@dataclass(frozen=True)
class DueAlert:
    """One open alert and when its next step is due."""

    path: str
    state: State
    due: datetime


@dataclass(frozen=True)
class OpenAlerts:
    """The open alerts of an area, the next due first."""

    overdue: Sequence[DueAlert]
    today: Sequence[DueAlert]
    """Due before the local day ends."""
    later: Sequence[DueAlert]

    @property
    def total(self) -> int:
        """Number of open ones."""
        return len(self.overdue) + len(self.today) + len(self.later)

    @property
    def unacknowledged(self) -> int:
        """Number that nobody has acknowledged."""
        return sum(each.state == State.PUBLISHED for each in (*self.overdue, *self.today, *self.later))


def read_open(desk: Desk) -> OpenAlerts:
    """Return the open alerts of the area that are out."""
    hours = desk.settings.alerts.due_hours
    found = [DueAlert(each.path, each.state, due) for each in open_now(desk.engine, desk.scope) if (due := each.due(hours))]
    found.sort(key=lambda each: (each.due, each.path))
    end = desk.midnight(desk.today).timestamp() + 86_400
    overdue = [each for each in found if each.due < desk.now]
    today = [each for each in found if desk.now <= each.due and each.due.timestamp() <= end]
    return OpenAlerts(overdue, today, found[len(overdue) + len(today) :])


def count_steps(desk: Desk, start: datetime, end: datetime) -> Counter[str]:
    """Count the alerts of the area that took each step within [start, end); one that took a step twice counts once."""
    query = (
        select(alert_transition.c.action, alert_transition.c.alert_id)
        .join(alert, alert.c.alert_id == alert_transition.c.alert_id)
        .where(alert_transition.c.at >= start, alert_transition.c.at < end)
        .where(within(alert.c.path, desk.scope), shown(alert.c.ranking_id))
        .distinct()
    )
    with reading_within(desk.engine, desk.scope) as connection:
        return Counter(row.action for row in connection.execute(query))
