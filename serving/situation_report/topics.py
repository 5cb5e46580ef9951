"""The few topics that a meeting should talk about, chosen by the data, and what became of those of the last one."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from serving.alerts.recommended_actions import DEEDS, actions_for
from serving.documents.paper import Point, Section, Speaker
from serving.rankings.schemas import ExplanationLine
from serving.settings import Department
from serving.situation_report.counts import Column, Compared
from serving.situation_report.period import Change, Period, change
from serving.situation_report.wording import cases, direction, kind_name, lead_name, leads, say_change
from serving.text import Text

MOST_TOPICS = 5

Departments = tuple[Department, ...]


@dataclass(frozen=True)
class KindCounts:
    """Masked counts by kind of case, all in the order of the compared groups."""

    new: Compared
    escalated: Column
    open: Column
    overdue: Column
    emerging: Sequence[int]


@dataclass(frozen=True)
class Topic:
    """One topic, with what a later report needs to say what became of it; None is a count that is not shown."""

    kind: str
    lead: str
    action: str
    """Code of a recommended action."""
    new: int | None
    open: int | None
    overdue: int | None

    def to_json(self) -> dict[str, Any]:
        """Return its fields."""
        return asdict(self)


@dataclass(frozen=True)
class LastTime:
    """Topics of the period before, and what was decided about them: kind -> lead and action."""

    period: Period
    topics: Sequence[Topic]
    decided: bool
    """True where people entered what the meeting decided, False where these are the report's own proposals."""


def choose_topics(counts: KindCounts, departments: Departments) -> list[Topic]:
    """Choose up to five kinds: those that clearly rose first, then by cases past their term, by escalations, and by new cases."""
    kinds = range(len(counts.new.groups.names))
    known = [kind for kind in kinds if counts.new.now.cells[kind]]
    known.sort(key=lambda kind: _weight(counts, kind), reverse=True)
    return [_topic(counts, kind, departments) for kind in known[:MOST_TOPICS]]


def topics_section(topics: Sequence[Topic], counts: KindCounts, departments: Departments, say: Speaker) -> Section:
    """Say the topics: figures, who leads, what helps."""
    places = {name: place for place, name in enumerate(counts.new.groups.names)}
    points = tuple(
        Point(say.of(kind_name(topic.kind)), _say_topic(topic, counts, places[topic.kind], lead_name(topic.lead, departments), say))
        for topic in topics
    )
    too_few = say("各类别件数都不足以显示，没有可以单列的专题。", "No kind of case has enough cases to be shown: there are no topics.")
    return Section(say("建议研判的专题", "Topics to talk about"), () if points else (too_few,), points=points)


def last_time_section(last: LastTime | None, counts: KindCounts, departments: Departments, say: Speaker) -> Section:
    """Say what was put forward last time and what became of it; the same figure then and now, nothing of who did what."""
    title = say("上次研判事项的进展", "What became of the last topics")
    if last is None:
        nothing = say("没有留存上一期的研判材料，无法对照。", "No report of the period before is kept to compare with.")
        return Section(title, (nothing,))
    places = {name: place for place, name in enumerate(counts.new.groups.names)}
    source = say(
        f"{last.period.name}研判{'议定' if last.decided else '建议'}的事项：",
        f"{'Decided' if last.decided else 'Put forward'} for {last.period.name_en}:",
    )
    points = tuple(
        Point(_with_lead(topic, departments, say), _became(topic, last, counts, places.get(topic.kind), say)) for topic in last.topics
    )
    return Section(title, (source,), points=points)


def why_chosen(counts: KindCounts, kind: int) -> Text:
    """Say why a kind is a topic."""
    changes = (
        (Text(zh="环比", en="the period before"), counts.new.of_previous(kind)),
        (Text(zh="同比", en="the year before"), counts.new.of_year_before(kind)),
    )
    if rose := [words for words, change in changes if direction(change) > 0]:
        return Text(
            zh=f"{'、'.join(words.zh for words in rose)}明显上升", en=f"Clearly up against {' and '.join(words.en for words in rose)}"
        )
    if kind in counts.emerging:
        return Text(zh="明显高于此前一年", en="Clearly above the year before it")
    if counts.overdue.cells[kind]:
        return Text(zh="逾期较多", en="Many overdue")
    return Text(zh="升级较多", en="Many escalations") if counts.escalated.cells[kind] else Text(zh="件数较多", en="Many cases")


def _weight(counts: KindCounts, kind: int) -> tuple[int, int, int, int]:
    overdue, escalated, new = (column.cells[kind] or 0 for column in (counts.overdue, counts.escalated, counts.new.now))
    rises = (counts.new.of_previous(kind), counts.new.of_year_before(kind))
    rising = kind in counts.emerging or any(direction(change) > 0 for change in rises)
    return int(rising), overdue, escalated, new


def _topic(counts: KindCounts, kind: int, departments: Departments) -> Topic:
    name = counts.new.groups.names[kind]
    new, still, late = (column.cells[kind] for column in (counts.new.now, counts.open, counts.overdue))
    return Topic(kind=name, lead=leads(name, departments), action=_action(name), new=new, open=still, overdue=late)


def _action(kind: str) -> str:
    event_type, category = kind.split("/", 1)
    line = ExplanationLine(part="open", event_type=event_type, category=category, expected=0, words=Text(zh="", en=""))
    return actions_for(line)[0]


def _say_topic(topic: Topic, counts: KindCounts, place: int, lead: Text, say: Speaker) -> str:
    new, still, late = (say.of(cases(count)) for count in (topic.new, topic.open, topic.overdue))
    previous, year = (say.of(say_change(change)) for change in (counts.new.of_previous(place), counts.new.of_year_before(place)))
    why, action = say.of(why_chosen(counts, place)), say.of(DEEDS[topic.action].words)
    return say(
        f"{why}。新增{new}，环比{previous}，同比{year}；期末未办结{still}，其中已逾期{late}。牵头：{lead.zh}。建议：{action}。",
        f"{why}. New: {new}; against the period before {previous}; against the year before {year}. Open at the end: {still}, "
        f"of them overdue: {late}. Lead: {lead.en}. Advice: {action}.",
    )


def _with_lead(topic: Topic, departments: Departments, say: Speaker) -> str:
    kind, lead = say.of(kind_name(topic.kind)), say.of(lead_name(topic.lead, departments))
    return say(f"{kind}（牵头：{lead}）", f"{kind} (lead: {lead})")


def _became(topic: Topic, last: LastTime, counts: KindCounts, place: int | None, say: Speaker) -> str:
    new, still = (None, None) if place is None else (counts.new.now.cells[place], counts.open.cells[place])
    action = say.of(DEEDS[topic.action].words) if topic.action in DEEDS else topic.action
    how = say.of(say_change(_since(topic.new, new, last.period, counts.new.period)))
    new_then, new_now, open_then, open_now = (say.of(cases(count)) for count in (topic.new, new, topic.open, still))
    return say(
        f"{action}。新增由{new_then}变为{new_now}，{how}；期末未办结由{open_then}变为{open_now}。",
        f"{action}. New: {new_then}, then {new_now}, {how}; open at the end: {open_then}, then {open_now}.",
    )


def _since(then: int | None, now: int | None, before: Period, period: Period) -> Change | None:
    return None if then is None or now is None else change(now, period.days, then, before.days)
