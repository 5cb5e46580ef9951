"""Is it more than usual lately: recent counts against the grid's own weeks before."""

from collections.abc import Iterator

import numpy as np

from features.facts import Facts
from features.panel.block import Block, Values
from features.panel.catalogue import Feature, Kind
from features.panel.channels import REPORTED, TARGET, Channel
from features.schema import EventType
from features.words import EVENT_TYPE_EN, EVENT_TYPE_ZH

SPANS = ((7, 28), (28, 90), (90, 365))
PRIOR_CASES = 1.0
"""Cases added to both sides, so that small counts stay near 1."""


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield shrunk ratios of daily rates, recent over before; 1 is no change."""
    del horizon_days
    for index, event_type in enumerate(facts.event_types):
        if event_type != EventType.PETITION:
            for recent, whole in SPANS:
                yield _trend(event_type, Channel(REPORTED, index), recent, whole)
    for recent, whole in SPANS:
        yield _trend("target", Channel(TARGET), recent, whole)


def _trend(what: str, channel: Channel, recent: int, whole: int) -> Feature:
    zh, en = (EVENT_TYPE_ZH.get(what, "升级事项"), EVENT_TYPE_EN.get(what, "escalations"))
    return Feature(
        name=f"{what}_trend_grid_{recent}d",
        family="trends",
        reason=f"trend_{what}",
        kind=Kind.DRIVER,
        unit="ratio",
        zh=f"近{recent}天{zh}发生量约为此前{whole - recent}天平均的{{n}}倍",
        en=f"{en} in {recent} days run at {{n}} times the {whole - recent} days before",
        value=lambda block: _ratio(block, channel, recent, whole),
        window_days=recent,
        direction=0 if what == "target" else 1,
    )


def _ratio(block: Block, channel: Channel, recent: int, whole: int) -> Values:
    """Return ((recent + a) / (expected from before + a)), a = `PRIOR_CASES`; NaN until the log reaches back far enough."""
    now = block.window(channel, recent)
    before_days = np.minimum(block.observed_days, whole) - recent
    before = (block.window(channel, whole) - now) * (recent / np.maximum(before_days, 1))
    return np.where(before_days >= recent, (now + PRIOR_CASES) / (before + PRIOR_CASES), np.nan)
