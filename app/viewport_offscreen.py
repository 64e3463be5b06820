"""The viewport where OpenGL is software or the window system has none: drawn off screen, shown as a picture.

Rule: its OpenGL context is current only while it draws, and only on the window's thread.
"""

import numpy as np
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QWidget

from app import startup
from app.theme import COLOURS, colour
from app.viewport import Pointing, Stage
from engine.render import Offscreen


class OffscreenViewport(Pointing, QWidget):
    """Draws into EGL's framebuffer and shows it through a QImage.

    Args:
        stage: What to draw.

    Raises:
        BackendError: There is no OpenGL at all.
    """

    def __init__(self, stage: Stage) -> None:
        super().__init__()
        self.stage = stage
        stage.redraw = self.update
        startup.give_way()  # before the driver starts its threads
        self._target = Offscreen(64, 64)
        self.gl_renderer = self._target.gl_renderer
        self._pixels: np.ndarray | None = None  # kept: the image below shows its memory
        self._image = QImage()
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMinimumSize(240, 160)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: D102
        mesh = self.stage.newest()
        painter = QPainter(self)
        if self.stage.bundle is None:
            painter.fillRect(self.rect(), colour(COLOURS.picture))
            return
        ratio = self.devicePixelRatioF()
        width, height = max(2, round(self.width() * ratio)), max(2, round(self.height() * ratio))
        if self.stage.is_stale or (self._image.width(), self._image.height()) != (width, height):
            self._draw(width, height)
        painter.drawImage(QRectF(self.rect()), self._image)
        painter.end()
        self.stage.shown(mesh)

    def _draw(self, width_px: int, height_px: int) -> None:
        self._target.make_current()
        self._target.resize(width_px, height_px)
        self.stage.draw(width_px, height_px)
        self._pixels = np.ascontiguousarray(self._target.read_rgba())
        self._image = QImage(
            self._pixels.data, width_px, height_px, self._pixels.strides[0], QImage.Format.Format_RGBX8888
        )

    def release(self) -> None:
        """Free the context and what lives in it."""
        self._target.make_current()
        self.stage.release()
        self._target.release()
