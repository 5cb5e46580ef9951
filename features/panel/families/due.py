"""Open cases about to become escalations by the clock."""

from collections.abc import Iterator

import numpy as np

from features.days import NEVER
from features.facts.facts import Facts
from features.panel.channels import Channel, due_within
from features.panel.feature import Feature, Kind, Valued

DUE_DAYS = (3, 7, 14, 28)


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield due counts where the target has a rule that fires by the clock."""
    if not (facts.cases.due_day < NEVER).any():
        return
    for days in sorted({*DUE_DAYS, horizon_days}):
        yield Feature(
            subject="due",
            measure="count",
            family="due",
            reason="due",
            kind=Kind.DRIVER,
            unit="cases",
            zh=f"{{n}}件未办结事项将在{days}天内到期",
            en=f"{{n}} open cases fall due within {days} days",
            value=_due_count(days),
            window_days=days,
            direction=1,
        )


def _due_count(days: int) -> Valued:
    due = due_within(days)
    return lambda block: np.asarray(sum(block.level(Channel(due, index)) for index in range(len(block.facts.event_types))))
