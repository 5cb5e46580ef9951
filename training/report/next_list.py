"""Look for columns that know the future: what was known before an as_of must give every column of that as_of again."""

from typing import Any

import numpy as np

from features.days import to_date
from features.facts.facts import Facts
from features.panel.build import Panel, build_features
from features.panel.subset import known_before
from features.settings import Settings

AS_OFS = 2
"""As_ofs that are built again."""


def look_ahead(facts: Facts, panel: Panel, horizon_days: int, settings: Settings) -> dict[str, Any]:
    """Build some as_ofs again from what was known by then; `changed` names the columns that came out differently."""
    places = np.unique(np.linspace(0, len(panel.as_ofs) - 1, AS_OFS + 1).round().astype(int)[1:])
    changed: set[str] = set()
    for place in places.tolist():
        day = panel.as_ofs[place : place + 1]
        again = build_features(known_before(facts, int(day[0])), day, horizon_days, settings, panel.features)
        changed |= _different(panel, again, place)
    return {
        "as_ofs": [str(to_date(day)) for day in panel.as_ofs[places].tolist()],
        "columns": len(panel.features),
        "changed": sorted(changed),
    }


def _different(panel: Panel, again: Panel, place: int) -> set[str]:
    same = [np.array_equal(before[place], after[0], equal_nan=True) for before, after in zip(panel.values, again.values, strict=True)]
    return {name for name, equal in zip(panel.names, same, strict=True) if not equal}
