"""Feature: one column of the panel. The families declare theirs, and everything else reads them here."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Literal

from features.panel.as_ofs import Values
from features.panel.block import Block
from features.panel.channels import Channel
from features.schema import EventType

Valued = Callable[[Block], Values]


class Kind(StrEnum):
    """Disclosure of a feature."""

    DRIVER = "driver"
    """May be given as a reason."""
    CONTEXT = "context"
    """Shown once, without an arrow."""
    QUALITY = "quality"
    """Shown as a note on the data."""
    CONTROL = "control"
    """Never shown."""


class Use(StrEnum):
    """Use of a feature."""

    MODEL = "model"
    """The trees of a model read it, unless it never changes, the log is too young for it or its family is excluded."""
    LEVEL_ONLY = "level_only"
    """The level that trees start from carries it; baselines and subsets may read it, trees do not."""
    SHOWN_ONLY = "shown_only"
    """People read it; no model does."""
    NEVER = "never"
    """Neither does a model read it nor is it said of a grid: petition volume, and what serves the computation alone."""


@dataclass(frozen=True)
class Feature:
    """One column of the panel: what it measures, what it means in words, and how a block of grids yields it."""

    subject: str
    """Thing counted or measured: an event type, `target`, a source, the calendar."""
    measure: str
    """The statistic: `count`, `ratio`, `open_count`."""
    family: str
    reason: str
    """Reason group: contributions of one group are summed before any is shown."""
    kind: Kind
    unit: str
    zh: str
    """Chinese phrase; `{n}` stands for the value."""
    en: str
    value: Valued = field(compare=False, repr=False)
    scope: str | None = "grid"
    """Whose facts: the grid's own, its neighbours', those of an area's other grids; None where it is not about places."""
    window_days: int | None = None
    """Days before as_of that are counted, or days ahead where cases fall due; None for a state."""
    category: str | None = None
    direction: Literal[-1, 0, 1] = 0
    """Direction in which a higher value can only move the expected count: raise it (1), lower it (-1) or either (0)."""
    use: Use = Use.MODEL
    origin: str | None = None
    """Code that declared it, where that is not the product's."""
    min_history_days: int = 0
    """Days of records before a model may use it: a column equal for all grids has only as many observations as there are weeks."""

    @cached_property
    def name(self) -> str:
        """The column's name, derived from its fields.

        >>> Feature("dispute", "count", "kinds", "", Kind.DRIVER, "", "", "", value=abs, window_days=28, category="traffic").name
        'dispute_traffic_count_grid_28d'
        """
        window = None if self.window_days is None else f"{self.window_days}d"
        return "_".join(part for part in (self.subject, self.category, self.measure, self.scope, window) if part)

    @property
    def is_petition_volume(self) -> bool:
        """Whether it counts petitions rather than how the office handles them; a setting decides if a model may read it."""
        return self.subject == EventType.PETITION and self.family in {"counts", "kinds"}


def as_label(phrase: str) -> str:
    """Return the phrase of a column without a value: n stands for it."""
    return phrase.replace("{n}", "n")


def window(channel: Channel, days: int) -> Valued:
    """Return the value of a window count."""
    return lambda block: block.window(channel, days)


def level(channel: Channel) -> Valued:
    """Return the value of a state: how many cases are in it."""
    return lambda block: block.level(channel)
