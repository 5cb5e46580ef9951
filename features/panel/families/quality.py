"""Quality of the records: silence, delay and age. Never in a model, which would learn that silence is safe."""

from collections.abc import Iterator

from features.facts.facts import Facts
from features.panel.as_ofs import Values
from features.panel.block import Block, ratio
from features.panel.channels import ANY, DELAY, Channel
from features.panel.feature import Feature, Kind, Use, Valued

DELAY_DAYS = 90


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield data-quality columns; petitions are left out of them."""
    del horizon_days, facts
    yield _quality("gap", None, "已{n}天无任何上报记录", "no record for {n} days", _gap)
    yield _quality("delay_mean", DELAY_DAYS, "上报平均滞后{n}天", "reports arrive {n} days late on average", _delay)


def _quality(measure: str, days: int | None, zh: str, en: str, value: Valued) -> Feature:
    about = "quality", "quality", Kind.QUALITY, "days", zh, en, value
    return Feature("report", measure, *about, window_days=days, use=Use.SHOWN_ONLY)


def _gap(block: Block) -> Values:
    return block.days_since(Channel(ANY))


def _delay(block: Block) -> Values:
    return ratio(block.window(Channel(DELAY), DELAY_DAYS), block.window(Channel(ANY), DELAY_DAYS))
