"""The few topics that a meeting should talk about, chosen by the data, and what became of those of the last one."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from serving.alerts.recommended_actions import DEEDS, actions_for
from serving.documents.paper import Point, Section
from serving.rankings.schemas import ExplanationLine
from serving.settings import Department
from serving.situation_report.counts import Column, Compared
from serving.situation_report.period import Change, Period, change
from serving.situation_report.wording import cases, is_clear_rise, kind_name, leads, say_change
from serving.text import Text

MOST_TOPICS = 5


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
    why: str

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


def choose_topics(counts: KindCounts, departments: tuple[Department, ...]) -> list[Topic]:
    """Choose up to five kinds: those that clearly rose first, then by cases past their term, by escalations, and by new cases."""
    kinds = range(len(counts.new.groups.names))
    known = [kind for kind in kinds if counts.new.now.cells[kind]]
    known.sort(key=lambda kind: _weight(counts, kind), reverse=True)
    return [_topic(counts, kind, departments) for kind in known[:MOST_TOPICS]]


def topics_section(topics: Sequence[Topic], counts: KindCounts) -> Section:
    """Say the topics: figures, who leads, what helps."""
    places = {name: place for place, name in enumerate(counts.new.groups.names)}
    points = tuple(Point(kind_name(topic.kind), "".join(_say_topic(topic, counts, places[topic.kind]))) for topic in topics)
    none = () if points else ("各类别件数都不足以显示，没有可以单列的专题。",)
    return Section("建议研判的专题", none, points=points)


def last_time_section(last: LastTime | None, counts: KindCounts) -> Section:
    """Say what was put forward last time and what became of it; the same figure then and now, nothing of who did what."""
    title = "上次研判事项的进展"
    if last is None:
        return Section(title, ("没有留存上一期的研判材料，无法对照。",))
    places = {name: place for place, name in enumerate(counts.new.groups.names)}
    source = f"{last.period.name}研判{'议定' if last.decided else '建议'}的事项："
    points = tuple(Point(f"{kind_name(topic.kind)}（牵头：{topic.lead}）", _became(topic, last, counts, places)) for topic in last.topics)
    return Section(title, (source,), points=points)


def _weight(counts: KindCounts, kind: int) -> tuple[int, int, int, int]:
    overdue, escalated, new = (column.cells[kind] or 0 for column in (counts.overdue, counts.escalated, counts.new.now))
    rising = kind in counts.emerging or is_clear_rise(counts.new.of_previous(kind)) or is_clear_rise(counts.new.of_year_before(kind))
    return int(rising), overdue, escalated, new


def _topic(counts: KindCounts, kind: int, departments: tuple[Department, ...]) -> Topic:
    name = counts.new.groups.names[kind]
    rose = [word for word, how in (("环比", counts.new.of_previous(kind)), ("同比", counts.new.of_year_before(kind))) if is_clear_rise(how)]
    many = "逾期较多" if counts.overdue.cells[kind] else "升级较多" if counts.escalated.cells[kind] else "件数较多"
    why = f"{'、'.join(rose)}明显上升" if rose else "明显高于此前一年" if kind in counts.emerging else many
    return Topic(
        kind=name,
        lead=leads(name, departments),
        action=_action(name),
        new=counts.new.now.cells[kind],
        open=counts.open.cells[kind],
        overdue=counts.overdue.cells[kind],
        why=why,
    )


def _action(kind: str) -> str:
    event_type, category = kind.split("/", 1)
    line = ExplanationLine(part="open", event_type=event_type, category=category, expected=0, words=Text(zh="", en=""))
    return actions_for(line)[0]


def _say_topic(topic: Topic, counts: KindCounts, place: int) -> Iterator[str]:
    changes = f"环比{say_change(counts.new.of_previous(place))}，同比{say_change(counts.new.of_year_before(place))}"
    yield f"{topic.why}。新增{cases(topic.new)}，{changes}；"
    yield f"期末未办结{cases(topic.open)}，其中已逾期{cases(topic.overdue)}。"
    yield f"牵头：{topic.lead}。建议：{DEEDS[topic.action].words.zh}。"


def _became(topic: Topic, last: LastTime, counts: KindCounts, places: dict[str, int]) -> str:
    place = places.get(topic.kind)
    new, still = (None, None) if place is None else (counts.new.now.cells[place], counts.open.cells[place])
    action = DEEDS[topic.action].words.zh if topic.action in DEEDS else topic.action
    how = say_change(_since(topic.new, new, last.period, counts.new.period))
    return f"{action}。新增由{cases(topic.new)}变为{cases(new)}，{how}；期末未办结由{cases(topic.open)}变为{cases(still)}。"


def _since(then: int | None, now: int | None, before: Period, period: Period) -> Change | None:
    return None if then is None or now is None else change(now, period.days, then, before.days)
