"""Two rolling plots, drawn by pyqtgraph: frames a second of the three stages, and latency.

Rule: the time axis stands still and the value axis moves in few round steps, so the eye follows the lines alone.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QVBoxLayout, QWidget

from app import startup, theme  # noqa: F401 - startup first: it tells pyqtgraph which Qt to use
from app.panels import Text
from app.theme import COLOURS, colour

SPAN_S = 30.0
_STEPS = (1, 2, 5, 10, 20, 30, 40, 60, 80, 100, 150, 200, 300, 400, 600, 800, 1000, 1500, 2000, 3000, 5000, 10000)


@dataclass(frozen=True, slots=True)
class Line:
    """One curve of a plot."""

    name: str
    tint: str
    width_px: float = 1.5
    is_filled: bool = False
    is_dashed: bool = False


THROUGHPUT_LINES = (
    Line("camera", COLOURS.text_faint, is_dashed=True),
    Line("solve", COLOURS.text_dim),
    Line("display", COLOURS.accent, 2.0, is_filled=True),
)
LATENCY_LINES = (Line("slowest", COLOURS.text_faint, 1.0), Line("median", COLOURS.accent, 2.0, is_filled=True))


def ceiling(value: float) -> float:
    """The first round number above `value` with some room."""
    return float(next((step for step in _STEPS if step >= value * 1.12), _STEPS[-1]))


class RollingPlot(QWidget):
    """The last half minute of a few values.

    Args:
        title: With the unit.
        lines: From back to front.
        rate_hz: How often `add` is called.
    """

    def __init__(self, title: str, lines: tuple[Line, ...], rate_hz: float) -> None:
        super().__init__()
        num_points = round(SPAN_S * rate_hz)
        self._times_s = (np.arange(num_points) - (num_points - 1)) / rate_hz
        self._history = [deque([np.nan] * num_points, maxlen=num_points) for _ in lines]
        self.top = 0.0  # of the value axis
        self._title = Text(theme.font(12), COLOURS.text_dim)
        self._title.set_text(title)
        self._plot = pg.PlotWidget(background=None)
        self._plot.setMinimumSize(140, 60)
        self._dress_axes()
        self._curves = [self._curve(line) for line in lines]
        box = QVBoxLayout(self)
        box.setContentsMargins(8, 12, theme.PAD_PX, 6)
        box.setSpacing(4)
        box.addWidget(self._title)
        box.addWidget(self._plot, 1)
        self._rescale(0.0)

    def _dress_axes(self) -> None:
        item = self._plot.getPlotItem()
        item.setMenuEnabled(False)
        item.hideButtons()
        item.setMouseEnabled(False, False)
        item.setContentsMargins(0, 0, 0, 0)
        self._plot.setFrameShape(self._plot.Shape.NoFrame)
        self._plot.setStyleSheet("background: transparent;")
        self._plot.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        for side in ("left", "bottom"):
            axis = item.getAxis(side)
            axis.setPen(pg.mkPen(None))
            axis.setTickPen(pg.mkPen(colour(COLOURS.line)))
            axis.setTextPen(colour(COLOURS.text_faint))
            axis.setStyle(tickFont=theme.font(10), tickLength=0, hideOverlappingLabels=False)
            axis.enableAutoSIPrefix(False)
        item.getAxis("left").setWidth(30)
        item.getAxis("left").setGrid(255)
        item.getAxis("bottom").setHeight(18)
        item.getAxis("bottom").setTicks([[(-SPAN_S, "30 s"), (-SPAN_S / 2, "15 s"), (0, "now")]])
        item.setXRange(-SPAN_S * 1.02, SPAN_S * 0.04, padding=0)

    def _curve(self, line: Line) -> pg.PlotCurveItem:
        style = Qt.PenStyle.DashLine if line.is_dashed else Qt.PenStyle.SolidLine
        pen = pg.mkPen(colour(line.tint), width=line.width_px, style=style)
        fill = pg.mkBrush(colour(line.tint, 0.10)) if line.is_filled else None
        curve = pg.PlotCurveItem(pen=pen, brush=fill, fillLevel=0 if fill else None, antialias=True)
        self._plot.addItem(curve)
        return curve

    def add(self, values: tuple[float | None, ...]) -> None:
        """Append one value a line, None where there is none, and redraw."""
        highest = 0.0
        for history, curve, value in zip(self._history, self._curves, values, strict=True):
            history.append(np.nan if value is None else value)
            points = np.asarray(history)
            is_known = ~np.isnan(points)
            curve.setData(self._times_s[is_known], points[is_known])
            if is_known.any():
                highest = max(highest, float(points[is_known].max()))
        self._rescale(highest)

    def _rescale(self, highest: float) -> None:
        top = ceiling(highest)
        if top != self.top:
            self.top = top
            item = self._plot.getPlotItem()
            item.setYRange(-0.05 * top, 1.1 * top, padding=0)
            item.getAxis("left").setTicks([[(share * top, f"{share * top:g}") for share in (0, 0.5, 1)]])

    def clear(self) -> None:
        """Forget everything shown."""
        for history in self._history:
            history.extend([np.nan] * len(history))
        for curve in self._curves:
            curve.clear()
