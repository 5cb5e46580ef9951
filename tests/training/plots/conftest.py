"""Axes to draw on; nothing is rendered, what was drawn is read back."""

from collections.abc import Callable

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

MakeAxes = Callable[[int], list[Axes]]


@pytest.fixture
def make_axes() -> MakeAxes:
    """Return `make_axes(panels)`: axes side by side."""
    return lambda panels: list(Figure().subplots(1, panels, squeeze=False)[0])


@pytest.fixture
def panel(make_axes: MakeAxes) -> Axes:
    return make_axes(1)[0]
