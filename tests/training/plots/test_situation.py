"""Shades of a map: quarters of what is shown."""

import pytest

from training.plots.situation import SHADES, shade_values


@pytest.mark.parametrize(
    ("values", "shades", "keys"),
    [
        ([1.0, 2.0, 3.0, 4.0], list(SHADES), ["1.0–1.0", "2.0–2.0", "3.0–3.0", "4.0–4.0"]),
        ([5.0, None, 5.0], [SHADES[1], None, SHADES[1]], ["5.0–5.0"]),
        ([None], [None], []),
    ],
)
def test_shade_values_are_quarters_of_what_is_shown(values, shades, keys):
    assert shade_values(values) == (shades, list(zip(sorted(set(filter(None, shades)), key=SHADES.index), keys, strict=True)))
