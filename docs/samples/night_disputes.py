"""Local features: disputes reported at night.

Name this file in the settings: `panel: {local_features: /etc/yujing/night_disputes.py}`.
"""

from collections.abc import Iterator

from features.facts.facts import Facts
from features.panel.channels import Channel, Flags, cases_where, is_type
from features.panel.feature import Feature, Kind, window
from features.schema import EventType

FROM, UNTIL = 22 * 60, 6 * 60
"""Minutes of the local day between which it is night."""


def features(facts: Facts, horizon_days: int) -> Iterator[Feature]:
    """Yield counts of the last four weeks and of a quarter; nothing where the log knows days only."""
    del horizon_days
    if (facts.cases.reported_minute >= 0).any():
        for days in (28, 90):
            yield Feature(
                subject="night_dispute",
                measure="count",
                family="local",
                reason="night",
                kind=Kind.DRIVER,
                unit="cases",
                zh=f"近{days}天夜间（22时至次日6时）上报矛盾纠纷{{n}}件",
                en=f"{{n}} disputes reported between 22:00 and 06:00 in {days} days",
                value=window(Channel(cases_where("night disputes", is_night_dispute)), days),
                window_days=days,
            )


def is_night_dispute(facts: Facts) -> Flags:
    """Return (cases,) flags of disputes that were reported at night; a bare date (-1) is no time of day."""
    minute = facts.cases.reported_minute
    return is_type(facts, EventType.DISPUTE) & ((minute >= FROM) | ((minute >= 0) & (minute < UNTIL)))
