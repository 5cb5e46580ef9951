"""How far the records can be trusted: silence, delay and age. Never in a model, which would learn that silence is safe."""

from collections.abc import Iterator

from features.facts import Facts
from features.panel.block import Block, ratio
from features.panel.catalogue import Feature, Kind, Valued
from features.panel.channels import ANY, DELAY, Channel
from features.panel.when import Values


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield data-quality columns; petitions are left out of them."""
    del horizon_days, facts
    yield _quality("report_gap_grid", "days", "已{n}天无任何上报记录", "no record for {n} days", _gap)
    yield _quality("report_delay_mean_grid_90d", "days", "上报平均滞后{n}天", "reports arrive {n} days late on average", _delay)


def _quality(name: str, unit: str, zh: str, en: str, value: Valued) -> Feature:
    return Feature(name, "quality", "quality", Kind.QUALITY, unit, zh, en, value, in_model=False)


def _gap(block: Block) -> Values:
    return block.days_since(Channel(ANY))


def _delay(block: Block) -> Values:
    return ratio(block.window(Channel(DELAY), 90), block.window(Channel(ANY), 90))
