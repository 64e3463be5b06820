"""The window's furniture: cards with a header, the bar on top, the line at the bottom.

Rule: text that changes never changes a layout; what does not fit is cut with an ellipsis and told by its tool tip.
"""

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QFont, QPainter, QPaintEvent
from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.theme import COLOURS, colour

_INSET_PX = 7  # content lies in its card like a screen in its frame


class Text(QWidget):
    """One line of text that takes the room it is given and asks for none.

    Args:
        font: Its face.
        tint: A colour of the palette.
        alignment: Within the room it is given.
    """

    def __init__(
        self,
        font: QFont,
        tint: str = COLOURS.text_dim,
        alignment: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
    ) -> None:
        super().__init__()
        self._text, self._tint, self._alignment = "", tint, alignment
        self.setFont(font)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def text(self) -> str:
        """What is shown, uncut."""
        return self._text

    def set_text(self, text: str, tint: str | None = None) -> None:
        """Show `text`, in another colour where one is given."""
        if text != self._text or (tint and tint != self._tint):
            self._text, self._tint = text, tint or self._tint
            self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(40, self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setPen(colour(self._tint))
        shown = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), self._alignment | Qt.AlignmentFlag.AlignVCenter, shown)
        self.setToolTip(self._text if shown != self._text else "")


class Label(Text):
    """One line of text that asks for the room it needs; for text that seldom changes its width."""

    def __init__(self, font: QFont, tint: str = COLOURS.text_dim, text: str = "") -> None:
        super().__init__(font, tint)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
        self.set_text(text)

    def set_text(self, text: str, tint: str | None = None) -> None:  # noqa: D102
        before = self.sizeHint().width()
        super().set_text(text, tint)
        if self.sizeHint().width() != before:
            self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: D102
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self.text()) + 2, metrics.height())

    def minimumSizeHint(self) -> QSize:  # noqa: D102
        return QSize(0, self.fontMetrics().height())


def caption(text: str) -> Label:
    """A fixed small heading."""
    made = Label(theme.caption_font(), COLOURS.text_faint, text.upper())
    made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
    return made


class Card(QFrame):
    """A titled surface: a caption, facts and what changes with every frame above, content below.

    Args:
        title: The caption.
        content: Fills the card under its header.
    """

    def __init__(self, title: str, content: QWidget) -> None:
        super().__init__()
        self.setObjectName("card")
        self.facts = Text(theme.font(12), COLOURS.text_dim, Qt.AlignmentFlag.AlignRight)
        self.header = QHBoxLayout()
        self.header.setContentsMargins(theme.PAD_PX - _INSET_PX, 0, 0, 0)
        self.header.setSpacing(theme.GAP_PX)
        self.header.addWidget(caption(title))
        self.label = Label(theme.font(12), COLOURS.text)
        self.header.addWidget(self.facts, 1)
        self.header.addWidget(self.label)
        top = QWidget()
        top.setFixedHeight(theme.HEADER_PX)
        top.setLayout(self.header)
        body = QVBoxLayout(self)
        body.setContentsMargins(_INSET_PX, 1, _INSET_PX, _INSET_PX)
        body.setSpacing(0)
        body.addWidget(top)
        body.addWidget(content, 1)

    @staticmethod
    def plain(row: QLayout) -> QFrame:
        """The same surface without a header."""
        frame = QFrame()
        frame.setObjectName("card")
        frame.setLayout(row)
        return frame


class StateDot(QWidget):
    """A small round light: what the line does, at a glance."""

    def __init__(self) -> None:
        super().__init__()
        self._tint = COLOURS.text_faint
        self.setFixedSize(10, 18)

    def set_tint(self, tint: str) -> None:
        """Change its colour."""
        if tint != self._tint:
            self._tint = tint
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(self._tint, 0.25))
        painter.drawEllipse(QRectF(0, 4, 10, 10))
        painter.setBrush(colour(self._tint))
        painter.drawEllipse(QRectF(2, 6, 6, 6))


class TopBar(QWidget):
    """Whose face, from which camera, and whether the line runs."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(theme.BAR_PX)
        self._dot = StateDot()
        self._state = Text(theme.font(13, QFont.Weight.Medium), COLOURS.text_dim)
        self._actor = Text(theme.font(14, QFont.Weight.DemiBold), COLOURS.text, Qt.AlignmentFlag.AlignRight)
        name = Label(theme.font(13, QFont.Weight.Bold, 0.4), COLOURS.text, "LiveDouble")
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.PAD_PX + 2, 2, theme.PAD_PX + 2, 0)
        row.setSpacing(theme.GAP_PX)
        row.addWidget(name)
        row.addSpacing(16)
        row.addWidget(self._dot)
        row.addWidget(self._state, 2)
        row.addWidget(self._actor, 3)
        self._row = row

    def add_button(self, button: QPushButton) -> None:
        """At the right edge."""
        self._row.addWidget(button)

    def set_state(self, words: str, tint: str) -> None:
        """Say what the line does; `tint` colours the light."""
        self._dot.set_tint(tint)
        self._state.set_text(words)

    def set_actor(self, name: str) -> None:
        """Name the actor."""
        self._actor.set_text(name)


class StatusLine(QWidget):
    """At the bottom: notes on the left, what really runs and draws on the right."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(theme.STATUS_PX)
        self.notes = Text(theme.font(12), COLOURS.text_faint)
        self.facts = Label(theme.font(12), COLOURS.text_faint)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.PAD_PX + 2, 0, theme.PAD_PX + 2, 4)
        row.setSpacing(24)
        row.addWidget(self.notes, 1)
        row.addWidget(self.facts)
