"""Curves of a shot over time, small: light, motion, what each region does, and how well picture and mesh agree.

Rule: all shots share their scales, so that rows can be compared by eye.
"""

from collections.abc import Callable, Mapping

import numpy as np
from PyQt6.QtCore import QPointF, QRectF
from PyQt6.QtGui import QColor, QPainter, QPen, QPolygonF

from app.sheet.ink import BRIGHT, DIM, FAINT, LINE, write
from app.theme import COLOURS, colour

_STRIP = 12  # height of a region's strip


class Plot:
    """A rectangle over time.

    Args:
        painter: Of the page.
        area: Where.
        num_frames: The width stands for.
        top_value: The height stands for, from 0.
    """

    def __init__(self, painter: QPainter, area: QRectF, num_frames: int, top_value: float) -> None:
        self._painter, self._area = painter, area
        self._num_frames, self._top_value = max(num_frames, 2), max(top_value, 1e-6)

    def ground(self, marks: tuple[float, ...], unit: str) -> None:
        """The frame, with a faint line and a number at each of `marks`."""
        self._painter.fillRect(self._area, QColor(COLOURS.picture))
        for value in marks:
            y = self._y(value)
            self._painter.setPen(QPen(colour(LINE, 0.9), 1))
            self._painter.drawLine(QPointF(self._area.left(), y), QPointF(self._area.right(), y))
            words = f"{value:g}{unit if value == marks[-1] else ''}"
            write(self._painter, self._area.left() - 6, y - 7, words, 10, ink=FAINT, is_right=True)

    def band(self, low: np.ndarray, high: np.ndarray, ink: str) -> None:
        """The room between two curves."""
        if len(low):
            upper = [self._point(frame, value) for frame, value in self._column(high, np.max)]
            lower = [self._point(frame, value) for frame, value in self._column(low, np.min)]
            self._painter.setPen(QPen(QColor(0, 0, 0, 0)))
            self._painter.setBrush(colour(ink, 0.28))
            self._painter.drawPolygon(QPolygonF(upper + lower[::-1]))

    def curve(self, values: np.ndarray, ink: str) -> None:
        """One line; where there are more frames than pixels both extremes of a column are drawn."""
        if not len(values):
            return
        points = []
        for (frame, least), (_, most) in zip(self._column(values, np.min), self._column(values, np.max), strict=True):
            points += [self._point(frame, least), self._point(frame, most)]
        self._painter.setPen(QPen(QColor(ink), 1.2))
        self._painter.drawPolyline(QPolygonF(points))

    def marks(self, frames: np.ndarray, ink: str) -> None:
        """Upright lines at frames that want attention."""
        self._painter.setPen(QPen(QColor(ink), 1))
        for x in sorted({round(self._x(int(frame))) for frame in frames}):
            self._painter.drawLine(QPointF(x, self._area.top()), QPointF(x, self._area.bottom()))

    def _column(self, values: np.ndarray, take: Callable[[np.ndarray], float]) -> list[tuple[int, float]]:
        """One value for a column of pixels: (frame, value)."""
        step = max(1, int(len(values) / self._area.width()))
        return [(frame, float(take(values[frame : frame + step]))) for frame in range(0, len(values), step)]

    def _point(self, frame: int, value: float) -> QPointF:
        return QPointF(self._x(frame), self._y(value))

    def _x(self, frame: int) -> float:
        return self._area.left() + self._area.width() * frame / (self._num_frames - 1)

    def _y(self, value: float) -> float:
        share = min(max(value / self._top_value, 0.0), 1.0)
        return self._area.bottom() - share * (self._area.height() - 1) - 0.5


def strips(
    painter: QPainter, x: float, y: float, width: float, regions: Mapping[str, np.ndarray], tops_mm: Mapping[str, float]
) -> float:
    """A line of brightness for every region: how far from neutral, against what it reaches in the whole set.

    Returns:
        The top of what comes after.
    """
    for name, values in regions.items():
        write(painter, x - 6, y - 2, name, 10, ink=DIM, is_right=True)
        step = max(1, len(values) // int(width))
        shares = np.clip(values[::step] / max(tops_mm.get(name, 0.0), 0.5), 0, 1)
        edges = np.linspace(x, x + width, len(shares) + 1)
        painter.fillRect(QRectF(x, y, width, _STRIP - 2), QColor(COLOURS.picture))
        for left, right, share in zip(edges[:-1], edges[1:], shares, strict=True):
            painter.fillRect(QRectF(left, y, right - left + 0.3, _STRIP - 2), colour(COLOURS.accent, float(share)))
        y += _STRIP
    return y


def agreement(painter: QPainter, area: QRectF, curve: tuple[float, ...], best: int, ink: str) -> None:
    """Bars over the offset in frames; the best is lit, the middle is where the cache lies."""
    painter.fillRect(area, QColor(COLOURS.picture))
    width = area.width() / max(len(curve), 1)
    for index, value in enumerate(curve):
        height = max(1.0, max(value, 0.0) * (area.height() - 2))
        shade = QColor(ink) if index == best else colour(DIM, 0.45)
        painter.fillRect(QRectF(area.left() + index * width + 0.5, area.bottom() - height, width - 1, height), shade)
    middle = area.left() + area.width() / 2
    painter.setPen(QPen(QColor(BRIGHT), 1))
    painter.drawLine(QPointF(middle, area.bottom() + 2), QPointF(middle, area.bottom() + 6))
    reach = len(curve) // 2
    write(painter, area.left(), area.bottom() + 4, f"-{reach}", 10, ink=FAINT)
    write(painter, area.right(), area.bottom() + 4, f"+{reach}", 10, ink=FAINT, is_right=True)
