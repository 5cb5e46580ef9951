"""Names under which a backtest shows what is neither the product's model nor a simple rule, and which of them count as which."""

from collections.abc import Iterable

ORACLE, KNOWABLE = "oracle", "knowable"
BOUNDS = (ORACLE, KNOWABLE)
"""What the truth of a simulation expects: given everything, and given what a log could tell. No model has to beat them."""


def without_bounds(models: Iterable[str]) -> list[str]:
    """Return the models that could exist outside a simulation, in their order."""
    return [name for name in models if name not in BOUNDS]
