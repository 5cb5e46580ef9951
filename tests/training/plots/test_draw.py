"""Costs by size: one line a step, told apart by colour and dashes, on axes that make a power a straight line."""

from matplotlib.axes import Axes

from training.plots.draw import COLOURS, DASHES, cost_by_size, draw_costs

SECONDS = {"score": {1000: 2.0, 100: 0.2, 10_000: 20.0}, "publish": {100: 0.1, 1000: 1.0}}
PNG = b"\x89PNG\r\n"


def test_cost_by_size_draws_each_step_in_the_order_of_its_sizes(panel: Axes) -> None:
    cost_by_size([panel], SECONDS)
    lines = [(line.get_label(), line.get_xydata().tolist()) for line in panel.lines]

    assert [("score", [[100, 0.2], [1000, 2.0], [10_000, 20.0]]), ("publish", [[100, 0.1], [1000, 1.0]])] == lines
    assert ("log", "log", "grids", "CPU seconds") == (panel.get_xscale(), panel.get_yscale(), panel.get_xlabel(), panel.get_ylabel())


def test_cost_by_size_tells_as_many_steps_apart_as_there_are_colours_and_dashes(panel: Axes) -> None:
    most = len(COLOURS) * len(DASHES)
    cost_by_size([panel], {f"step {number}": {1: 1.0} for number in range(most)})

    assert most == len({(line.get_color(), line.get_linestyle()) for line in panel.lines})
    assert [f"step {number}" for number in range(most)] == [text.get_text() for text in panel.get_legend().get_texts()]


def test_draw_costs_is_the_same_picture_for_the_same_costs() -> None:
    picture = draw_costs(SECONDS)

    assert picture.startswith(PNG)
    assert picture == draw_costs(SECONDS) != draw_costs({"score": {100: 0.2}})
