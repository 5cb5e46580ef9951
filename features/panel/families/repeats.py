"""Matters that come back: the same kind again in the same grid, and cases reopened after closing."""

from collections.abc import Iterator

from features.facts.facts import Facts
from features.panel.as_ofs import REPEAT_DAYS
from features.panel.channels import REOPENED, Channel, repeated_within
from features.panel.feature import Feature, Kind, window


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield repeats; reopened cases only where the source records them."""
    del horizon_days
    yield Feature(
        subject="repeat",
        measure="count",
        family="repeats",
        reason="repeats",
        kind=Kind.DRIVER,
        unit="cases",
        zh="同类事项90天内重复反映{n}次",
        en="{n} repeats of the same kind of matter within 90 days",
        value=window(Channel(repeated_within(REPEAT_DAYS)), 90),
        window_days=90,
        direction=1,
    )
    if len(facts.reopened.case):
        yield Feature(
            subject="reopened",
            measure="count",
            family="repeats",
            reason="repeats",
            kind=Kind.DRIVER,
            unit="cases",
            zh="办结后又再次反映{n}件",
            en="{n} cases reopened after closing in 182 days",
            value=window(Channel(REOPENED), 182),
            window_days=182,
            direction=1,
        )
