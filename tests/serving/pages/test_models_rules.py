"""The page of the models knows what of a backtest is no simple rule; it may not import the names from training."""

from serving.pages.model_view import MODEL, NOT_RULES
from training.rivals import BOUNDS, PEERS


def test_not_rules_are_the_model_its_peers_and_the_bounds() -> None:
    assert {MODEL, *PEERS, *BOUNDS} == NOT_RULES
