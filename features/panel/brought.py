"""Event types as the pace of weeks counts them: by what people brought, since staff find more where they look harder."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from features.days import NEVER
from features.display_names import EVENT_TYPE_EN, EVENT_TYPE_ZH
from features.facts.facts import Facts
from features.schema import EventType


class Brought(NamedTuple):
    """An event type of which people brought some; its words say so where what staff found is left out."""

    position: int
    """Position in `Facts.event_types`."""
    name: str
    zh: str
    en: str


def brought_types(facts: Facts) -> Iterator[Brought]:
    """Yield the event types of which people brought any, petitions aside."""
    cases, told_apart = facts.cases, facts.told_apart_from < NEVER
    brought, found = (np.unique(cases.event_type[flags]) for flags in (cases.self_found != 1, cases.self_found == 1))
    for position, name in enumerate(facts.event_types):
        if name != EventType.PETITION and (position in brought or not told_apart):
            left_out = ("（走访发现的除外）", " (those found on visits aside)") if told_apart and position in found else ("", "")
            yield Brought(position, name, EVENT_TYPE_ZH[name] + left_out[0], EVENT_TYPE_EN[name] + left_out[1])
