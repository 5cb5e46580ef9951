"""Open cases that may still escalate, for one that was counted in its spell is counted no more: by type, age, term and category."""

from collections.abc import Iterator
from functools import partial

import numpy as np

from features.display import CATEGORY_ZH, EVENT_TYPE_EN, EVENT_TYPE_ZH, plain
from features.facts.facts import Facts, Outcome
from features.panel.case_rows import first_counted
from features.panel.channels import Channel, ChannelSet
from features.panel.counters import Increments
from features.panel.feature import Feature, Kind, level

AGES = (7, 30, 60)


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield states of the event types that escalate; none where the target counts new events alone."""
    marks = facts.hazards
    escalating = set(facts.cases.event_type[marks.case[marks.outcome != Outcome.REPORTED]].tolist())
    for index in sorted(escalating):
        name = facts.event_types[index]
        words = (f"{EVENT_TYPE_ZH[name]}{{n}}件尚未升级", f"{{n}} open {EVENT_TYPE_EN[name]} that have not escalated")
        yield _feature(name, "at_risk_count", words, Channel(AT_RISK, index))
        for days in AGES:
            phrases = (f"{words[0]}，已超过{days}天", f"{words[1]}, older than {days} days")
            yield _feature(name, f"at_risk_over_{days}d_count", phrases, Channel(_older(days), index))
        phrases = (f"{words[0]}，{horizon_days}天内到期", f"{words[1]}, with terms that end within {horizon_days} days")
        yield _feature(name, "at_risk_due_count", phrases, Channel(_due(horizon_days), index), window_days=horizon_days)
    for index, (name, category) in enumerate(facts.kinds):
        if name in {facts.event_types[escalating_type] for escalating_type in escalating}:
            shown = CATEGORY_ZH.get(category, plain(category))
            words = (f"{shown}类未升级{EVENT_TYPE_ZH[name]}{{n}}件", f"{{n}} open {plain(category)} {EVENT_TYPE_EN[name]} not escalated")
            yield _feature(name, "at_risk_count", words, Channel(AT_RISK_BY_KIND, index), category=category)


def _feature(
    subject: str, measure: str, phrases: tuple[str, str], channel: Channel, category: str | None = None, window_days: int | None = None
) -> Feature:
    return Feature(
        subject=subject,
        measure=measure,
        family="at_risk",
        reason=f"backlog_{subject}",
        kind=Kind.DRIVER,
        unit="cases",
        zh=phrases[0],
        en=phrases[1],
        value=level(channel),
        window_days=window_days,
        category=category,
        direction=1,
    )


def _increments(facts: Facts, *, by_kind: bool = False, older_than: int = 0, due_within: int | None = None) -> Increments:
    """Return +1 while a case is open, uncounted and older than so many days, and before its clock rule fires within so many days."""
    spells, case = facts.spells, facts.spells.case
    start = np.maximum(spells.start_day, facts.cases.known_day[case] + older_than)
    end = np.minimum(spells.end_day, first_counted(facts))
    if due_within is not None:
        due = facts.cases.due_day[case]
        start, end = np.maximum(start, due - due_within), np.minimum(end, due)
    channel, channels = (facts.cases.kind, len(facts.kinds)) if by_kind else (facts.cases.event_type, len(facts.event_types))
    return Increments(channels, channel[case], spells.grid, start, facts.cases.weight[case], end)


AT_RISK = ChannelSet("at_risk", _increments)
AT_RISK_BY_KIND = ChannelSet("at_risk_by_kind", partial(_increments, by_kind=True))


def _older(days: int) -> ChannelSet:
    return ChannelSet(f"at_risk_over_{days}d", partial(_increments, older_than=days))


def _due(days: int) -> ChannelSet:
    return ChannelSet(f"at_risk_due_{days}d", partial(_increments, due_within=days))
