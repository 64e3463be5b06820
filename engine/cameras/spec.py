"""How a user names a camera on the command line, and the camera that is meant."""

import re
from fractions import Fraction
from pathlib import Path

from engine.cameras.camera import Camera
from engine.cameras.movie import MovieCamera, shot_camera
from engine.cameras.pattern import PatternCamera
from engine.cameras.usb import UsbCamera
from engine.clock import SYSTEM_CLOCK, Clock
from engine.errors import CameraError

SPEC_HELP = "0 or a device path; movie:PATH; shot:FOLDER; pattern: or pattern:1200x1600@60"

_CARD = re.compile(r"(?:(\d{1,5})x(\d{1,5}))?(?:@(\d{1,4}(?:\.\d{1,3})?|\d{1,6}/\d{1,5}))?")
_CARD_WIDTH_PX, _CARD_HEIGHT_PX, _CARD_RATE = 1200, 1600, Fraction(60)
_CARD_LARGEST_PX = 8192


def open_camera(spec: str, *, is_looping: bool | None = None, clock: Clock = SYSTEM_CLOCK) -> Camera:
    """The camera that `spec` names; it is not opened yet.

    Args:
        spec: See `SPEC_HELP`.
        is_looping: Whether a movie or shot starts again at its end; by default a shot does, a movie does not.
        clock: Time.

    Raises:
        CameraError: The spec means nothing, or names a movie that cannot be played.
        ShotError: It names a folder that is not a whole shot.
    """
    kind, colon, rest = spec.partition(":")
    if spec.isdigit() or spec.startswith("/dev/"):
        return UsbCamera(spec, clock)
    if colon and kind == "movie" and rest:
        return MovieCamera(Path(rest).expanduser(), is_looping=bool(is_looping), clock=clock)
    if colon and kind == "shot" and rest:
        return shot_camera(Path(rest).expanduser(), is_looping=is_looping is not False, clock=clock)
    if colon and kind == "pattern":
        return _card(spec, rest, clock)
    raise CameraError(f"{spec!r} names no camera.", f"Give one of: {SPEC_HELP}.")


def _card(spec: str, rest: str, clock: Clock) -> PatternCamera:
    match = _CARD.fullmatch(rest)
    width_px, height_px = (int(match[1]), int(match[2])) if match and match[1] else (_CARD_WIDTH_PX, _CARD_HEIGHT_PX)
    try:
        rate = Fraction(match[3]) if match and match[3] else _CARD_RATE
    except ZeroDivisionError:
        rate = Fraction(0)
    is_possible = rate > 0 and min(width_px, height_px) >= 64 and max(width_px, height_px) <= _CARD_LARGEST_PX
    if not match or not is_possible:
        raise CameraError(
            f"{spec!r} is not a test card that can be drawn.",
            f"Give a size of 64 to {_CARD_LARGEST_PX} pixels and a rate, for example pattern:1200x1600@60.",
        )
    return PatternCamera(width_px, height_px, rate, clock)
