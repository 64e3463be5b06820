"""What stands around the mesh: the buttons over it and the scale of the error colours on it."""

from PyQt6.QtCore import QPointF, QRect, QRectF, Qt, pyqtSignal
from PyQt6.QtGui import QColor, QFont, QLinearGradient, QPainter, QPaintEvent, QResizeEvent
from PyQt6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import COLOURS, colour
from engine.render import Shading

# The renderer's scale, from near to far, in even steps.
ERROR_SCALE = ((0.16, 0.22, 0.46), (0.10, 0.55, 0.72), (0.30, 0.72, 0.38), (0.95, 0.78, 0.25), (0.84, 0.16, 0.16))
_MODES = (
    (Shading.SKIN, "Skin", "The actor's own skin (1)"),
    (Shading.CLAY, "Clay", "Form only (2)"),
    (Shading.ERROR, "Error", "Distance of each vertex to its true place (3)"),
    (Shading.NORMALS, "Normals", "Surface direction as colour (4)"),
    (Shading.EXPECTED, "Expected", "Error of each vertex as the network expects it (5)"),
)
_SCALE_WORDS = {Shading.ERROR: "ERROR MM", Shading.EXPECTED: "EXPECTED MM"}


class ViewControls(QWidget):
    """Mode buttons, wires, and the way back to the first view."""

    shading_chosen = pyqtSignal(object)  # Shading
    wire_toggled = pyqtSignal(bool)
    frame_asked = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._group = QButtonGroup(self)
        self.buttons: dict[Shading, QPushButton] = {}
        for place, (shading, words, tool_tip) in enumerate(_MODES):
            button = _button(words, tool_tip, is_checkable=True)
            button.setProperty("segment", "first" if place == 0 else "last" if place == len(_MODES) - 1 else "middle")
            button.clicked.connect(lambda _, shading=shading: self.choose(shading))
            self._group.addButton(button)
            self.buttons[shading] = button
            row.addWidget(button)
        self.buttons[Shading.SKIN].setChecked(True)
        self.set_has_truth(False)
        self.set_has_errors(False)
        row.addSpacing(theme.GAP_PX)
        self.wire = _button("Wire", "Draw the edges of the mesh (W)", is_checkable=True)
        self.wire.toggled.connect(self.wire_toggled)
        row.addWidget(self.wire)
        row.addSpacing(6)
        frame = _button("Frame", "Bring the whole head into view (F, or double-click)", is_checkable=False)
        frame.clicked.connect(self.frame_asked)
        row.addWidget(frame)

    def choose(self, shading: Shading) -> None:
        """Change the mode, if it is available."""
        button = self.buttons[shading]
        if button.isEnabled():
            button.setChecked(True)
            self.shading_chosen.emit(shading)

    def set_has_truth(self, has_truth: bool) -> None:
        """Offer the error colours, or say why not."""
        self._offer(Shading.ERROR, has_truth, "This source does not know the true mesh, so there is no error to show.")

    def set_has_errors(self, has_errors: bool) -> None:
        """Offer the expected errors, or say why not."""
        self._offer(Shading.EXPECTED, has_errors, "This actor's network does not say what error it expects.")

    def set_has_skin(self, has_skin: bool) -> None:
        """Offer the skin, or say why not."""
        self._offer(Shading.SKIN, has_skin, "This actor has no skin texture.")

    def _offer(self, shading: Shading, is_offered: bool, why_not: str) -> None:
        button = self.buttons[shading]
        if button.isEnabled() == is_offered:
            return
        button.setEnabled(is_offered)
        button.setToolTip(next(tip for mode, _, tip in _MODES if mode is shading) if is_offered else why_not)
        if button.isChecked() and not is_offered:
            self.choose(Shading.CLAY)


def _button(words: str, tool_tip: str, is_checkable: bool) -> QPushButton:
    button = QPushButton(words)
    button.setCheckable(is_checkable)
    button.setToolTip(tool_tip)
    button.setFont(theme.font(12))
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # keys belong to the window's shortcuts
    return button


class ColourBar(QWidget):
    """Millimetres to colours, floating over the mesh."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._words, self._range_mm = "", 1.0
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.resize(118, 200)
        self.hide()

    def show_scale(self, shading: Shading, range_mm: float | None) -> None:
        """Show what a mode's colours mean; none hides the bar."""
        self.setVisible(range_mm is not None)
        if range_mm is not None:
            self._words, self._range_mm = _SCALE_WORDS[shading], range_mm
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(COLOURS.window, 0.55))
        painter.drawRoundedRect(QRectF(self.rect()), 6, 6)
        bar = QRectF(14, 34, 8, self.height() - 50)
        gradient = QLinearGradient(bar.bottomLeft(), bar.topLeft())
        for step, rgb in enumerate(ERROR_SCALE):
            gradient.setColorAt(step / (len(ERROR_SCALE) - 1), QColor.fromRgbF(*rgb))
        painter.setBrush(gradient)
        painter.drawRoundedRect(bar, 3, 3)
        painter.setFont(theme.caption_font())
        painter.setPen(colour(COLOURS.text_faint))
        painter.drawText(QPointF(13, 21), self._words)
        painter.setFont(theme.font(11))
        painter.setPen(colour(COLOURS.text_dim))
        num_labels = 5
        for step in range(num_labels + 1):
            y = bar.bottom() - bar.height() * step / num_labels
            value = self._range_mm * step / num_labels
            words = f"{value:g}" + ("+" if step == num_labels else "")
            box = QRect(30, round(y) - 8, 44, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)


class ViewportPane(QWidget):
    """The viewport with what floats over it.

    Args:
        viewport: Fills the pane.
    """

    def __init__(self, viewport: QWidget) -> None:
        super().__init__()
        self.colour_bar = ColourBar(self)
        self._message = _Message(self)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(viewport)
        self.colour_bar.raise_()
        self._message.raise_()

    def set_message(self, words: str) -> None:
        """Say something in the middle; empty hides it."""
        self._message.set_words(words)

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: D102
        self.colour_bar.move(theme.PAD_PX, max(0, self.height() - self.colour_bar.height() - theme.PAD_PX))
        self._message.setGeometry(0, self.height() // 2 - 24, self.width(), 48)


class _Message(QWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._words = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def set_words(self, words: str) -> None:
        self._words = words
        self.setVisible(bool(words))
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:
        painter = QPainter(self)
        painter.setFont(theme.font(14, QFont.Weight.Medium))
        painter.setPen(colour(COLOURS.text_faint))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._words)
