"""One shot on the sheet: who and when, its pictures with their meshes, and its curves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QPainter

from app.sheet.ink import BRIGHT, DIM, FAINT, MEDIUM, caption, card, line_height, paragraph, picture, write
from app.sheet.plots import Plot, agreement, strips
from app.theme import COLOURS
from engine.shots import Role
from training.sheet import BadFrames, Finding, ShotSurvey, Weight

THUMB_WIDTH, THUMB_HEIGHT = 108, 144
NUM_THUMBS = 9
ROW_HEIGHT = 342
_PAD = 14
_WORDS_WIDTH, _GAP = 236, 24
_THUMB_STEP = THUMB_WIDTH + 4
_AXIS = 52  # room for numbers and names left of the curves
ROLE_INKS: Mapping[Role, str] = {
    Role.RANGE_OF_MOTION: "#c98fd0",
    Role.EXPRESSIONS: "#8fa8e0",
    Role.PANGRAMS: "#5cc0c7",
    Role.IN_CHARACTER: "#8cc77a",
    Role.VALIDATION: "#d9c062",
}
WEIGHT_INKS = {Weight.WRONG: COLOURS.error, Weight.LOOK: COLOURS.warning}


@dataclass(frozen=True, slots=True)
class Scales:
    """What all rows share.

    Args:
        motion_mm: The top of the motion curves.
        regions_mm: What makes a region's strip bright.
        rest: What motion is measured from.
    """

    motion_mm: float
    regions_mm: Mapping[str, float]
    rest: str


def draw_row(
    painter: QPainter, area: QRectF, one: ShotSurvey, meshes: Sequence[np.ndarray], findings: Sequence[Finding],
    scales: Scales,
) -> None:  # fmt: skip
    """Draw one shot.

    Args:
        painter: Of the page.
        area: `ROW_HEIGHT` high.
        one: The shot.
        meshes: Pictures of its chosen frames' meshes, `THUMB_WIDTH` by `THUMB_HEIGHT`.
        findings: Those of this shot.
        scales: Of the page.
    """
    card(painter, area.x(), area.y(), area.width(), area.height())
    x, y = area.x() + _PAD, area.y() + _PAD
    _draw_words(painter, x, y, one, findings, area.height() - 2 * _PAD)
    x += _WORDS_WIDTH + _GAP
    _draw_thumbnails(painter, x, y, one, meshes)
    x += NUM_THUMBS * _THUMB_STEP + _AXIS
    _draw_curves(painter, x, y, area.right() - _PAD - x, one, scales)


def _draw_words(
    painter: QPainter, x: float, y: float, one: ShotSurvey, findings: Sequence[Finding], height: float
) -> None:
    facts, bottom = one.shot.facts, y + height
    write(painter, x, y, one.name, 16, weight=MEDIUM, width=_WORDS_WIDTH)
    y += 24
    ink = ROLE_INKS[facts.role]
    painter.fillRect(QRectF(x, y + 3, 10, 10), QColor(ink))
    write(painter, x + 16, y, facts.role.value, 13, ink=ink)
    y += 23
    rows = [("slate", facts.slate), ("timecode", facts.timecode), ("length", _length(one)), ("blinks", _blinks(one))]
    rows.append(("cache", _alignment(one)))
    for name, value in rows:
        if value:
            write(painter, x, y, name, 11, ink=FAINT)
            write(painter, x + 66, y, value, 12, ink=BRIGHT, width=_WORDS_WIDTH - 66)
            y += line_height(12) + 2
    if facts.notes:
        y = paragraph(painter, x, y + 4, _WORDS_WIDTH, facts.notes, 11, 4, DIM)
    y += 8
    for finding in findings:
        lines = min(3, int((bottom - y) // line_height(11)))
        if lines > 0:
            painter.fillRect(QRectF(x, y + 2, 3, line_height(11) - 3), QColor(WEIGHT_INKS[finding.weight]))
            ink = WEIGHT_INKS[finding.weight]
            y = paragraph(painter, x + 9, y, _WORDS_WIDTH - 9, finding.words, 11, lines, ink) + 3


def _draw_thumbnails(painter: QPainter, x: float, y: float, one: ShotSurvey, meshes: Sequence[np.ndarray]) -> None:
    for column, (frame, mesh) in enumerate(zip(one.chosen, meshes, strict=True)):
        left = x + column * _THUMB_STEP
        seen = one.pictures.thumbnails.get(frame)
        if seen is None:
            painter.fillRect(QRectF(left, y, THUMB_WIDTH, THUMB_HEIGHT), QColor(COLOURS.picture))
            write(painter, left + 8, y + THUMB_HEIGHT / 2 - 8, "no picture", 11, ink=COLOURS.error)
        else:
            small = cv2.resize(seen, (THUMB_WIDTH, THUMB_HEIGHT), interpolation=cv2.INTER_AREA)
            picture(painter, left, y, small)
        picture(painter, left, y + THUMB_HEIGHT + 4, mesh)
        write(painter, left + 2, y + 2 * THUMB_HEIGHT + 8, str(frame), 10, ink=FAINT)


def _draw_curves(painter: QPainter, x: float, y: float, width: float, one: ShotSurvey, scales: Scales) -> None:
    num_frames, seen, bad = one.shot.facts.num_frames, one.pictures, BadFrames.of(one)
    caption(painter, x, y, "light")
    write(painter, x + width, y - 1, _light(one), 11, ink=DIM, is_right=True)
    plot = Plot(painter, QRectF(x, y + 16, width, 72), num_frames, 255)
    plot.ground((0, 128, 255), "")
    plot.marks(bad.all, COLOURS.error)
    plot.band(seen.low, seen.high, BRIGHT)
    plot.curve(seen.mean, BRIGHT)
    y += 102
    caption(painter, x, y, f"motion from {scales.rest}")
    write(painter, x + width, y - 1, _motion(one), 11, ink=DIM, is_right=True)
    plot = Plot(painter, QRectF(x, y + 16, width, 62), num_frames, scales.motion_mm)
    plot.ground((0, round(scales.motion_mm / 2, 1), scales.motion_mm), " mm")
    plot.curve(one.motion.from_neutral, COLOURS.accent)
    y += 92
    strips_width = width - 150
    caption(painter, x, y, "regions")
    strips(painter, x, y + 16, strips_width, one.motion.regions, scales.regions_mm)
    _draw_agreement(painter, x + strips_width + 20, y, 130, one)


def _draw_agreement(painter: QPainter, x: float, y: float, width: float, one: ShotSurvey) -> None:
    caption(painter, x, y, "cache offset")
    area = QRectF(x, y + 16, width, 62)
    if one.offset is None:
        painter.fillRect(area, QColor(COLOURS.picture))
        write(painter, x + 8, y + 38, "too short to tell", 11, ink=FAINT, width=width - 10)
        return
    curve = one.offset.curve
    ink = WEIGHT_INKS[Weight.WRONG] if one.offset.is_off or one.offset.is_foreign else COLOURS.accent
    agreement(painter, area, curve, len(curve) // 2 + one.offset.num_frames, ink)


def _length(one: ShotSurvey) -> str:
    return f"{one.shot.facts.num_frames} frames · {one.seconds:.1f} s"


def _blinks(one: ShotSurvey) -> str:
    return "" if one.motion.num_blinks is None else str(one.motion.num_blinks)


def _alignment(one: ShotSurvey) -> str:
    offset = one.offset
    if offset is None:
        return "not compared"
    if offset.is_foreign:
        return f"no agreement ({offset.agreement:.2f})"
    if offset.is_off:
        return f"{abs(offset.num_frames)} frames {'late' if offset.num_frames > 0 else 'early'}"
    return f"in place, agreement {offset.agreement_as_is:.2f}"


def _light(one: ShotSurvey) -> str:
    seen = one.pictures
    if not len(seen):
        return "no pictures"
    return f"mean {np.median(seen.mean):.0f} · 5–95 % {np.median(seen.low):.0f}–{np.median(seen.high):.0f}"


def _motion(one: ShotSurvey) -> str:
    rms_mm = float(np.sqrt(np.mean(np.square(one.motion.from_neutral))))
    return f"rms {rms_mm:.1f} mm · a frame at most {one.motion.from_neutral.max():.1f}"
