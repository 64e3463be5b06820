"""Footage as numbered pictures: PNG, TIFF, EXR and DPX through OpenImageIO, one file a frame.

Rule: EXR and floating-point TIFF are linear light and get the sRGB curve; all others keep their levels.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import CameraError, ShotError
from engine.optional import optional
from engine.timecode import Timecode
from training.ingest.footage import FootageFacts, sample_places, to_gray_if
from training.ingest.levels import eight_bits, srgb
from training.ingest.numbered import NumberedFiles, find_sequence
from training.ingest.png_whole import png_trouble
from training.ingest.source import nearest_rate

STILL_SUFFIXES = frozenset({".png", ".tif", ".tiff", ".exr", ".dpx"})
_LOGARITHMIC = ("printing density", "logarithmic", "kodaklog", "cineon")


class StillFootage:
    """A sequence of pictures.

    Args:
        path: A folder, a pattern or one of the files.
        rate: As stated by the user; otherwise the headers' own.
        is_gray: Take the luma alone.

    Raises:
        CameraError: A picture cannot be read.
        ShotError: There is no such sequence, it has a hole, or its timecode jumps.
    """

    def __init__(self, path: Path, rate: Fraction | None = None, *, is_gray: bool = False) -> None:
        self._oiio = optional("OpenImageIO", "OpenImageIO", "An image sequence")
        self._files: NumberedFiles = find_sequence(path, STILL_SUFFIXES)
        spec = self._spec(self._files.paths[0])
        if len(self._files.paths) < 2:
            raise ShotError(f"{path} holds one picture, not a sequence.", "Give a folder of numbered pictures.")
        stated = rate or _rate(spec)
        self._is_linear = self._files.paths[0].suffix.lower() == ".exr" or (
            spec.format == self._oiio.FLOAT or spec.format == self._oiio.HALF
        )
        self._channels = _channels(self._files.paths[0], list(spec.channelnames))
        notes = _notes(spec, self._is_linear)
        self.facts = FootageFacts(
            path, spec.full_width, spec.full_height, len(self._files.paths), stated,
            is_gray or len(self._channels) == 1, self._files.paths[0].suffix.lower().removeprefix("."),
            spec.get_int_attribute("oiio:BitsPerSample") or 8 * spec.format.size(),
            self._timecode(stated), self._files.first, notes=notes,
        )  # fmt: skip
        if not self.facts.is_gray and self._has_no_colour():
            self.facts = replace(self.facts, is_gray=True)

    def _open(self, path: Path) -> Any:
        trouble = png_trouble(path) if path.suffix.lower() == ".png" else None
        if trouble is not None:
            raise _unreadable(path, trouble)
        picture = self._oiio.ImageInput.open(str(path))
        if picture is None:
            raise _unreadable(path, self._oiio.geterror())
        return picture

    def _spec(self, path: Path) -> Any:
        picture = self._open(path)
        spec = picture.spec()
        picture.close()
        return spec

    def _timecode(self, rate: Fraction | None) -> Timecode | None:
        paths = self._files.paths
        first, last = (_smpte(self._spec(path), rate) for path in (paths[0], paths[-1]))
        if first is None or last is None:
            return None
        if last.frame_number - first.frame_number not in (len(paths) - 1, 0):  # 0: one label for the whole shot
            raise ShotError(
                f"The timecode of {self._files.name} jumps: {first} to {last} over {len(paths)} pictures.",
                "Give one unbroken take.",
            )
        return first

    def _has_no_colour(self) -> bool:
        pictures = [self._read(self._files.paths[place]) for place in sample_places(self.facts.num_frames)]
        is_bright = any(picture.any() for picture in pictures)
        return is_bright and all((picture == picture[..., :1]).all() for picture in pictures)

    def pictures(self) -> Iterator[np.ndarray]:
        """All, in order."""
        for path in self._files.paths:
            yield self._read(path)

    def _read(self, path: Path) -> np.ndarray:
        picture = self._open(path)
        spec = picture.spec()
        size = spec.full_width, spec.full_height
        if size != (self.facts.width_px, self.facts.height_px):
            raise CameraError(
                f"{path} is {size[0]}x{size[1]}, the first picture {self.facts.width_px}x{self.facts.height_px}.",
                "A sequence has pictures of one size.",
            )
        is_bytes = spec.format == self._oiio.UINT8
        levels = picture.read_image(self._oiio.UINT8 if is_bytes else self._oiio.FLOAT)
        if levels is None:
            raise _unreadable(path, picture.geterror())
        picture.close()
        levels = _whole_window(levels[..., [list(spec.channelnames).index(name) for name in self._channels]], spec)
        if not is_bytes:
            if not np.isfinite(levels).all():
                raise _unreadable(path, "it holds values that are no numbers")
            levels = eight_bits(srgb(levels) if self._is_linear else levels, 0.0, 1.0)
        if len(self._channels) == 1:
            return np.ascontiguousarray(levels[..., 0])
        return to_gray_if(np.ascontiguousarray(levels[..., ::-1]), self.facts.is_gray)


def _channels(path: Path, names: list[str]) -> tuple[str, ...]:
    for wanted in (("R", "G", "B"), ("Y",), ("I",)):
        if set(wanted) <= set(names):
            return wanted
    if len(names) == 1:
        return (names[0],)
    raise CameraError(
        f"{path} has the channels {', '.join(names)}.", "Give pictures with R, G and B, or with one channel."
    )


def _whole_window(levels: np.ndarray, spec: Any) -> np.ndarray:
    """An EXR stores the part that is not black: put it back where it belongs."""
    left, top = spec.x - spec.full_x, spec.y - spec.full_y
    if (left, top, spec.width, spec.height) == (0, 0, spec.full_width, spec.full_height):
        return levels
    whole = np.zeros((spec.full_height, spec.full_width, levels.shape[2]), levels.dtype)
    rows = slice(max(0, top), min(spec.full_height, top + spec.height))
    columns = slice(max(0, left), min(spec.full_width, left + spec.width))
    whole[rows, columns] = levels[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
    return whole


def _rate(spec: Any) -> Fraction | None:
    rational = spec.getattribute("framesPerSecond")
    if rational and rational[1]:
        return Fraction(int(rational[0]), int(rational[1]))
    per_second = spec.get_float_attribute("dpx:FrameRate") or spec.get_float_attribute("dpx:TemporalFrameRate")
    return nearest_rate(per_second) if np.isfinite(per_second) and per_second > 0 else None


def _smpte(spec: Any, rate: Fraction | None) -> Timecode | None:
    """SMPTE ST 12-1 as EXR and DPX pack it: tens and units in four bits each, bit 6 for drop-frame."""
    packed = spec.getattribute("smpte:TimeCode")
    if not packed or rate is None:
        return None
    word = int(packed[0]) & 0xFFFFFFFF

    def two_digits(shift: int, tens_mask: int) -> int:
        return 10 * (word >> shift + 4 & tens_mask) + (word >> shift & 0xF)

    frames, seconds = two_digits(0, 0x3), two_digits(8, 0x7)
    minutes, hours = two_digits(16, 0x7), two_digits(24, 0x3)
    separator = ";" if word >> 6 & 1 and rate.denominator == 1001 else ":"
    try:
        return Timecode.parse(f"{hours:02}:{minutes:02}:{seconds:02}{separator}{frames:02}", rate)
    except ValueError:
        return None  # a header field that nobody filled


def _notes(spec: Any, is_linear: bool) -> tuple[str, ...]:
    said = f"{spec.get_string_attribute('oiio:ColorSpace')} {spec.get_string_attribute('dpx:Transfer')}".lower()
    if is_linear:
        return ("The pictures are linear light; they got the sRGB curve, and what is brighter than 1 was clipped.",)
    if any(word in said for word in _LOGARITHMIC):
        return (
            "The pictures' levels are logarithmic; they are taken as they are, so the live camera must be graded"
            " the same way.",
        )
    return ()


def _unreadable(path: Path, reason: str) -> CameraError:
    first = next((line.strip() for line in str(reason).splitlines() if line.strip()), "no reason given")
    return CameraError(f"The picture {path} cannot be read ({first.rstrip('.')[:200]}).", "Copy it again.")
