import pytest
from PyQt6.QtWidgets import QApplication

from app.plots import THROUGHPUT_LINES, RollingPlot, ceiling


@pytest.mark.parametrize(("value", "top"), [(0.0, 1), (0.8, 1), (29.9, 40), (30.0, 40), (60.0, 80), (1e9, 10000)])
def test_a_scale_ends_at_a_round_number_above_its_values(value: float, top: float) -> None:
    assert ceiling(value) == top


def test_the_scale_does_not_move_with_every_value(app: QApplication) -> None:
    plot = RollingPlot("Frames per second", THROUGHPUT_LINES, 8.0)
    tops = set()
    for value in (29.0, 30.5, 28.2, 33.0, 31.0):
        plot.add((value, value, None))
        tops.add(plot.top)
    assert tops == {40.0}


def test_a_value_leaves_the_plot_after_its_span_and_the_scale_follows(app: QApplication) -> None:
    plot = RollingPlot("Frames per second", THROUGHPUT_LINES, 8.0)
    plot.add((240.0, None, None))
    assert plot.top == 300.0
    for _ in range(240):
        plot.add((30.0, 30.0, 30.0))
    assert plot.top == 40.0


def test_a_cleared_plot_starts_anew(app: QApplication) -> None:
    plot = RollingPlot("Frames per second", THROUGHPUT_LINES, 8.0)
    plot.add((240.0, 240.0, 240.0))
    plot.clear()
    plot.add((10.0, 10.0, 10.0))
    assert plot.top == 20.0
