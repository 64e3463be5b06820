"""The banner: what went wrong and what to do, or that the stream has ended. It floats, so nothing under it moves."""

from collections.abc import Callable

from PyQt6.QtCore import QEvent, QObject, QRectF, Qt
from PyQt6.QtGui import QFont, QPainter, QPaintEvent
from PyQt6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.theme import COLOURS, colour
from engine.errors import LiveDoubleError

_MAX_WIDTH_PX = 720


class Banner(QWidget):
    """A card over the lower edge of the pictures, hidden while all is well.

    Args:
        parent: Stays centred in it.
        below_px: What lies below it, from the parent's lower edge.
        try_again: What its button does.
    """

    def __init__(self, parent: QWidget, below_px: int, try_again: Callable[[], None]) -> None:
        super().__init__(parent)
        self._tint, self._below_px = COLOURS.error, below_px
        self.reason = QLabel()
        self.reason.setFont(theme.font(14, QFont.Weight.DemiBold))
        self.recovery = QLabel()
        self.recovery.setProperty("tone", "dim")
        for label in (self.reason, self.recovery):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.again = QPushButton("Try again")
        self.again.setObjectName("primary")
        self.again.clicked.connect(try_again)
        self.close_button = QPushButton("✕")
        self.close_button.setObjectName("quiet")
        self.close_button.setToolTip("Close this message")
        self.close_button.clicked.connect(self.hide)
        words = QVBoxLayout()
        words.setSpacing(3)
        words.addWidget(self.reason)
        words.addWidget(self.recovery)
        row = QHBoxLayout(self)
        row.setContentsMargins(20, 14, 12, 14)
        row.setSpacing(14)
        row.addLayout(words, 1)
        row.addWidget(self.again, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.close_button, 0, Qt.AlignmentFlag.AlignTop)
        parent.installEventFilter(self)
        self.hide()

    def show_error(self, error: LiveDoubleError, is_repeatable: bool = True) -> None:
        """Say what failed and what to do."""
        self._show(error.reason, error.recovery, COLOURS.error, "Try again" if is_repeatable else "")

    def show_note(self, reason: str, recovery: str, button: str = "") -> None:
        """Say something that is no error; `button` names what the button does, empty for none."""
        self._show(reason, recovery, COLOURS.accent, button)

    def _show(self, reason: str, recovery: str, tint: str, button: str) -> None:
        self._tint = tint
        self.reason.setText(reason)
        self.recovery.setText(recovery)
        self.recovery.setVisible(bool(recovery))
        self.again.setVisible(bool(button))
        self.again.setText(button)
        self.show()
        self._place()
        self.raise_()
        self.update()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: D102
        if event is not None and event.type() is QEvent.Type.Resize and self.isVisible():
            self._place()
        return False

    def _place(self) -> None:
        parent = self.parentWidget()
        if parent is None:
            return
        width = min(_MAX_WIDTH_PX, parent.width() - 4 * theme.GAP_PX)
        layout = self.layout()
        height = max(layout.totalHeightForWidth(width) if layout else 0, 56)
        self.setGeometry((parent.width() - width) // 2, parent.height() - self._below_px - height, width, height)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.setPen(colour(COLOURS.line_strong))
        painter.setBrush(colour(COLOURS.raised, 0.97))
        painter.drawRoundedRect(box, theme.RADIUS_PX, theme.RADIUS_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(self._tint))
        painter.drawRoundedRect(QRectF(8, 14, 3, self.height() - 28), 1.5, 1.5)
