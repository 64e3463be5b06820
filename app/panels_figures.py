"""The numbers of a running line, each with its name, unit and a word of detail.

Rule: a number keeps its place and width whatever its value; one that is not known is a dash, never a zero.
"""

from dataclasses import fields

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtGui import QFont, QPainter, QPaintEvent
from PyQt6.QtWidgets import QGridLayout, QSizePolicy, QWidget

from app import theme
from app.figures import UNKNOWN, Reading, Readings
from app.theme import COLOURS, colour


class Figure(QWidget):
    """One number.

    Args:
        name: What it is.
        unit: Behind the number.
        tool_tip: One sentence on how it is measured.
        marker: Colour of its line in the plots, where it has one.
    """

    def __init__(self, name: str, unit: str, tool_tip: str, marker: str | None = None) -> None:
        super().__init__()
        self.name, self._unit, self._marker, self._tool_tip = name, unit, marker, tool_tip
        self._reading = Reading()
        self._name_font = theme.caption_font()
        self._number_font = theme.font(21, QFont.Weight.Medium)
        self._small_font = theme.font(11)
        self.setToolTip(tool_tip)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def reading(self) -> Reading:
        """What is shown now."""
        return self._reading

    def show_reading(self, reading: Reading) -> None:
        """Show another value."""
        if reading != self._reading:
            self._reading = reading
            self.setToolTip(f"{self._tool_tip}\n{reading.detail}" if reading.detail else self._tool_tip)
            self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(104, 66)

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(78, 60)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: D102
        reading, painter = self._reading, QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        top = max(0, (self.height() - 60) // 2)
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        name_x = 0
        if self._marker:
            painter.fillRect(0, top + 7, 10, 2, colour(self._marker))
            name_x = 15
        painter.setFont(self._name_font)
        painter.setPen(colour(COLOURS.text_faint))
        painter.drawText(QRect(name_x, top, self.width() - name_x, 16), left, self.name.upper())
        painter.setFont(self._number_font)
        painter.setPen(colour(COLOURS.text if reading.value != UNKNOWN else COLOURS.text_faint))
        painter.drawText(QRect(0, top + 16, self.width(), 28), left, reading.value)
        number_width = painter.fontMetrics().horizontalAdvance(reading.value)
        painter.setFont(self._small_font)
        painter.setPen(colour(COLOURS.text_dim))
        baseline_box = QRect(number_width + 5, top + 20, self.width() - number_width - 5, 24)
        painter.drawText(baseline_box, left, self._unit)
        painter.setPen(colour(COLOURS.text_faint))
        metrics = painter.fontMetrics()
        detail = metrics.elidedText(reading.detail, Qt.TextElideMode.ElideRight, self.width() - 4)
        painter.drawText(QRect(0, top + 44, self.width(), 16), left, detail)


class FiguresPanel(QWidget):
    """All figures of the line, in two rows: how fast and how true, then how late."""

    def __init__(self) -> None:
        super().__init__()
        self.camera = Figure("Camera", "fps", "Frames a second the camera delivers.", COLOURS.text_faint)
        self.solve = Figure("Solve", "fps", "Frames a second the network solves.", COLOURS.text_dim)
        self.display = Figure("Display", "fps", "Meshes a second drawn in this window.", COLOURS.accent)
        self.solve_time = Figure("Solve time", "ms", "Crop and network of one frame, median.")
        self.rmse = Figure(
            "RMSE",
            "mm",
            "Root mean square distance of the animated vertices to their truth, over all meshes shown.",
        )
        latency = "From the camera's delivery of a frame to its mesh drawn, over recent frames: "
        self.p50 = Figure("Latency", "ms", latency + "half are faster.", COLOURS.accent)
        self.p95 = Figure("p95", "ms", latency + "19 of 20 are faster.")
        self.p99 = Figure("p99", "ms", latency + "99 of 100 are faster.")
        self.age = Figure("Frame age", "ms", "How old the mesh on the screen is now; grows when the line stands still.")
        self.dropped = Figure(
            "Dropped",
            "",
            "Frames that did not reach the screen, by cause: lost by the camera, solver busy, display busy.",
        )
        grid = QGridLayout(self)
        grid.setContentsMargins(theme.PAD_PX + 2, 10, theme.PAD_PX, 8)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(4)
        rows = (
            (self.camera, self.solve, self.display, self.solve_time, self.rmse),
            (self.p50, self.p95, self.p99, self.age, self.dropped),
        )
        for row, figures in enumerate(rows):
            for column, figure in enumerate(figures):
                grid.addWidget(figure, row, column)
                grid.setColumnStretch(column, 100 if column < 4 else 145)

    def show_readings(self, readings: Readings) -> None:
        """Show new values."""
        for field in fields(readings):
            figure: Figure = getattr(self, field.name)
            figure.show_reading(getattr(readings, field.name))
