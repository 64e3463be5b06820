"""The guided recording's furniture: what to do now, how much has been seen, what is wrong.

Rule: it shows what it is told; sizes do not change with words.
"""

from collections.abc import Sequence

from PyQt6.QtCore import QRectF, QSize, Qt
from PyQt6.QtGui import QFont, QPainter, QPaintEvent
from PyQt6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from app import theme
from app.guide import GUIDE, PARTS, TOTAL_S, Moment
from app.panels import Text, caption
from app.theme import COLOURS, colour

_BAR_PX, _ROW_PX = 4, 26
_NAME_PX = 104
_GOOD_SHARE = 0.85


class PromptPane(QWidget):
    """What to do now, for how long, and what comes next."""

    def __init__(self) -> None:
        super().__init__()
        self._part = caption("")
        self._part.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._title = Text(theme.font(28, QFont.Weight.DemiBold), COLOURS.text)
        self._words = QLabel()
        self._words.setFont(theme.font(18))
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setMinimumHeight(5 * 25)
        self._next = Text(theme.font(13), COLOURS.text_faint)
        self.countdown = Countdown()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD_PX, 4, theme.PAD_PX, theme.PAD_PX)
        column.setSpacing(8)
        for widget in (self._part, self._title, self._words):
            column.addWidget(widget)
        column.addStretch(1)
        column.addWidget(self.countdown)
        column.addWidget(self._next)

    def show_words(self, part: str, title: str, words: str, following: str = "") -> None:
        """Say something."""
        self._part.set_text(part.upper())
        self._title.set_text(title)
        self._words.setText(words)
        self._next.set_text(following)

    def show_moment(self, moment: Moment) -> None:
        """Say what the guide says."""
        prompt, following = moment.prompt, moment.following
        if prompt is not None:
            self.show_words(
                prompt.part, prompt.title, prompt.words,
                "" if following is None else f"Next: {following.title.lower()}",
            )  # fmt: skip
        self.countdown.show_moment(moment)


class Countdown(QWidget):
    """The time left of the prompt, above the parts of the whole recording."""

    def __init__(self) -> None:
        super().__init__()
        self._moment = Moment(0, GUIDE[0].seconds, 0.0)
        self.setFixedHeight(40)

    def show_moment(self, moment: Moment) -> None:
        """Move on."""
        self._moment = moment
        self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        prompt = self._moment.prompt
        done = 1.0 if prompt is None else 1 - self._moment.left_s / prompt.seconds
        self._bar(painter, QRectF(0, 2, self.width(), _BAR_PX + 2), done, COLOURS.accent)
        gap = 6
        width = (self.width() - gap * (len(PARTS) - 1)) / len(PARTS)
        begun, at = 0.0, TOTAL_S - self._moment.total_left_s
        painter.setFont(theme.font(11))
        for number, part in enumerate(PARTS):
            left = number * (width + gap)
            seconds = sum(one.seconds for one in GUIDE if one.part == part)
            share = min(1.0, max(0.0, (at - begun) / seconds))
            self._bar(painter, QRectF(left, 16, width, _BAR_PX), share, COLOURS.text_dim)
            is_now = prompt is not None and prompt.part == part
            painter.setPen(colour(COLOURS.text if is_now else COLOURS.text_faint))
            words = painter.fontMetrics().elidedText(part, Qt.TextElideMode.ElideRight, int(width))
            painter.drawText(QRectF(left, 22, width, 18), Qt.AlignmentFlag.AlignLeft, words)
            painter.setPen(Qt.PenStyle.NoPen)
            begun += seconds

    @staticmethod
    def _bar(painter: QPainter, box: QRectF, share: float, tint: str) -> None:
        painter.setBrush(colour(COLOURS.line))
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        if share > 0:
            painter.setBrush(colour(tint))
            filled = QRectF(box.left(), box.top(), max(box.height(), box.width() * share), box.height())
            painter.drawRoundedRect(filled, box.height() / 2, box.height() / 2)


class CoveragePane(QWidget):
    """A bar for each part of a face's range."""

    def __init__(self) -> None:
        super().__init__()
        self._aims: tuple[tuple[str, float], ...] = ()
        self._message = ""
        self.setMinimumHeight(9 * _ROW_PX + 8)

    def show_aims(self, aims: Sequence[tuple[str, float]]) -> None:
        """Names and shares seen, 0..1."""
        if tuple(aims) != self._aims:
            self._aims = tuple(aims)
            self.update()

    def show_message(self, words: str) -> None:
        """What to say while there is nothing to show."""
        self._message = words
        self.update()

    def sizeHint(self) -> QSize:  # noqa: D102
        return QSize(320, 9 * _ROW_PX + 8)

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font(13))
        if not self._aims:
            painter.setPen(colour(COLOURS.text_faint))
            wrapped = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect().adjusted(20, 0, -20, 0), wrapped, self._message)
            return
        pad = theme.PAD_PX
        room = self.width() - 2 * pad - _NAME_PX - 46
        for row, (name, share) in enumerate(self._aims):
            middle = 4 + row * _ROW_PX + _ROW_PX / 2
            is_done = share >= _GOOD_SHARE
            painter.setPen(colour(COLOURS.text if is_done else COLOURS.text_dim))
            left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(pad, middle - 12, _NAME_PX, 24), left, name)
            painter.setPen(Qt.PenStyle.NoPen)
            box = QRectF(pad + _NAME_PX, middle - 3, room, 6)
            painter.setBrush(colour(COLOURS.line))
            painter.drawRoundedRect(box, 3, 3)
            if share > 0.01:
                painter.setBrush(colour(COLOURS.accent if is_done else COLOURS.text_faint))
                painter.drawRoundedRect(QRectF(box.left(), box.top(), max(6.0, room * share), 6), 3, 3)
            painter.setPen(colour(COLOURS.accent if is_done else COLOURS.text_faint))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(self.width() - pad - 42, middle - 12, 42, 24), right, f"{100 * share:.0f} %")


class AdviceLine(QWidget):
    """One sentence on light, framing or focus; green words where all is well."""

    def __init__(self) -> None:
        super().__init__()
        self._words, self._tint = "", COLOURS.text_faint
        self.setFixedHeight(52)

    @property
    def words(self) -> str:
        """What is shown."""
        return self._words

    def show_advice(self, words: str, *, is_warning: bool) -> None:
        """Say it."""
        tint = COLOURS.warning if is_warning else COLOURS.text_dim
        if (words, tint) != (self._words, self._tint):
            self._words, self._tint = words, tint
            self.update()

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour(COLOURS.card))
        painter.drawRoundedRect(QRectF(self.rect()), theme.RADIUS_PX, theme.RADIUS_PX)
        painter.setBrush(colour(self._tint))
        painter.drawRoundedRect(QRectF(10, 14, 3, self.height() - 28), 1.5, 1.5)
        painter.setPen(colour(self._tint if self._tint == COLOURS.warning else COLOURS.text_dim))
        painter.setFont(theme.font(14))
        wrapped = int(Qt.AlignmentFlag.AlignVCenter) | int(Qt.AlignmentFlag.AlignLeft) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(self.rect().adjusted(24, 4, -12, -4), wrapped, self._words)
