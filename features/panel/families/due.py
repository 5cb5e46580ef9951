"""Open cases about to become escalations by the clock, and how often such cases did before."""

from collections.abc import Iterator

import numpy as np

from features.days import NEVER
from features.facts import Facts
from features.panel.block import Block, Values
from features.panel.catalogue import Feature, Kind
from features.panel.channels import TARGET, Channel, came_due, due_within

DUE_DAYS = (3, 7, 14, 28)
SHARE_WINDOWS = (90, 365)
SHARE_PRIOR = 5.0
"""Cases of the district's own share that steady a grid's share."""


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield due counts where the target has a rule that fires by the clock."""
    if not (facts.cases.due_day < NEVER).any():
        return
    for days in sorted({*DUE_DAYS, horizon_days}):
        yield _due(facts, days)
    for window_days in SHARE_WINDOWS:
        yield _share(horizon_days, window_days)
        yield _expected(facts, horizon_days, window_days)


def _due(facts: Facts, days: int) -> Feature:
    return Feature(
        name=f"due_count_grid_{days}d",
        family="due",
        reason="due",
        kind=Kind.DRIVER,
        unit="cases",
        zh=f"{{n}}件未办结事项将在{days}天内到期",
        en=f"{{n}} open cases fall due within {days} days",
        value=lambda block: _count(facts, block, days),
        window_days=days,
        direction=1,
    )


def _share(horizon_days: int, window_days: int) -> Feature:
    return Feature(
        name=f"due_share_grid_{window_days}d",
        family="due",
        reason="due",
        kind=Kind.DRIVER,
        unit="share",
        zh=f"近{window_days}天到期前{horizon_days}天仍未办结的事项中{{n}}最终超期",
        en=f"{{n}} of the cases open {horizon_days} days before they fell due in {window_days} days did escalate",
        value=lambda block: _past_share(block, horizon_days, window_days),
        window_days=window_days,
        direction=1,
    )


def _expected(facts: Facts, horizon_days: int, window_days: int) -> Feature:
    return Feature(
        name=f"due_expected_grid_{window_days}d",
        family="due",
        reason="due",
        kind=Kind.DRIVER,
        unit="cases",
        zh=f"按近{window_days}天的比例,到期事项中约{{n}}件可能超期",
        en=f"about {{n}} of the cases falling due would escalate at the share of the last {window_days} days",
        value=lambda block: _count(facts, block, horizon_days) * _past_share(block, horizon_days, window_days),
        window_days=window_days,
        direction=1,
    )


def _count(facts: Facts, block: Block, days: int) -> Values:
    due = due_within(days)
    return np.asarray(np.sum([block.level(Channel(due, index)) for index in range(len(facts.event_types))], axis=0))


def _past_share(block: Block, horizon_days: int, window_days: int) -> Values:
    """Divide escalations by cases that were open `horizon_days` before they fell due, steadied by the district's share."""
    escalated, pending = Channel(TARGET), Channel(came_due(horizon_days))
    district = block.in_area("district", escalated, window_days) / np.maximum(block.in_area("district", pending, window_days), 1.0)
    grid = block.window(pending, window_days) + SHARE_PRIOR
    return np.minimum((block.window(escalated, window_days) + SHARE_PRIOR * district) / grid, 1.0)
