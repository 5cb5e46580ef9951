"""Backlog features: open cases, their age, how many are past their deadline or close to it, and how fast they get settled."""

from collections.abc import Iterator

from features.days import NEVER
from features.display import EVENT_TYPE_EN, EVENT_TYPE_ZH
from features.facts.facts import Facts
from features.panel.as_ofs import Values
from features.panel.block import Block, ratio
from features.panel.channels import (
    CLOSED,
    HANDLING_DAYS,
    OPEN,
    OPEN_SINCE,
    OVERDUE,
    Channel,
    deadline_within,
    open_longer,
)
from features.panel.feature import Feature, Kind, Use, level, window
from features.schema import EventType

OPEN_AGES = (7, 30, 60, 90, 180)
CLOSED_WINDOWS = (28, 90)
PETITION_DUE_DAYS = 10
DEADLINE_DAYS = (7, 28)


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield states and handling speed for each event type; petitions only by how the office handles them."""
    del horizon_days
    if not (facts.spells.end_day < NEVER).any():
        return
    has_deadlines = bool((facts.cases.deadline_day < NEVER).any())
    for index, event_type in enumerate(facts.event_types):
        petition = event_type == EventType.PETITION
        yield _state(event_type, "open", Channel(OPEN, index), "目前尚有{n}件%s未办结", "{n} %s still open")
        if has_deadlines:
            yield _state(event_type, "overdue", Channel(OVERDUE, index), "{n}件%s已超过办理时限", "{n} %s past their deadline")
            for days in (PETITION_DUE_DAYS,) if petition else DEADLINE_DAYS:
                yield _close_to_deadline(event_type, index, days)
        if not petition:
            yield from _ages(event_type, index)
            yield from _speed(event_type, index)


def _state(event_type: str, state: str, channel: Channel, zh: str, en: str) -> Feature:
    return Feature(
        subject=event_type,
        measure=f"{state}_count",
        family="backlog",
        reason=f"backlog_{event_type}",
        kind=Kind.DRIVER,
        unit="cases",
        zh=zh % EVENT_TYPE_ZH[event_type],
        en=en % EVENT_TYPE_EN[event_type],
        value=level(channel),
        direction=1,
    )


def _close_to_deadline(event_type: str, index: int, days: int) -> Feature:
    within = Channel(deadline_within(days), index)
    overdue = Channel(OVERDUE, index)
    return Feature(
        subject=event_type,
        measure="due_count",
        family="backlog",
        reason=f"backlog_{event_type}",
        kind=Kind.DRIVER,
        unit="cases",
        zh=f"{{n}}件{EVENT_TYPE_ZH[event_type]}已超期或距办理期限不足{days}天",
        en=f"{{n}} {EVENT_TYPE_EN[event_type]} overdue or within {days} days of their deadline",
        value=lambda block: block.level(within) + block.level(overdue),
        window_days=days,
        direction=1,
    )


def _ages(event_type: str, index: int) -> Iterator[Feature]:
    for days in OPEN_AGES:
        zh, en = f"{{n}}件%s已超过{days}天未办结", f"{{n}} %s open for more than {days} days"
        yield _state(event_type, f"open_over_{days}d", Channel(open_longer(days), index), zh, en)
    yield Feature(
        subject=event_type,
        measure="open_age_mean",
        family="backlog",
        reason=f"backlog_{event_type}",
        kind=Kind.DRIVER,
        unit="days",
        zh=f"未办结{EVENT_TYPE_ZH[event_type]}平均已{{n}}天",
        en=f"open {EVENT_TYPE_EN[event_type]} are {{n}} days old on average",
        value=lambda block: _mean_age(block, index),
        direction=1,
    )


def _mean_age(block: Block, index: int) -> Values:
    """Divide the summed age (as_of x open - sum of report days) by the number open; NaN where none is."""
    open_cases = block.level(Channel(OPEN, index))
    ages = block.when.as_ofs[:, None] * open_cases - block.level(Channel(OPEN_SINCE, index))
    return ratio(ages, open_cases)


def _speed(event_type: str, index: int) -> Iterator[Feature]:
    for days in CLOSED_WINDOWS:
        yield Feature(
            subject=event_type,
            measure="closed_count",
            family="handling",
            reason=f"handling_{event_type}",
            kind=Kind.DRIVER,
            unit="cases",
            zh=f"近{days}天办结{EVENT_TYPE_ZH[event_type]}{{n}}件",
            en=f"{{n}} {EVENT_TYPE_EN[event_type]} closed in {days} days",
            value=window(Channel(CLOSED, index), days),
            window_days=days,
            use=Use.LEVEL_ONLY,
        )
    yield Feature(
        subject=event_type,
        measure="handling_days_mean",
        family="handling",
        reason=f"handling_{event_type}",
        kind=Kind.DRIVER,
        unit="days",
        zh=f"近90天办结{EVENT_TYPE_ZH[event_type]}平均用时{{n}}天",
        en=f"{EVENT_TYPE_EN[event_type]} closed in 90 days took {{n}} days on average",
        value=lambda block: _mean_handling(block, index, 90),
        window_days=90,
        direction=1,
        use=Use.SHOWN_ONLY,
    )


def _mean_handling(block: Block, index: int, days: int) -> Values:
    return ratio(block.window(Channel(HANDLING_DAYS, index), days), block.window(Channel(CLOSED, index), days))
