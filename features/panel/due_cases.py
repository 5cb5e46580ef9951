"""How many open cases about to fall due will escalate, judged by how such cases fared before.

The share that escalates is learned by kind of matter and by days left, over the cases that came due in the last half year; a grid's own
record moves the odds.
"""

from dataclasses import replace

import numpy as np

from features.facts.facts import Facts
from features.panel.as_ofs import AsOfs, Values
from features.panel.block import Block
from features.panel.channels import Channel, came_due, open_before_due
from features.panel.counters import count

LEARNING_DAYS = 182
KIND_PRIOR_CASES = 10.0
"""Cases of all kinds together that steady one kind's share."""

GRID_PRIOR_CASES = 10.0
"""Cases at the district's share that steady a grid's odds."""

SHARE_BOUNDS = (1e-4, 1 - 1e-4)


def expected_escalations(block: Block) -> Values:
    """Return the expected escalations in [as_of, as_of + horizon) among cases open at as_of, shape (T, B)."""
    shares = block.shared.once("due_shares", learned_shares)
    odds_ratio = _own_odds(block, shares)
    expected = np.zeros(block.shape)
    for lead in range(block.when.horizon_days):
        for kind in range(len(block.facts.kinds)):
            share = np.clip(shares[:, lead, kind, None], *SHARE_BOUNDS)
            odds = share / (1 - share) * odds_ratio
            expected += block.level(Channel(open_before_due(lead, len(block.facts.kinds)), kind)) * (odds / (1 + odds))
    return expected


def learned_shares(facts: Facts, when: AsOfs) -> Values:
    """Return the share that escalated of all cases open `lead` days before they came due, shape (T, leads, kinds)."""
    shares = np.empty((len(when.as_ofs), when.horizon_days, len(facts.kinds)))
    for lead in range(when.horizon_days):
        came, escalated = (_district(facts, when, lead, escalated=only) for only in (False, True))
        overall = (escalated.sum(axis=1, keepdims=True) + 1) / (came.sum(axis=1, keepdims=True) + 2)
        shares[:, lead] = (escalated + KIND_PRIOR_CASES * overall) / (came + KIND_PRIOR_CASES)
    return shares


def _district(facts: Facts, when: AsOfs, lead: int, *, escalated: bool) -> Values:
    increments = came_due(lead, len(facts.kinds), escalated=escalated).increments(facts)
    everywhere = np.zeros_like(increments.grid)
    cube = count(replace(increments, grid=everywhere), when.edges, 1)
    return np.stack([when.window(cube, kind, LEARNING_DAYS)[:, 0] for kind in range(len(facts.kinds))], axis=1)


def _own_odds(block: Block, shares: Values) -> Values:
    """Return the grid's odds of escalating against those of its kinds of matter, from cases seen early, midway and on the last day."""
    kinds, horizon = len(block.facts.kinds), block.when.horizon_days
    came, expected, escalated = np.zeros(block.shape), np.zeros(block.shape), np.zeros(block.shape)
    for lead in sorted({0, horizon // 2, horizon - 1}):
        for kind in range(kinds):
            seen = block.window(Channel(came_due(lead, kinds, escalated=False), kind), LEARNING_DAYS)
            came += seen
            expected += seen * shares[:, lead, kind, None]
            escalated += block.window(Channel(came_due(lead, kinds, escalated=True), kind), LEARNING_DAYS)
    observed = (escalated + GRID_PRIOR_CASES) / (came - escalated + GRID_PRIOR_CASES)
    return observed / ((expected + GRID_PRIOR_CASES) / (came - expected + GRID_PRIOR_CASES))
