"""Names of what a backtest shows beside the product's model and the simple rules."""

from collections.abc import Iterable
from typing import Final, Literal, get_args

PeerName = Literal["plain_lightgbm", "xgboost", "catboost", "glm", "negative_binomial"]
PLAIN_LIGHTGBM: Final = "plain_lightgbm"
PEERS: tuple[PeerName, ...] = get_args(PeerName)
"""Well-known learners on the same folds, features and labels as the model."""
ORACLE, KNOWABLE = "oracle", "knowable"
BOUNDS = (ORACLE, KNOWABLE)
"""Expectations by the truth of a simulation: given everything, and given what a log could tell. No model has to beat them."""


def without_bounds(models: Iterable[str]) -> list[str]:
    """Return the models that could exist outside a simulation, in their order."""
    return [name for name in models if name not in BOUNDS]


def simple_rules(models: Iterable[str]) -> list[str]:
    """Return the models that are neither a bound nor a peer, in their order."""
    return [name for name in without_bounds(models) if name not in PEERS]
