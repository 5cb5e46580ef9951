"""Names of what a backtest shows beside the model: rules, learners and bounds, told apart."""

from training.rivals import BOUNDS, PEERS, PLAIN_LIGHTGBM, simple_rules, without_bounds

MODELS = ("lightgbm", "oracle", "count_28d", "plain_lightgbm", "knowable", "glm", "own")


def test_without_bounds_keeps_what_could_exist_in_its_order() -> None:
    assert ["lightgbm", "count_28d", "plain_lightgbm", "glm", "own"] == without_bounds(MODELS)


def test_simple_rules_are_neither_bounds_nor_learners() -> None:
    assert ["lightgbm", "count_28d", "own"] == simple_rules(MODELS)


def test_rivals_have_one_kind_each() -> None:
    assert PLAIN_LIGHTGBM in PEERS
    assert set() == set(PEERS) & set(BOUNDS)
