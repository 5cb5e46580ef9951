"""Is it more than usual lately: recent counts against the grid's own year, and recent escalations against its usual level."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from features.display import EVENT_TYPE_EN, EVENT_TYPE_ZH
from features.facts.facts import Facts
from features.panel.as_ofs import LOOKBACKS, MEMORY_DAYS, Values
from features.panel.block import Block
from features.panel.channels import CLOSED, REPORTED, TARGET, Channel
from features.panel.feature import Feature, Kind, Valued
from features.schema import EventType

WINDOWS = (7, 28, 90)
PRIOR_CASES = 2.0
"""Cases added to both sides, so that small counts stay near 1."""

PRIOR_ESCALATIONS = 1.0


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield shrunk ratios of recent over usual; 1 is as usual. None for petitions."""
    del horizon_days
    for index, event_type in enumerate(facts.event_types):
        if event_type != EventType.PETITION:
            for days in WINDOWS:
                zh = f"近{days}天新增{EVENT_TYPE_ZH[event_type]}约为本网格平常的{{n}}倍"
                en = f"new {EVENT_TYPE_EN[event_type]} in {days} days run at {{n}} times the grid's own year"
                yield _trend(event_type, days, (zh, en), _against_own_year(Channel(REPORTED, index), days))
                zh = f"近{days}天办结{EVENT_TYPE_ZH[event_type]}约为本网格平常的{{n}}倍"
                en = f"{EVENT_TYPE_EN[event_type]} closed in {days} days run at {{n}} times the grid's own year"
                yield _trend(event_type, days, (zh, en), _against_own_year(Channel(CLOSED, index), days), closed=True)
    for days in LOOKBACKS:
        zh, en = f"近{days}天升级事项约为本网格常态的{{n}}倍", f"escalations in {days} days run at {{n}} times the grid's usual level"
        yield _trend("target", days, (zh, en), against_usual(Channel(TARGET), days))


def _trend(what: str, days: int, phrases: tuple[str, str], value: Valued, closed: bool = False) -> Feature:
    return Feature(
        subject=what,
        measure="closed_ratio" if closed else "ratio",
        family="trends",
        reason=f"trend_{what}_closed" if closed else f"trend_{what}",
        kind=Kind.DRIVER,
        unit="ratio",
        zh=phrases[0],
        en=phrases[1],
        value=value,
        window_days=days,
        direction=0 if closed else 1,
    )


def _against_own_year(channel: Channel, days: int) -> Valued:
    def value(block: Block) -> Values:
        covered = np.minimum(block.observed_days, days) / np.minimum(block.observed_days, MEMORY_DAYS)
        return (block.window(channel, days) + PRIOR_CASES) / (block.window(channel, MEMORY_DAYS) * covered + PRIOR_CASES)

    return value


def against_usual(channel: Channel, days: int) -> Valued:
    """Return the value of recent escalations of a channel against its usual rate."""

    def value(block: Block) -> Values:
        usual = block.usual(channel) * np.minimum(block.observed_days, days)
        return against_level(block.window(channel, days), usual)

    return value


def against_level(counted: npt.NDArray[np.floating], level: Values) -> Values:
    """Return how many times a level of escalations was reached, both steadied by `PRIOR_ESCALATIONS`."""
    return np.asarray((counted + PRIOR_ESCALATIONS) / (level + PRIOR_ESCALATIONS))
