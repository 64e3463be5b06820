"""The head of the first page: the data set in figures, its parts, how far every region goes, and what looks wrong."""

from collections.abc import Sequence

import numpy as np
from PyQt6.QtCore import QRectF
from PyQt6.QtGui import QColor, QPainter

from app.sheet.ink import BOLD, BRIGHT, DIM, FAINT, MEDIUM, caption, card, line_height, paragraph, wrapped, write
from app.sheet.row import ROLE_INKS, WEIGHT_INKS
from app.theme import COLOURS, colour
from training.sheet import Finding, Survey, Weight

_PAD, _TITLE_HEIGHT = 18, 76
_MOST_FINDINGS = 14
_PARTS_SHARE, _REGIONS_SHARE = 0.27, 0.26  # of the width; the rest is for findings
_BAR_HEIGHT, _ROW = 12, 25
_LIGHT_HEIGHT = 56


def header_height(survey: Survey, findings: Sequence[Finding], width: float) -> float:
    """What `draw_header` needs."""
    regions = len(_regions(survey)) * _ROW
    parts = len(survey.parts) * _ROW + _BAR_HEIGHT + 14 + 26 + _LIGHT_HEIGHT
    words_width = width * (1 - _PARTS_SHARE - _REGIONS_SHARE) - 4 * _PAD
    told = sum(len(_lines(finding, words_width)) * line_height(12) + 4 for finding in findings[:_MOST_FINDINGS])
    more = 22 if len(findings) > _MOST_FINDINGS else 0
    return _TITLE_HEIGHT + 2 * _PAD + 26 + max(regions, parts, told + more, 60)


def draw_header(painter: QPainter, area: QRectF, survey: Survey, findings: Sequence[Finding]) -> None:
    """Draw it into an area of `header_height`."""
    _draw_title(painter, area, survey)
    y, height = area.y() + _TITLE_HEIGHT, area.height() - _TITLE_HEIGHT
    x, widths = area.x(), [area.width() * share for share in (_PARTS_SHARE, _REGIONS_SHARE)]
    widths.append(area.width() - sum(widths) - 2 * 12)
    for width, draw in zip(widths, (_draw_parts, _draw_regions), strict=False):
        card(painter, x, y, width, height)
        draw(painter, x + _PAD, y + _PAD, width - 2 * _PAD, survey)
        x += width + 12
    card(painter, x, y, widths[-1], height)
    _draw_findings(painter, x + _PAD, y + _PAD, widths[-1] - 2 * _PAD, findings)


def _draw_title(painter: QPainter, area: QRectF, survey: Survey) -> None:
    data, viewpoint = survey.data, survey.data.cameras[survey.camera]
    taken = write(painter, area.x(), area.y(), data.actor, 32, weight=BOLD, width=area.width() / 3)
    sub = (
        f"contact sheet of {data.folder.resolve().name} · {survey.camera} camera"
        f" {viewpoint.frame_width_px}×{viewpoint.frame_height_px}, crop {viewpoint.crop.width}×{viewpoint.crop.height}"
        f" at {viewpoint.crop.x}, {viewpoint.crop.y}"
    )
    write(painter, area.x(), area.y() + 44, sub, 13, ink=DIM, width=area.width() / 2)
    figures = (
        (f"{_minutes(survey.seconds)} min", "in all"),
        (f"{sum(part.num_frames for part in survey.parts):,}", "frames"),
        (str(len(survey.shots)), "shots"),
        (_size(survey.size_bytes), "on disk"),
        (f"{_rms_mm(survey):.1f} mm", "rms from neutral"),
        (f"{max(float(one.motion.from_neutral.max()) for one in survey.shots):.1f} mm", "a frame at most"),
        (str(survey.num_components), "components for 99.9 %"),
    )
    x = area.right()
    for value, name in reversed(figures):
        width = max(write(painter, x, area.y() + 6, value, 24, weight=MEDIUM, is_right=True), 60)
        label = write(painter, x, area.y() + 42, name, 11, ink=FAINT, is_right=True)
        x -= max(width, label) + 30
    if x < area.x() + taken:
        raise ValueError("the page is too narrow for its title")


def _draw_parts(painter: QPainter, x: float, y: float, width: float, survey: Survey) -> None:
    caption(painter, x, y, "parts")
    y += 26
    left = x
    for part in survey.parts:
        painter.fillRect(QRectF(left, y, max(1.0, width * part.share - 2), _BAR_HEIGHT), QColor(ROLE_INKS[part.role]))
        left += width * part.share
    y += _BAR_HEIGHT + 14
    for part in survey.parts:
        painter.fillRect(QRectF(x, y + 3, 10, 10), QColor(ROLE_INKS[part.role]))
        write(painter, x + 18, y, part.role.value, 13)
        shots = f"{part.num_shots} shot{'s' if part.num_shots != 1 else ''}"
        write(painter, x + width - 150, y, shots, 13, ink=DIM, is_right=True)
        write(painter, x + width - 60, y, f"{_minutes(part.seconds)} min", 13, is_right=True)
        write(painter, x + width, y, f"{100 * part.share:.0f} %", 13, ink=DIM, is_right=True)
        y += _ROW
    caption(painter, x, y + 8, "light, shot by shot")
    _draw_light(painter, QRectF(x, y + 26, width, _LIGHT_HEIGHT), survey)


def _draw_light(painter: QPainter, area: QRectF, survey: Survey) -> None:
    """A column for each shot, in its part's colour: the middle 90 % of its levels, and a dash at the mean."""
    painter.fillRect(area, QColor(COLOURS.picture))
    step = area.width() / len(survey.shots)
    for index, one in enumerate(survey.shots):
        if not len(one.pictures):
            continue
        ink = ROLE_INKS[one.shot.facts.role]
        left, room = area.x() + index * step, min(step - 2, 36.0)
        low, mean, high = (
            area.bottom() - area.height() * float(np.median(levels)) / 255
            for levels in (one.pictures.low, one.pictures.mean, one.pictures.high)
        )
        painter.fillRect(QRectF(left + 1, high, max(room, 1), low - high), colour(ink, 0.3))
        painter.fillRect(QRectF(left + 1, mean - 1, max(room, 1), 2), QColor(ink))


def _draw_regions(painter: QPainter, x: float, y: float, width: float, survey: Survey) -> None:
    caption(painter, x, y, f"how far regions go from {survey.rest_words}")
    y += 26
    regions = _regions(survey)
    top_mm = max([reach for _, reach in regions], default=1.0)
    for name, reach_mm in regions:
        write(painter, x, y, name, 13)
        room = width - 70 - 76
        painter.fillRect(QRectF(x + 70, y + 3, room, _BAR_HEIGHT - 2), QColor(COLOURS.picture))
        painter.fillRect(QRectF(x + 70, y + 3, room * reach_mm / top_mm, _BAR_HEIGHT - 2), QColor(COLOURS.accent))
        write(painter, x + width, y, f"{reach_mm:.1f} mm", 13, ink=DIM, is_right=True)
        y += _ROW
    if not regions:
        words = (
            "The mesh names no regions."
            if survey.rest is None
            else (f"The mesh names no regions. Motion is measured from {survey.rest_words}: no neutral mesh was given.")
        )
        paragraph(painter, x, y, width, words, 13, 3, FAINT)


def _draw_findings(painter: QPainter, x: float, y: float, width: float, findings: Sequence[Finding]) -> None:
    num_wrong = sum(finding.weight is Weight.WRONG for finding in findings)
    caption(painter, x, y, "what looks wrong")
    count = f"{num_wrong} wrong · {len(findings) - num_wrong} to look at" if findings else ""
    write(painter, x + width, y - 2, count, 12, ink=DIM, is_right=True)
    y += 26
    if not findings:
        write(painter, x, y, "Nothing that was looked for.", 13, ink=COLOURS.accent)
    for finding in findings[:_MOST_FINDINGS]:
        ink, lines = WEIGHT_INKS[finding.weight], _lines(finding, width - 14)
        painter.fillRect(QRectF(x, y + 2, 4, len(lines) * line_height(12) - 4), QColor(ink))
        y = paragraph(painter, x + 14, y, width - 14, _sentence(finding), 12, len(lines), BRIGHT) + 4
    if len(findings) > _MOST_FINDINGS:
        write(painter, x + 14, y, f"and {len(findings) - _MOST_FINDINGS} more, beside their shots", 12, ink=FAINT)


def _lines(finding: Finding, width: float) -> list[str]:
    return wrapped(_sentence(finding), 12, width)


def _sentence(finding: Finding) -> str:
    return f"{finding.shot}: {finding.words}" if finding.shot else finding.words[:1].upper() + finding.words[1:]


def _regions(survey: Survey) -> list[tuple[str, float]]:
    names = dict.fromkeys(name for one in survey.shots for name in one.motion.regions)
    return [(name, reach) for name in names if (reach := survey.reach_mm(name)) is not None]


def _rms_mm(survey: Survey) -> float:
    everything = np.concatenate([one.motion.from_neutral for one in survey.shots])
    return float(np.sqrt(np.mean(np.square(everything, dtype=np.float64))))


def _minutes(seconds: float) -> str:
    return f"{round(seconds) // 60}:{round(seconds) % 60:02}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e9:.2f} GB" if size_bytes >= 1e9 else f"{size_bytes / 1e6:.0f} MB"
