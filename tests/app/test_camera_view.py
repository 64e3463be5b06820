"""The camera's pane: what an eye sees of a picture."""

import cv2
import numpy as np
import pytest
from PyQt6.QtGui import QColor
from PyQt6.QtWidgets import QApplication

from app.camera_view import CameraView
from engine.frames import Frame
from engine.jpeg import decode_gray

ORANGE = (40, 130, 240)  # blue, green, red


@pytest.mark.parametrize("sends_jpegs", [True, False])
def test_a_colour_camera_is_shown_in_colour_however_its_pictures_come(app: QApplication, sends_jpegs: bool) -> None:
    image = np.full((1600, 1200, 3), ORANGE, np.uint8)
    jpeg = cv2.imencode(".jpg", image)[1].tobytes()
    frame = Frame(decode_gray(jpeg), 0, 0, jpeg=jpeg) if sends_jpegs else Frame(image, 0, 0)
    waiting = [frame]
    view = CameraView(lambda: waiting.pop() if waiting else None)
    view.resize(300, 400)
    middle = QColor(view.grab().toImage().pixel(150, 200))
    assert np.abs(np.subtract((middle.blue(), middle.green(), middle.red()), ORANGE)).max() <= 4
    box = view.picture_box()
    assert box.width() / box.height() == pytest.approx(0.75, abs=0.01)
    view.close()
