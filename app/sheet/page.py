"""The pages of a contact sheet: what goes where, and the files they are written to.

Rule: needs a `QGuiApplication` (see `ensure_qt`) but no display; a page's file appears whole or not at all.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from PyQt6.QtCore import QBuffer, QByteArray, QIODevice, QRectF
from PyQt6.QtGui import QColor, QGuiApplication, QImage, QPainter

from app.sheet.header import draw_header, header_height
from app.sheet.ink import DIM, FAINT, PAPER, write
from app.sheet.row import ROW_HEIGHT, Scales, draw_row
from engine.errors import StorageError
from training.sheet import Finding, ShotSurvey, Survey

WIDTH = 1920
ROWS_A_PAGE = 10
_MARGIN, _GAP, _FOOT = 28, 14, 34
_LEAST_MOTION_MM = 2.0  # the scale of a set that hardly moves

Meshes = Sequence[np.ndarray]  # pictures of one shot's chosen meshes


def ensure_qt() -> QGuiApplication:
    """Qt's application, made without a display where there is none yet; keep it until the pages are drawn."""
    running = QGuiApplication.instance()
    if isinstance(running, QGuiApplication):
        return running
    return QGuiApplication(["livedouble", "-platform", "offscreen"])


def draw_pages(survey: Survey, findings: Sequence[Finding], meshes: Sequence[Meshes]) -> Iterator[QImage]:
    """Draw page after page.

    Args:
        survey: Of the data set.
        findings: In the order they are told.
        meshes: For every shot of the survey.
    """
    groups = [survey.shots[first : first + ROWS_A_PAGE] for first in range(0, len(survey.shots), ROWS_A_PAGE)]
    scales = _scales(survey)
    head = header_height(survey, findings, WIDTH - 2 * _MARGIN)
    drawn = iter(meshes)
    for number, shots in enumerate(groups, 1):
        top = head if number == 1 else 30.0
        height = 2 * _MARGIN + top + len(shots) * (ROW_HEIGHT + _GAP) + _GAP + _FOOT
        page = QImage(WIDTH, int(height), QImage.Format.Format_RGB32)
        page.fill(QColor(PAPER))
        painter = QPainter(page)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        area = QRectF(_MARGIN, _MARGIN, WIDTH - 2 * _MARGIN, top)
        if number == 1:
            draw_header(painter, area, survey, findings)
        else:
            write(painter, area.x(), area.y(), survey.data.actor, 18, width=area.width() / 2)
        _draw_rows(painter, area.bottom() + _GAP, shots, findings, drawn, scales)
        _draw_foot(painter, page.height() - _MARGIN - 12, number, len(groups))
        painter.end()
        yield page


def _draw_rows(
    painter: QPainter, y: float, shots: Sequence[ShotSurvey], findings: Sequence[Finding], meshes: Iterator[Meshes],
    scales: Scales,
) -> None:  # fmt: skip
    for one in shots:
        own = [finding for finding in findings if finding.shot == one.name]
        draw_row(painter, QRectF(_MARGIN, y, WIDTH - 2 * _MARGIN, ROW_HEIGHT), one, next(meshes), own, scales)
        y += ROW_HEIGHT + _GAP


def _draw_foot(painter: QPainter, y: float, number: int, num_pages: int) -> None:
    words = (
        "Thumbnails: the crop the network sees, below it the mesh from the front, head-stabilised."
        "  Light: mean and the middle 90 % of the crop's levels.  Regions: the brighter, the further."
        "  Cache offset: how well picture and mesh agree with the cache moved by so many frames."
    )
    write(painter, _MARGIN, y, words, 11, ink=FAINT, width=WIDTH - 2 * _MARGIN - 120)
    write(painter, WIDTH - _MARGIN, y, f"page {number} of {num_pages}", 11, ink=DIM, is_right=True)


def _scales(survey: Survey) -> Scales:
    everything = np.concatenate([one.motion.from_neutral for one in survey.shots])
    names = dict.fromkeys(name for one in survey.shots for name in one.motion.regions)
    top_mm = max(float(np.ceil(np.percentile(everything, 99.9))), _LEAST_MOTION_MM)
    return Scales(top_mm, {name: survey.reach_mm(name) or 0.0 for name in names}, survey.rest_words)


def page_paths(path: Path, num_shots: int) -> list[Path]:
    """FILE.png, FILE-2.png, ... for a sheet of so many shots."""
    num_pages = max(1, -(-num_shots // ROWS_A_PAGE))
    return [path, *(path.with_stem(f"{path.stem}-{number}") for number in range(2, num_pages + 1))]


def save_page(page: QImage, path: Path) -> None:
    """Write a page.

    Raises:
        StorageError: The disk is full, or the folder is not there.
    """
    # Encoded in memory: when a disk is full libpng says so on the terminal by itself, and in its own words.
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not page.save(buffer, "PNG"):
        raise StorageError(f"The contact sheet {path} could not be made.", "Free some memory and try again.")
    partial = path.with_name(path.name + ".partial")
    try:
        partial.write_bytes(data.data())
        partial.replace(path)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(
            f"The contact sheet {path} could not be written: {error.strerror}.",
            "Give a file in a folder that exists and has room.",
        ) from error
