"""A moving test card: proves the line without a camera, and tells every frame apart by its number.

Rule: picture n is a function of n alone.
"""

from fractions import Fraction

import cv2
import numpy as np

from engine.cameras.camera import CameraFacts, Pace, timed_out
from engine.clock import SYSTEM_CLOCK, Clock
from engine.frames import Frame
from engine.timecode import Timecode

_NUM_BITS = 16
_SWEEP_FRAMES = 120
_BARS = ((192, 192, 192), (0, 192, 192), (192, 192, 0), (0, 192, 0), (192, 0, 192), (0, 0, 192), (192, 0, 0))


class PatternCamera:
    """Draws the card at a steady rate, for ever.

    Args:
        width_px: >= 64.
        height_px: >= 64.
        rate: Frames per second.
        clock: Time.
    """

    def __init__(self, width_px: int, height_px: int, rate: Fraction, clock: Clock = SYSTEM_CLOCK) -> None:
        if width_px < 64 or height_px < 64 or rate <= 0:
            raise ValueError(f"a test card is at least 64x64 at a positive rate, got {width_px}x{height_px}@{rate}")
        self._facts = CameraFacts(f"test card {width_px}x{height_px}", width_px, height_px, rate, False, None)
        self._rate, self._clock = rate, clock
        self._pace = Pace(rate, clock)
        self._card = _still_card(width_px, height_px)
        self._index = 0

    @property
    def facts(self) -> CameraFacts:
        """Known from the start."""
        return self._facts

    def open(self) -> None:
        """Nothing to open; the clock starts with the first read."""

    def read(self, timeout_s: float) -> Frame:
        """The next card, when it is due.

        Raises:
            CameraTimeout: It is not due yet.
        """
        if not self._pace.wait_for(self._index, timeout_s):
            raise timed_out(self._facts.name, timeout_s)
        index, self._index = self._index, self._index + 1
        image = _draw(self._card, index)
        return Frame(image, index, self._clock.now_ns(), Timecode(index, self._rate))

    def close(self) -> None:
        """Nothing to close."""


def number_on(image: np.ndarray) -> int:
    """The frame number (modulo 65,536) that a card shows as black and white squares along its lower edge."""
    height_px, width_px = image.shape[:2]
    side = width_px // _NUM_BITS
    row = image[height_px - side // 2, side // 2 :: side][:_NUM_BITS]
    return sum(1 << bit for bit, level in enumerate(row.reshape(_NUM_BITS, -1).mean(axis=1)) if level > 127)


def _still_card(width_px: int, height_px: int) -> np.ndarray:
    card = np.empty((height_px, width_px, 3), np.uint8)
    card[:] = np.linspace(24, 160, height_px).astype(np.uint8)[:, None, None]
    bars_px = height_px // 8
    for index, colour in enumerate(_BARS):
        card[:bars_px, index * width_px // len(_BARS) : (index + 1) * width_px // len(_BARS)] = colour
    ramp = np.linspace(0, 255, width_px).astype(np.uint8)
    card[bars_px : bars_px + bars_px // 2] = ramp[None, :, None]
    step_px = max(width_px // 12, 8)
    for x in range(0, width_px, step_px):
        cv2.line(card, (x, 0), (x, height_px - 1), (70, 70, 70), 1)
    for y in range(0, height_px, step_px):
        cv2.line(card, (0, y), (width_px - 1, y), (70, 70, 70), 1)
    centre = (width_px // 2, height_px // 2)
    cv2.circle(card, centre, min(width_px, height_px) // 3, (210, 210, 210), 2, cv2.LINE_AA)
    return card


def _draw(card: np.ndarray, index: int) -> np.ndarray:
    image = card.copy()
    height_px, width_px = image.shape[:2]
    # A hand on the dial, one turn in two seconds at 60 frames/s: stutter is seen at once.
    angle = 2 * np.pi * (index % _SWEEP_FRAMES) / _SWEEP_FRAMES
    radius = min(width_px, height_px) / 3
    centre = (width_px // 2, height_px // 2)
    tip = (int(centre[0] + radius * np.sin(angle)), int(centre[1] - radius * np.cos(angle)))
    cv2.line(image, centre, tip, (90, 200, 255), max(width_px // 200, 1), cv2.LINE_AA)
    scale = width_px / 400
    origin = (int(width_px * 0.06), int(height_px * 0.3))
    cv2.putText(image, f"{index:06}", origin, cv2.FONT_HERSHEY_SIMPLEX, scale, (255, 255, 255), max(int(scale * 2), 1))
    side = width_px // _NUM_BITS
    for bit in range(_NUM_BITS):
        image[height_px - side :, bit * side : (bit + 1) * side] = 255 if index >> bit & 1 else 0
    return image
