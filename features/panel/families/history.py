"""The grid's own escalations so far, and how long the log has been watching."""

from collections.abc import Iterator

import numpy as np

from features.facts.facts import Facts
from features.panel.as_ofs import LOOKBACKS, MEMORY_DAYS
from features.panel.channels import TARGET, Channel
from features.panel.feature import Feature, Kind, Use, window


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield counts of the target itself, which the usual level is made of, that level, and how long the log has been watching."""
    del facts, horizon_days
    for days in LOOKBACKS:
        yield _count(days)
    yield Feature(
        subject="usual",
        measure="rate",
        family="history",
        reason="history",
        kind=Kind.CONTROL,
        unit="escalations per day",
        zh="本网格常态每天约{n}件升级",
        en="{n} escalations a day are usual here",
        value=lambda block: block.usual(Channel(TARGET)),
    )
    yield Feature(
        subject="history",
        measure="days",
        scope=None,
        family="history",
        reason="exposure",
        kind=Kind.CONTROL,
        unit="days",
        zh="已有{n}天记录",
        en="{n} days of records",
        value=lambda block: np.broadcast_to(np.minimum(block.observed_days, MEMORY_DAYS), block.shape),
        use=Use.LEVEL_ONLY,
    )


def _count(days: int) -> Feature:
    return Feature(
        subject="target",
        measure="count",
        family="history",
        reason="history",
        kind=Kind.DRIVER,
        unit="escalations",
        zh=f"近{days}天出现升级{{n}}件",
        en=f"{{n}} escalations in {days} days",
        value=window(Channel(TARGET), days),
        window_days=days,
        use=Use.LEVEL_ONLY,
    )
