"""Picture sheets of the virtual actors, as PNG: many at a glance, or one on a card with its expressions.

Rule: paints into memory; no display is needed.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app import startup  # isort: skip - before Qt
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath

from app.theme import COLOURS, font
from engine.errors import StorageError

_MARGIN_PX, _GAP_PX, _RADIUS_PX = 48, 28, 10
_SEAM_PX = 2  # between the pictures of one actor
_TITLE_PX, _HEADER_PX = 40, 96
_NAME_PX, _TEXT_PX, _LINE_PX = 24, 16, 22
_NUM_LINES = 2  # of a description
_NUM_COLUMNS = 3
_CARD_COLUMNS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Portrayed:
    """An actor and its pictures.

    Args:
        name: As on the command line.
        facts: Sex and age, in words.
        description: Build and features.
        pictures: [H, W, 3] uint8 red-green-blue, all of one size.
        captions: What each picture shows.
    """

    name: str
    facts: str
    description: str
    pictures: Sequence[np.ndarray]
    captions: Sequence[str]


def save_sheet(actors: Sequence[Portrayed], path: Path) -> None:
    """Everybody side by side.

    Raises:
        StorageError: The file cannot be written.
    """
    _application = startup.application(is_headless=True)  # fonts need one as long as anything is written
    height, width = actors[0].pictures[0].shape[:2]
    num_columns = min(_NUM_COLUMNS, len(actors))
    num_rows = math.ceil(len(actors) / num_columns)
    cell_width = (width + _SEAM_PX) * len(actors[0].pictures) - _SEAM_PX
    cell_height = height + 14 + _NAME_PX + 8 + _NUM_LINES * _LINE_PX
    image, painter = _page(num_columns * (cell_width + _GAP_PX) - _GAP_PX, num_rows * (cell_height + _GAP_PX) - _GAP_PX)
    _title(painter, "Virtual actors", "One mesh topology, the same named vertex sets and expression units for all.")
    for index, actor in enumerate(actors):
        left = _MARGIN_PX + index % num_columns * (cell_width + _GAP_PX)
        top = _HEADER_PX + _MARGIN_PX + index // num_columns * (cell_height + _GAP_PX)
        _strip(painter, actor.pictures, left, top)
        baseline = top + height + 14
        _write(painter, left, baseline, cell_width, actor.name, font(_NAME_PX, QFont.Weight.DemiBold), COLOURS.text)
        _write(painter, left, baseline + 4, cell_width, actor.facts, font(_TEXT_PX), COLOURS.text_dim, is_right=True)
        below = baseline + _NAME_PX + 8
        _write(painter, left, below, cell_width, actor.description, font(_TEXT_PX), COLOURS.text_dim)
    _save(painter, image, path)


def save_card(actor: Portrayed, path: Path) -> None:
    """One actor, large, with what it can do.

    Raises:
        StorageError: The file cannot be written.
    """
    _application = startup.application(is_headless=True)
    height, width = actor.pictures[0].shape[:2]
    num_rows = math.ceil(len(actor.pictures) / _CARD_COLUMNS)
    step = height + _LINE_PX + 20
    image, painter = _page(_CARD_COLUMNS * (width + _GAP_PX) - _GAP_PX, num_rows * (step + _GAP_PX) - _GAP_PX)
    _title(painter, actor.name, f"{actor.facts} · {actor.description}")
    for index, (picture, caption) in enumerate(zip(actor.pictures, actor.captions, strict=True)):
        left = _MARGIN_PX + index % _CARD_COLUMNS * (width + _GAP_PX)
        top = _HEADER_PX + _MARGIN_PX + index // _CARD_COLUMNS * (step + _GAP_PX)
        _strip(painter, [picture], left, top)
        _write(painter, left, top + height + 10, width, caption, font(_TEXT_PX), COLOURS.text_dim)
    _save(painter, image, path)


def _page(width: int, height: int) -> tuple[QImage, QPainter]:
    image = QImage(width + 2 * _MARGIN_PX, height + 2 * _MARGIN_PX + _HEADER_PX, QImage.Format.Format_RGB32)
    image.fill(QColor(COLOURS.window))
    painter = QPainter(image)
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    return image, painter


def _title(painter: QPainter, title: str, subtitle: str) -> None:
    width = painter.device().width() - 2 * _MARGIN_PX
    _write(painter, _MARGIN_PX, _MARGIN_PX, width, title, font(_TITLE_PX, QFont.Weight.DemiBold), COLOURS.text)
    _write(painter, _MARGIN_PX, _MARGIN_PX + _TITLE_PX + 16, width, subtitle, font(_TEXT_PX + 2), COLOURS.text_dim)


def _write(
    painter: QPainter, left: int, top: int, width: int, text: str, face: QFont, tone: str, is_right: bool = False
) -> None:
    painter.setFont(face)
    painter.setPen(QColor(tone))
    side = Qt.AlignmentFlag.AlignRight if is_right else Qt.AlignmentFlag.AlignLeft
    wrapped = side | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
    painter.drawText(QRectF(left, top, width, _NUM_LINES * painter.fontMetrics().height()), wrapped, text)


def _strip(painter: QPainter, pictures: Sequence[np.ndarray], left: int, top: int) -> None:
    """Pictures side by side as one with round corners."""
    seam = np.zeros((len(pictures[0]), _SEAM_PX, 3), np.uint8)
    parts = [part for picture in pictures for part in (seam, picture)]
    strip = np.ascontiguousarray(np.hstack(parts[1:]))
    height, width = strip.shape[:2]
    image = QImage(strip.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    corners = QPainterPath()
    corners.addRoundedRect(QRectF(left, top, width, height), _RADIUS_PX, _RADIUS_PX)
    painter.setClipPath(corners)
    painter.drawImage(left, top, image)
    painter.setClipping(False)


def _save(painter: QPainter, image: QImage, path: Path) -> None:
    painter.end()
    partial = path.with_name(path.name + ".partial")
    if not image.save(str(partial), "PNG"):
        partial.unlink(missing_ok=True)
        raise StorageError(f"The picture {path} could not be written.", "Choose a folder that exists and has room.")
    partial.replace(path)
