"""Covariates: numbers about grids that others measure, as means of what became known within a window."""

from collections.abc import Iterator, Mapping

import numpy as np

from features.display import plain
from features.facts.facts import Facts
from features.panel.block import ratio
from features.panel.channels import Channel, ChannelSet
from features.panel.counters import Increments
from features.panel.feature import Feature, Kind, Valued
from features.settings import DisplayName

WINDOWS = (7, 28, 90, 365)


def features(facts: Facts, names: Mapping[str, DisplayName]) -> Iterator[Feature]:
    """Yield a mean per covariate and window; `names` says how a covariate is called, which without one is its code."""
    for index, code in enumerate(facts.covariate_names):
        name = names.get(code, DisplayName(zh=plain(code), en=plain(code)))
        for days in WINDOWS:
            yield Feature(
                subject=code,
                measure="mean",
                family="covariates",
                reason=f"covariate_{code}",
                kind=Kind.DRIVER,
                unit="number",
                zh=f"近{days}天{name.zh}均值{{n}}",
                en=f"{name.en} {{n}} on average in {days} days",
                value=_mean(index, days),
                window_days=days,
            )


def _mean(index: int, days: int) -> Valued:
    return lambda block: ratio(block.window(Channel(TOTAL, index), days), block.window(Channel(NUMBERS, index), days))


def _total(facts: Facts) -> Increments:
    rows = facts.covariates
    return Increments(len(facts.covariate_names), rows.series, rows.grid, rows.known_day, rows.value)


def _numbers(facts: Facts) -> Increments:
    rows = facts.covariates
    return Increments(len(facts.covariate_names), rows.series, rows.grid, rows.known_day, np.ones(len(rows.grid)))


TOTAL, NUMBERS = ChannelSet("covariate total", _total), ChannelSet("covariate numbers", _numbers)
