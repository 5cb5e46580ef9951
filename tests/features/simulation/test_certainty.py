"""Marks of certainty on the numbers of a simulated district."""

from typing import Annotated

import pytest
from pydantic import ValidationError

from features.simulation.certainty import Numbers, Share, Sure


class Flood(Numbers):
    """A section of one number."""

    risk: Annotated[Share, Sure.D] = 0.5
    """Share of grids that are flooded."""


def test_numbers_are_described_by_the_text_below_them_and_keep_their_mark() -> None:
    field = Flood.model_fields["risk"]

    assert "Share of grids that are flooded." == field.description
    assert Sure.D in field.metadata


@pytest.mark.parametrize("risk", [-0.01, 1.01])
def test_share_beyond_its_bounds_is_refused_though_it_is_marked(risk: float) -> None:
    with pytest.raises(ValidationError, match="risk"):
        Flood(risk=risk)
