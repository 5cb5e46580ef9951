"""Steadied rates of everything that is reported, and calls about matters of which the grid has no open case."""

from collections.abc import Iterator

import numpy as np

from features.display import EVENT_TYPE_EN, EVENT_TYPE_ZH
from features.facts.facts import Facts
from features.panel.as_ofs import Values
from features.panel.block import Block
from features.panel.channels import KIND, REPORTED, Channel
from features.panel.families.at_risk import AT_RISK_BY_KIND
from features.panel.feature import Feature, Kind, Valued
from features.schema import EventType

RATE_DAYS = (365, 90, 28)
LONE_DAYS = (14, 28)
CALLS, CASES = EventType.POLICE_CALL, EventType.DISPUTE


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield rates by event type, petitions aside, and lone calls where the log holds calls and disputes of the same categories."""
    del horizon_days
    for index, name in enumerate(facts.event_types):
        if name != EventType.PETITION:
            for days in RATE_DAYS:
                yield _rate(name, Channel(REPORTED, index), days)
    if pairs := _same_category(facts):
        for days in LONE_DAYS:
            yield Feature(
                subject="lone_call",
                measure="count",
                family="rates",
                reason="lone_calls",
                kind=Kind.DRIVER,
                unit="cases",
                zh=f"近{days}天没有相应在办事项的纠纷类警情{{n}}件",
                en=f"{{n}} dispute-related police calls in {days} days without an open case of their category",
                value=_lone(pairs, days),
                window_days=days,
                direction=1,
            )


def _rate(name: str, channel: Channel, days: int) -> Feature:
    return Feature(
        subject=name,
        measure="rate",
        family="rates",
        reason=f"recent_{name}",
        kind=Kind.CONTROL,
        unit="cases per day",
        zh=f"{EVENT_TYPE_ZH[name]}每天约{{n}}件（近{days}天）",
        en=f"{{n}} {EVENT_TYPE_EN[name]} a day by the last {days} days",
        value=lambda block: block.usual(channel, days),
        window_days=days,
    )


def _same_category(facts: Facts) -> list[tuple[int, int]]:
    """Return the positions of each kind of call and of the kind of dispute of the same category."""
    position = {kind: number for number, kind in enumerate(facts.kinds)}
    calls = [(number, category) for (name, category), number in position.items() if name == CALLS]
    return [(number, position[CASES, category]) for number, category in calls if (CASES, category) in position]


def _lone(pairs: list[tuple[int, int]], days: int) -> Valued:
    def value(block: Block) -> Values:
        lone = np.zeros(block.shape)
        for call, case in pairs:
            lone += block.window(Channel(KIND, call), days) * (block.level(Channel(AT_RISK_BY_KIND, case)) == 0)
        return lone

    return value
