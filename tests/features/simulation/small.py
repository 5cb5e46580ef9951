"""A district of six grids and nine weeks: drawn in milliseconds, for tests of its parts."""

from datetime import date

import numpy as np

from features.simulation.certainty import Numbers
from features.simulation.district import District, World, make_district, make_world
from features.simulation.preset import Preset, Redraw, Size, Span

SPAN = Span(start=date(2025, 1, 1), end=date(2025, 3, 5))
CODE = "990101"


def small_preset(**sections: Numbers) -> Preset:
    """Return the preset of such a district; nothing is redrawn unless a section says so."""
    return Preset(**{"size": Size(grids=6, townships=1, communities=2), "redraw": Redraw(share=0.0)} | sections)


def small_world(seed: int = 1, span: Span = SPAN, **sections: Numbers) -> World:
    return make_world(small_preset(**sections), span, CODE, np.random.default_rng(seed))


def small_district(seed: int = 1, span: Span = SPAN, **sections: Numbers) -> District:
    return make_district(small_preset(**sections), span, CODE, np.random.default_rng(seed))
