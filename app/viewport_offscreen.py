"""The viewport where OpenGL is software or the window system has none: drawn off screen, shown as a picture.

Rule: its OpenGL context is current only while it draws, and only on the window's thread.
"""

import cv2
import numpy as np
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QImage, QPainter, QPaintEvent
from PyQt6.QtWidgets import QWidget

from app import startup
from app.theme import COLOURS, colour
from app.viewport import Pointing, Stage
from engine.bundle import ActorBundle
from engine.render import MeshRenderer, Offscreen


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
        self._renderer: MeshRenderer | None = None
        self._drawn_for: ActorBundle | None = None
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
            self._draw(self.stage.bundle, width, height)
        painter.drawImage(QRectF(self.rect()), self._image)
        painter.end()
        self.stage.shown(mesh)

    def _draw(self, bundle: ActorBundle, width_px: int, height_px: int) -> None:
        self._target.make_current()
        if self._drawn_for is not bundle:
            if self._renderer is not None:
                self._renderer.release()
            self._renderer, self._drawn_for = MeshRenderer(bundle.topology, skin_of(bundle)), bundle
        if self._renderer is None:
            return
        self._target.resize(width_px, height_px)
        self.stage.upload(self._renderer)
        view = self.stage.orbit.view(width_px, height_px)
        self._renderer.draw(view, self.stage.look, width_px, height_px)
        self._pixels = np.ascontiguousarray(self._target.read_rgba())
        self._image = QImage(
            self._pixels.data, width_px, height_px, self._pixels.strides[0], QImage.Format.Format_RGBX8888
        )

    def release(self) -> None:
        """Free the context and what lives in it."""
        if self._renderer is not None:
            self._target.make_current()
            self._renderer.release()
            self._renderer = None
        self._target.release()


def skin_of(bundle: ActorBundle) -> np.ndarray | None:
    """[H, W, 3] uint8 red-green-blue, or None for an actor without a skin."""
    if bundle.skin_path is None:
        return None
    skin = cv2.imread(str(bundle.skin_path), cv2.IMREAD_COLOR)
    return None if skin is None else np.asarray(cv2.cvtColor(skin, cv2.COLOR_BGR2RGB))
