import numpy as np
import pytest

from app.crop_drag import MIN_WIDTH_PX, CropDrag, Grip
from engine.frames import CropRect

START = CropRect(150, 200, 900, 1200)


@pytest.mark.parametrize("grip", list(Grip))
def test_a_dragged_crop_stays_inside_the_picture_and_keeps_its_shape(grip: Grip) -> None:
    drag = CropDrag(grip, START, 1200, 1600)
    for dx, dy in np.random.default_rng(3).uniform(-3000, 3000, (500, 2)):
        crop = drag.moved(float(dx), float(dy))
        assert crop.is_inside(1200, 1600), (dx, dy, crop)
        assert crop.width >= MIN_WIDTH_PX
        assert crop.width / crop.height == pytest.approx(0.75, abs=0.02)


def test_the_body_moves_without_changing_its_size() -> None:
    crop = CropDrag(Grip.BODY, START, 1200, 1600).moved(40, -60)
    assert crop == CropRect(190, 140, 900, 1200)


def test_the_corner_across_from_the_pointer_stays() -> None:
    for grip, corner in ((Grip.TOP_LEFT, (1050, 1400)), (Grip.BOTTOM_RIGHT, (150, 200))):
        crop = CropDrag(grip, START, 1200, 1600).moved(37, 53)
        corners = ((crop.x, crop.y), (crop.x + crop.width, crop.y + crop.height))
        assert corner in corners


def test_a_press_without_a_move_changes_nothing() -> None:
    for grip in Grip:
        assert CropDrag(grip, START, 1200, 1600).moved(0, 0) == START


def test_a_crop_in_a_tiny_picture_can_still_be_dragged() -> None:
    drag = CropDrag(Grip.BOTTOM_RIGHT, CropRect(0, 0, 24, 32), 24, 32)
    assert drag.moved(-500, -500).is_inside(24, 32)
    assert drag.moved(500, 500) == CropRect(0, 0, 24, 32)
