"""New cases of a grid, by event type, by kind of matter, by how they came in and by group size."""

from collections.abc import Iterator

from features.display import CATEGORY_ZH, EVENT_TYPE_EN, EVENT_TYPE_ZH, SOURCE_ZH, plain
from features.facts.facts import Facts
from features.panel.as_ofs import LOOKBACKS
from features.panel.channels import GROUP, KIND, REPORTED, SOURCE, Channel
from features.panel.feature import Feature, Kind, Use, window
from features.schema import EventType

KIND_WINDOWS = (28, 90, 365)
SOURCE_WINDOWS = (28, 90)


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield window counts; kinds and sources only where there is more than one to tell apart."""
    del horizon_days
    for index, event_type in enumerate(facts.event_types):
        for days in LOOKBACKS:
            yield _by_type(event_type, Channel(REPORTED, index), days)
    yield from _by_kind(facts)
    if len(facts.sources) > 1:
        for index, source in enumerate(facts.sources):
            for days in SOURCE_WINDOWS:
                yield _by_source(source, Channel(SOURCE, index), days)
    if facts.cases.group.any():
        yield _jointly(90)


def _by_type(event_type: str, channel: Channel, days: int) -> Feature:
    return Feature(
        subject=event_type,
        measure="count",
        family="counts",
        reason=f"recent_{event_type}",
        kind=Kind.DRIVER,
        unit="cases",
        zh=f"近{days}天新增{EVENT_TYPE_ZH[event_type]}{{n}}件",
        en=f"{{n}} new {EVENT_TYPE_EN[event_type]} in {days} days",
        value=window(channel, days),
        window_days=days,
        direction=1 if event_type in {EventType.DISPUTE, EventType.POLICE_CALL, EventType.HAZARD} else 0,
        use=_use(event_type),
    )


def _use(event_type: str) -> Use:
    """Leave bare counts to the level, which says how much usually comes in; let nobody go by the number of petitions."""
    return Use.NEVER if event_type == EventType.PETITION else Use.LEVEL_ONLY


def _by_kind(facts: Facts) -> Iterator[Feature]:
    types = [event_type for event_type, _ in facts.kinds]
    for index, (event_type, category) in enumerate(facts.kinds):
        if types.count(event_type) > 1:
            for days in KIND_WINDOWS:
                yield Feature(
                    subject=event_type,
                    category=category,
                    measure="count",
                    family="kinds",
                    reason=f"kind_{event_type}",
                    kind=Kind.DRIVER,
                    unit="cases",
                    zh=f"近{days}天{CATEGORY_ZH.get(category, plain(category))}类{EVENT_TYPE_ZH[event_type]}{{n}}件",
                    en=f"{{n}} {plain(category)} {EVENT_TYPE_EN[event_type]} in {days} days",
                    value=window(Channel(KIND, index), days),
                    window_days=days,
                    use=_use(event_type),
                )


def _by_source(source: str, channel: Channel, days: int) -> Feature:
    return Feature(
        subject=f"{source}_source",
        measure="count",
        family="sources",
        reason="sources",
        kind=Kind.CONTROL,
        unit="cases",
        zh=f"近{days}天经{SOURCE_ZH.get(source, plain(source))}反映{{n}}件",
        en=f"{{n}} cases through {plain(source)} in {days} days",
        value=window(channel, days),
        window_days=days,
        use=Use.LEVEL_ONLY,
    )


def _jointly(days: int) -> Feature:
    return Feature(
        subject="group",
        measure="count",
        family="counts",
        reason="group",
        kind=Kind.DRIVER,
        unit="cases",
        zh=f"近{days}天多人（5人及以上）共同反映事项{{n}}件",
        en=f"{{n}} cases brought by five or more people jointly in {days} days",
        value=window(Channel(GROUP), days),
        window_days=days,
        direction=1,
        use=Use.LEVEL_ONLY,
    )
