"""Recency: days since the last case, and counts that fade with age."""

from collections.abc import Iterator

from features.display import EVENT_TYPE_EN, EVENT_TYPE_ZH
from features.facts.facts import Facts
from features.panel.channels import REPORTED, TARGET, Channel
from features.panel.feature import Feature, Kind, Use
from features.schema import EventType

TAUS = {EventType.DISPUTE.value: (7, 14, 30), "target": (7, 28, 120)}
"""Time constants in days; every other event type uses `OTHER_TAUS`."""
OTHER_TAUS = (14,)
RECENT = ("target", 28)
"""The decayed count that trees read, as a ratio to the level; the others only mix into that level."""


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield recency and decayed counts by event type and for the target; none for petitions."""
    del horizon_days
    for index, event_type in enumerate(facts.event_types):
        if event_type != EventType.PETITION:
            yield from _fresh(event_type, Channel(REPORTED, index))
    yield from _fresh("target", Channel(TARGET))


def _fresh(what: str, channel: Channel) -> Iterator[Feature]:
    zh, en = EVENT_TYPE_ZH.get(what, "升级事项"), EVENT_TYPE_EN.get(what, "escalations")
    yield Feature(
        subject=what,
        measure="since",
        family="recency",
        reason=f"recency_{what}",
        kind=Kind.DRIVER,
        unit="days",
        zh=f"最近一次{zh}在{{n}}天前",
        en=f"{{n}} days since the last of the {en}",
        value=lambda block: block.days_since(channel),
    )
    for tau in TAUS.get(what, OTHER_TAUS):
        yield _decayed(what, channel, tau, (f"近期{zh}折合{{n}}件", f"{en} one after another lately (weighted {{n}})"))


def _decayed(what: str, channel: Channel, tau: int, phrases: tuple[str, str]) -> Feature:
    return Feature(
        subject=what,
        measure="decay",
        family="recency",
        reason=f"recency_{what}",
        kind=Kind.DRIVER,
        unit="cases",
        zh=phrases[0],
        en=phrases[1],
        value=lambda block: block.decayed(channel, tau),
        window_days=tau,
        use=Use.MODEL if (what, tau) == RECENT else Use.LEVEL_ONLY,
    )
