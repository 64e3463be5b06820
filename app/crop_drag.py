"""Moving and resizing a crop rectangle, as arithmetic: no Qt, no pixels of the screen.

Rule: the result always lies inside the picture and keeps the shape (width to height) it started with.
"""

from dataclasses import dataclass
from enum import Enum

from engine.frames import CropRect

MIN_WIDTH_PX = 48


class Grip(Enum):
    """What the pointer holds: the signs say which edges follow it."""

    BODY = (0, 0)
    TOP_LEFT = (-1, -1)
    TOP_RIGHT = (1, -1)
    BOTTOM_LEFT = (-1, 1)
    BOTTOM_RIGHT = (1, 1)


@dataclass(frozen=True, slots=True)
class CropDrag:
    """One drag, from press to release.

    Args:
        grip: What is held.
        start: The crop at the press.
        picture_width_px: Of the camera's picture.
        picture_height_px: Of the camera's picture.
    """

    grip: Grip
    start: CropRect
    picture_width_px: int
    picture_height_px: int

    def moved(self, dx_px: float, dy_px: float) -> CropRect:
        """The crop once the pointer has moved this far, in camera pixels."""
        if self.grip is Grip.BODY:
            x = _clamp(self.start.x + dx_px, 0, self.picture_width_px - self.start.width)
            y = _clamp(self.start.y + dy_px, 0, self.picture_height_px - self.start.height)
            return CropRect(round(x), round(y), self.start.width, self.start.height)
        return self._resized(dx_px, dy_px)

    def _resized(self, dx_px: float, dy_px: float) -> CropRect:
        sign_x, sign_y = self.grip.value
        start = self.start
        aspect = start.width / start.height
        # The corner across from the pointer stays; the room on the pointer's side bounds the size.
        anchor_x = start.x if sign_x > 0 else start.x + start.width
        anchor_y = start.y if sign_y > 0 else start.y + start.height
        room_x = self.picture_width_px - anchor_x if sign_x > 0 else anchor_x
        room_y = self.picture_height_px - anchor_y if sign_y > 0 else anchor_y
        wanted = start.width + (sign_x * dx_px + sign_y * dy_px * aspect) / 2
        largest = min(room_x, room_y * aspect)
        width = _clamp(wanted, min(MIN_WIDTH_PX, largest), largest)
        whole_width = max(1, int(width + 1e-6))
        whole_height = max(1, min(room_y, round(width / aspect)))
        x = anchor_x if sign_x > 0 else anchor_x - whole_width
        y = anchor_y if sign_y > 0 else anchor_y - whole_height
        return CropRect(x, y, whole_width, whole_height)


def _clamp(value: float, low: float, high: float) -> float:
    return max(low, min(high, value))
