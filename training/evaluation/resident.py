"""What residents brought themselves: escalations that no visit of staff could have produced."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from features.facts import Facts

Flags = npt.NDArray[np.bool_]

STAFF_SOURCES = ("grid_worker", "visit")
"""Sources whose records exist because staff looked."""


def resident_reported(facts: Facts) -> Facts | None:
    """Return the facts with only those escalations whose case a resident brought; None where the log does not say of any case."""
    known, brought = _brought_by_residents(facts)
    if not known.any():
        return None
    chosen = brought[facts.target.case]
    marks = replace(
        facts.target,
        case=facts.target.case[chosen],
        grid=facts.target.grid[chosen],
        occurred_day=facts.target.occurred_day[chosen],
        known_day=facts.target.known_day[chosen],
    )
    return replace(facts, target=marks)


def _brought_by_residents(facts: Facts) -> tuple[Flags, Flags]:
    """Tell of which cases it is known who found them, and which a resident brought; `self_found` goes before the source."""
    staff = np.isin(np.array([*facts.sources, ""]), STAFF_SOURCES)
    stated, sourced = facts.cases.self_found >= 0, facts.cases.source >= 0
    brought = np.where(stated, facts.cases.self_found == 0, sourced & ~staff[facts.cases.source])
    return stated | sourced, brought
