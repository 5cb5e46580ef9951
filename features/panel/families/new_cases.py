"""Escalations of cases that were not in the log a horizon before: the level of what cannot be seen yet is made of them."""

from collections.abc import Iterator

from features.facts.facts import Facts, Outcome
from features.panel.as_ofs import LOOKBACKS
from features.panel.channels import Channel, new_within
from features.panel.families.trends import against_usual
from features.panel.feature import Feature, Kind, Use, Valued, window

TAUS = (7, 28, 120)
RECENT_TAU = 28
"""Time constant of the decayed count that trees read; the others only mix into the level."""


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield counts, decayed counts and the steadied rate; none where the target counts new events alone, which are all new."""
    if not (facts.hazards.outcome != Outcome.REPORTED).any():
        return
    channel = Channel(new_within(horizon_days))
    for days in LOOKBACKS:
        zh, en = f"近{days}天刚上报即升级{{n}}件", f"{{n}} escalations soon after their report in {days} days"
        yield _feature("count", "escalations", (zh, en), window(channel, days), days, use=Use.LEVEL_ONLY)
        zh, en = f"近{days}天刚上报即升级约为常态的{{n}}倍", f"escalations soon after their report in {days} days at {{n}} times the usual"
        yield _feature("ratio", "ratio", (zh, en), against_usual(channel, days), days)
    for tau in TAUS:
        zh, en = f"近{tau}天刚上报即升级约{{n}}件（越近越重）", f"escalations soon after their report (weighted {{n}} over {tau} days)"
        yield _feature("decay", "cases", (zh, en), _decayed(channel, tau), tau, use=Use.MODEL if tau == RECENT_TAU else Use.LEVEL_ONLY)
    zh, en = "刚上报即升级每天约{n}件", "{n} escalations a day soon after their report"
    yield _feature("rate", "escalations per day", (zh, en), lambda block: block.usual(channel), use=Use.LEVEL_ONLY)


def _decayed(channel: Channel, tau: int) -> Valued:
    return lambda block: block.decayed(channel, tau)


def _feature(measure: str, unit: str, phrases: tuple[str, str], value: Valued, days: int | None = None, use: Use = Use.MODEL) -> Feature:
    return Feature(
        subject="new",
        measure=measure,
        family="new_cases",
        reason="new_cases",
        kind=Kind.DRIVER if measure == "ratio" else Kind.CONTROL,
        unit=unit,
        zh=phrases[0],
        en=phrases[1],
        value=value,
        window_days=days,
        direction=1 if measure == "ratio" else 0,
        use=use,
    )
