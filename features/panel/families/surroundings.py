"""Surroundings: counts of the neighbours, the community, the township and the district, always without the grid itself."""

from collections.abc import Iterator

import numpy as np

from features.display import AREA_EN, AREA_ZH, EVENT_TYPE_EN, EVENT_TYPE_ZH
from features.facts.facts import Facts
from features.panel.as_ofs import MEMORY_DAYS, Values
from features.panel.block import Block
from features.panel.channels import REPORTED, TARGET, Channel
from features.panel.feature import Feature, Kind, Use
from features.schema import EventType

NEIGHBOUR_WINDOWS = (7, 28, 90)
AREA_WINDOWS = (28, 365)
TARGET_AREA_WINDOWS = (7, 28, 90, 365)
PRIOR_ESCALATIONS = 3.0


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield neighbour sums where neighbours are known, and means over the other grids of each area that has more than one grid."""
    del horizon_days
    counted = [(kind, Channel(REPORTED, index)) for index, kind in enumerate(facts.event_types) if kind != EventType.PETITION]
    if facts.places.neighbours is not None:
        for what, channel in (*counted, ("target", Channel(TARGET))):
            for days in NEIGHBOUR_WINDOWS:
                yield _beside(what, channel, days)
    for name, level in facts.places.levels.items():
        if level.size < facts.places.size:
            for what, channel in counted:
                for days in AREA_WINDOWS:
                    yield _around(name, what, channel, days)
            for days in TARGET_AREA_WINDOWS:
                yield _around(name, "target", Channel(TARGET), days)
                if days < MEMORY_DAYS:
                    yield _against_usual(name, days)


def _against_usual(level: str, days: int) -> Feature:
    return Feature(
        subject="target",
        measure="ratio",
        scope=level,
        family="surroundings",
        reason="surroundings",
        kind=Kind.CONTEXT,
        unit="ratio",
        zh=f"{AREA_ZH[level]}近{days}天升级事项约为常态的{{n}}倍",
        en=f"escalations in {AREA_EN[level]} in {days} days run at {{n}} times their usual level",
        value=lambda block: _area_ratio(block, level, days),
        window_days=days,
        min_history_days=MEMORY_DAYS if level == "district" else 0,
    )


def _area_ratio(block: Block, level: str, days: int) -> Values:
    """Return escalations over usual escalations of the other grids of the area, both steadied by `PRIOR_ESCALATIONS`."""
    others = block.sum_of_others(level, block.shared.usual_of_cohort(Channel(TARGET))) * np.minimum(block.observed_days, days)
    counted = block.in_area(level, Channel(TARGET), days) - block.window(Channel(TARGET), days)
    return (counted + PRIOR_ESCALATIONS) / (others + PRIOR_ESCALATIONS)


def _beside(what: str, channel: Channel, days: int) -> Feature:
    zh, en = EVENT_TYPE_ZH.get(what, "升级事项"), EVENT_TYPE_EN.get(what, "escalations")
    return Feature(
        subject=what,
        measure="count",
        scope="neighbours",
        family="neighbours",
        reason="neighbours",
        kind=Kind.DRIVER,
        unit="cases",
        zh=f"{AREA_ZH['neighbours']}近{days}天平均发生{zh}{{n}}件",
        en=f"{{n}} {en} per grid in {AREA_EN['neighbours']} in {days} days",
        value=lambda block: block.of_neighbours(channel, days),
        window_days=days,
        direction=1,
        use=Use.LEVEL_ONLY,
    )


def _around(level: str, what: str, channel: Channel, days: int) -> Feature:
    zh, en = EVENT_TYPE_ZH.get(what, "升级事项"), EVENT_TYPE_EN.get(what, "escalations")
    return Feature(
        subject=what,
        measure="count",
        scope=level,
        family="surroundings",
        reason="surroundings",
        kind=Kind.CONTEXT,
        unit="cases per grid",
        zh=f"{AREA_ZH[level]}其他网格近{days}天平均{zh}{{n}}件",
        en=f"{{n}} {en} per other grid of {AREA_EN[level]} in {days} days",
        value=lambda block: block.of_area(level, channel, days),
        window_days=days,
        use=Use.LEVEL_ONLY,
        min_history_days=MEMORY_DAYS if level == "district" else 0,
    )
