"""The camera's picture with the crop the network sees, which the pointer moves and resizes.

Rule: a frame is taken from its slot while painting and never passed on; the crop leaves as a command, on release.
"""

from collections.abc import Callable

import cv2
import numpy as np
from PyQt6.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PyQt6.QtWidgets import QSizePolicy, QWidget

from app import theme
from app.crop_drag import CropDrag, Grip
from app.theme import COLOURS, colour
from engine.frames import CropRect, Frame
from engine.jpeg import colour_picture

_REACH_PX = 12.0  # how near a corner the pointer must be to hold it
_HANDLE_PX = 9.0
_MARGIN_PX = 10
_CURSORS = {
    Grip.BODY: Qt.CursorShape.SizeAllCursor,
    Grip.TOP_LEFT: Qt.CursorShape.SizeFDiagCursor,
    Grip.BOTTOM_RIGHT: Qt.CursorShape.SizeFDiagCursor,
    Grip.TOP_RIGHT: Qt.CursorShape.SizeBDiagCursor,
    Grip.BOTTOM_LEFT: Qt.CursorShape.SizeBDiagCursor,
}


class CameraView(QWidget):
    """A pane for one camera.

    Args:
        take: Gives the newest frame once, None when there is no newer one; called while painting.
        is_mirrored: Show it as a mirror does, for people who look at themselves; there is no crop then.
    """

    crop_dragged = pyqtSignal(object)  # CropRect, while the pointer holds it
    crop_chosen = pyqtSignal(object)  # CropRect, once released
    crop_reset = pyqtSignal()

    def __init__(self, take: Callable[[], Frame | None], *, is_mirrored: bool = False) -> None:
        super().__init__()
        self._take, self._is_mirrored = take, is_mirrored
        self.frame: Frame | None = None
        self._crop: CropRect | None = None
        self._drag: CropDrag | None = None
        self._pressed_at = QPointF()
        self._is_hovered = False
        self._message = ""
        self._scaled: np.ndarray | None = None  # kept: the image below shows its memory
        self._image = QImage()
        self.setMouseTracking(True)
        self.setMinimumSize(180, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setToolTip("The frame is what the network sees. Drag it or its corners; double-click resets it.")

    def set_message(self, words: str) -> None:
        """What to say while there is no picture."""
        self._message = words
        self.update()

    def clear(self) -> None:
        """Forget the last picture: another camera follows."""
        self.frame, self._scaled, self._image, self._drag = None, None, QImage(), None
        self.update()

    def set_crop(self, crop: CropRect) -> None:
        """Show this crop; a drag in progress is not disturbed."""
        if crop != self._crop and self._drag is None:
            self._crop = crop
            self.update()

    def picture_box(self) -> QRectF:
        """Where the picture lies in this pane."""
        if self.frame is None:
            return QRectF()
        room_x, room_y = self.width() - 2 * _MARGIN_PX, self.height() - 2 * _MARGIN_PX
        scale = max(1e-3, min(room_x / self.frame.width_px, room_y / self.frame.height_px))
        width, height = max(1, int(self.frame.width_px * scale)), max(1, int(self.frame.height_px * scale))
        return QRectF((self.width() - width) // 2, (self.height() - height) // 2, width, height)

    def crop_box(self) -> QRectF:
        """Where the crop lies in this pane."""
        box = self.picture_box()
        if self.frame is None or self._crop is None:
            return QRectF()
        scale, crop = box.width() / self.frame.width_px, self._crop
        return QRectF(box.x() + crop.x * scale, box.y() + crop.y * scale, crop.width * scale, crop.height * scale)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: D102
        newest = self._take()
        if newest is not None:
            self.frame = newest
            self._image = QImage()
        painter = QPainter(self)
        painter.fillRect(self.rect(), colour(COLOURS.picture))
        if self.frame is None:
            painter.setFont(theme.font(13))
            painter.setPen(colour(COLOURS.text_faint))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._message)
            return
        box = self.picture_box()
        painter.drawImage(box, self._picture(self.frame, box))
        if self._crop is not None:
            self._paint_crop(painter, box)

    def _picture(self, frame: Frame, box: QRectF) -> QImage:
        # OpenCV shrinks four times faster than Qt would, and the result is drawn pixel by pixel.
        ratio = self.devicePixelRatioF()
        width, height = max(1, round(box.width() * ratio)), max(1, round(box.height() * ratio))
        if self._image.isNull() or (self._image.width(), self._image.height()) != (width, height):
            seen = colour_picture(frame, width)
            is_shrinking = width <= seen.shape[1]
            method = cv2.INTER_AREA if is_shrinking else cv2.INTER_LINEAR
            scaled = cv2.resize(seen, (width, height), interpolation=method)
            self._scaled = np.ascontiguousarray(scaled[:, ::-1] if self._is_mirrored else scaled)
            is_gray = self._scaled.ndim == 2
            layout = QImage.Format.Format_Grayscale8 if is_gray else QImage.Format.Format_BGR888
            self._image = QImage(self._scaled.data, width, height, self._scaled.strides[0], layout)
        return self._image

    def _paint_crop(self, painter: QPainter, box: QRectF) -> None:
        crop = self.crop_box()
        shade = colour("#000000", 0.42)
        painter.fillRect(QRectF(box.left(), box.top(), box.width(), crop.top() - box.top()), shade)
        painter.fillRect(QRectF(box.left(), crop.bottom(), box.width(), box.bottom() - crop.bottom()), shade)
        painter.fillRect(QRectF(box.left(), crop.top(), crop.left() - box.left(), crop.height()), shade)
        painter.fillRect(QRectF(crop.right(), crop.top(), box.right() - crop.right(), crop.height()), shade)
        is_active = self._is_hovered or self._drag is not None
        edge = colour(COLOURS.accent, 0.9 if is_active else 0.45)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(edge, 1))
        outline = crop.adjusted(0, 0, -1, -1)
        painter.drawRect(outline)
        # Corners: short strong strokes, drawn inwards so that they show at the picture's edge.
        painter.setPen(QPen(colour(COLOURS.accent), 3 if is_active else 2))
        arm = min(_HANDLE_PX * 1.6, outline.width() / 4, outline.height() / 4)
        for x, sign_x in ((outline.left() + 1, 1), (outline.right() - 1, -1)):
            for y, sign_y in ((outline.top() + 1, 1), (outline.bottom() - 1, -1)):
                painter.drawLine(QPointF(x, y), QPointF(x + sign_x * arm, y))
                painter.drawLine(QPointF(x, y), QPointF(x, y + sign_y * arm))

    def grip_at(self, place: QPointF) -> Grip | None:
        """What a press at this place of the pane would hold."""
        crop = self.crop_box()
        if crop.isEmpty():
            return None
        for corner, grip in (
            (crop.topLeft(), Grip.TOP_LEFT),
            (crop.topRight(), Grip.TOP_RIGHT),
            (crop.bottomLeft(), Grip.BOTTOM_LEFT),
            (crop.bottomRight(), Grip.BOTTOM_RIGHT),
        ):
            offset = place - corner
            if max(abs(offset.x()), abs(offset.y())) <= _REACH_PX:
                return grip
        return Grip.BODY if crop.contains(place) else None

    def mousePressEvent(self, event: QMouseEvent | None) -> None:  # noqa: D102
        if event is None or self.frame is None or self._crop is None:
            return
        grip = self.grip_at(event.position()) if event.button() is Qt.MouseButton.LeftButton else None
        if grip is not None:
            self._drag = CropDrag(grip, self._crop, self.frame.width_px, self.frame.height_px)
            self._pressed_at = event.position()

    def mouseMoveEvent(self, event: QMouseEvent | None) -> None:  # noqa: D102
        if event is None:
            return
        if self._drag is None or self.frame is None:
            self._hover(event.position())
            return
        scale = self.frame.width_px / self.picture_box().width()
        offset = (event.position() - self._pressed_at) * scale
        self._crop = self._drag.moved(offset.x(), offset.y())
        self.crop_dragged.emit(self._crop)
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent | None) -> None:  # noqa: D102
        drag, self._drag = self._drag, None
        if drag is not None and self._crop is not None and self._crop != drag.start:
            self.crop_chosen.emit(self._crop)
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent | None) -> None:  # noqa: D102
        self._drag = None
        self.crop_reset.emit()

    def leaveEvent(self, event: object) -> None:  # noqa: D102
        self._is_hovered = False
        self.update()

    def _hover(self, place: QPointF) -> None:
        grip = self.grip_at(place)
        self.setCursor(_CURSORS[grip] if grip else Qt.CursorShape.ArrowCursor)
        if (grip is not None) != self._is_hovered:
            self._is_hovered = grip is not None
            self.update()
