"""Words and pictures on a page: one place for type; nothing overlaps, and what is too long is cut with an ellipsis.

Rule: `y` is a line's top, not its baseline.
"""

import numpy as np
from PyQt6.QtCore import QRectF, Qt
from PyQt6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from app.theme import COLOURS, font

PAPER, CARD, LINE = COLOURS.window, COLOURS.card, COLOURS.line
BRIGHT, DIM, FAINT = COLOURS.text, COLOURS.text_dim, COLOURS.text_faint
BOLD, MEDIUM = QFont.Weight.Bold, QFont.Weight.DemiBold


def write(
    painter: QPainter,
    x: float,
    y: float,
    words: str,
    size_px: int = 13,
    *,
    ink: str = BRIGHT,
    weight: QFont.Weight = QFont.Weight.Normal,
    width: float | None = None,
    is_right: bool = False,
) -> float:
    """One line; returns the width it took.

    Args:
        painter: Of the page.
        x: Left edge, or right edge where `is_right`.
        y: Top of the line.
        words: What to write; cut with … where it is wider than `width`.
        size_px: Of the type.
        ink: Colour.
        weight: Of the type.
        width: The room there is.
        is_right: Ends at `x` instead of beginning there.
    """
    face = font(size_px, weight)
    metrics = QFontMetricsF(face)
    if width is not None:
        words = metrics.elidedText(words, Qt.TextElideMode.ElideRight, width)
    taken = metrics.horizontalAdvance(words)
    painter.setFont(face)
    painter.setPen(QColor(ink))
    painter.drawText(round(x - taken if is_right else x), round(y + metrics.ascent()), words)
    return taken


def paragraph(
    painter: QPainter, x: float, y: float, width: float, words: str, size_px: int, num_lines: int, ink: str
) -> float:
    """Words wrapped over at most `num_lines`; returns the top of what comes after."""
    metrics = QFontMetricsF(font(size_px))
    for index, line in enumerate(lines := wrapped(words, size_px, width)):
        if index == num_lines - 1 and len(lines) > num_lines:
            line = metrics.elidedText(" ".join(lines[index:]), Qt.TextElideMode.ElideRight, width)
        if index == num_lines:
            break
        write(painter, x, y, line, size_px, ink=ink, width=width)
        y += line_height(size_px)
    return y


def wrapped(words: str, size_px: int, width: float) -> list[str]:
    """Words broken into lines that fit."""
    metrics = QFontMetricsF(font(size_px))
    lines: list[str] = []
    for word in words.split():
        if lines and metrics.horizontalAdvance(f"{lines[-1]} {word}") <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def line_height(size_px: int) -> float:
    """From one line's top to the next."""
    return round(size_px * 1.38)


def caption(painter: QPainter, x: float, y: float, words: str, ink: str = FAINT) -> float:
    """What names a figure or a plot: small and spaced capitals; returns the width it took."""
    face = font(10, MEDIUM, 0.8)
    painter.setFont(face)
    painter.setPen(QColor(ink))
    metrics = QFontMetricsF(face)
    painter.drawText(round(x), round(y + metrics.ascent()), words.upper())
    return metrics.horizontalAdvance(words.upper())


def card(painter: QPainter, x: float, y: float, width: float, height: float) -> None:
    """The ground that belongs together stands on."""
    painter.setPen(QColor(LINE))
    painter.setBrush(QColor(CARD))
    painter.drawRoundedRect(QRectF(x + 0.5, y + 0.5, width - 1, height - 1), 8, 8)


def picture(painter: QPainter, x: float, y: float, pixels: np.ndarray) -> None:
    """[H, W] gray or [H, W, 3] red-green-blue uint8, as it is."""
    whole = np.ascontiguousarray(pixels)
    kind = QImage.Format.Format_Grayscale8 if whole.ndim == 2 else QImage.Format.Format_RGB888
    height, width = whole.shape[:2]
    image = QImage(whole.tobytes(), width, height, whole.strides[0], kind)
    painter.drawImage(int(x), int(y), image)
