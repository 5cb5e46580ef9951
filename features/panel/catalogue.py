"""What a feature is; the families in this folder declare theirs, and everything else reads them here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from features.panel.block import Block
from features.panel.channels import Channel
from features.panel.when import Values
from features.schema import EventType

Valued = Callable[[Block], Values]


class Kind(StrEnum):
    """How a feature may be shown."""

    DRIVER = "driver"
    """May be given as a reason."""
    CONTEXT = "context"
    """Shown once, without an arrow."""
    QUALITY = "quality"
    """Shown as a note on the data."""
    CONTROL = "control"
    """Never shown."""


@dataclass(frozen=True)
class Feature:
    """One column of the panel: its name, what it means in words, and how a block of grids yields it."""

    name: str
    family: str
    reason: str
    """Reason group: contributions of one group are summed before any is shown."""
    kind: Kind
    unit: str
    zh: str
    """Chinese phrase; `{n}` stands for the value."""
    en: str
    value: Valued = field(compare=False, repr=False)
    window_days: int | None = None
    direction: Literal[-1, 0, 1] = 0
    """What a higher value can only do to the expected count: raise it (1), lower it (-1) or either (0)."""
    in_model: bool = True
    min_history_days: int = 0
    """Days of records before a model may use it: a column equal for all grids has only as many observations as there are weeks."""

    @property
    def is_petition_volume(self) -> bool:
        """Whether it counts petitions rather than how the office handles them; a setting decides if a model may read it."""
        return self.family in {"counts", "kinds"} and self.name.startswith(EventType.PETITION)


def window(channel: Channel, days: int) -> Valued:
    """Return the value of a window count."""
    return lambda block: block.window(channel, days)


def level(channel: Channel) -> Valued:
    """Return the value of a state: how many cases are in it."""
    return lambda block: block.level(channel)
