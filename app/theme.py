"""How the window looks: colours, type, spacing and the style sheet. Every colour in the window comes from here.

Rule: one accent. Amber and red are kept for what wants attention; a running line shows neither.
"""

from dataclasses import dataclass

from PyQt6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PyQt6.QtWidgets import QApplication, QStyleFactory

GAP_PX = 10  # between cards, and from the window's edge
PAD_PX = 14  # inside a card
RADIUS_PX = 8
HEADER_PX = 38
BAR_PX = 46
STATUS_PX = 28

# The first installed one is used: the desktop's own face where it is a good one.
_FAMILIES = (
    "Inter",
    "SF Pro Text",
    "Segoe UI Variable",
    "Segoe UI",
    "Adwaita Sans",
    "Cantarell",
    "Ubuntu",
    "Noto Sans",
)
_LAST_FAMILY = "DejaVu Sans"


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours by their task."""

    window: str = "#0d0f12"
    card: str = "#15181d"
    raised: str = "#1e2229"
    hover: str = "#272c35"
    line: str = "#242932"
    line_strong: str = "#353c48"
    text: str = "#e7eaee"
    text_dim: str = "#9aa4b1"
    text_faint: str = "#697483"
    text_off: str = "#4a5361"
    accent: str = "#5cc0c7"
    accent_deep: str = "#173a3f"
    warning: str = "#d9ab62"
    error: str = "#e0736a"
    picture: str = "#0a0c0e"  # behind the camera's picture


COLOURS = Palette()


def colour(name: str, alpha: float = 1.0) -> QColor:
    """A `#rrggbb` of the palette, made see-through by `alpha`."""
    made = QColor(name)
    made.setAlphaF(alpha)
    return made


def font(size_px: int, weight: QFont.Weight = QFont.Weight.Normal, spacing_px: float = 0.0) -> QFont:
    """The window's face in this size, figures all of one width so that changing numbers stand still."""
    made = QFont(_family())
    made.setPixelSize(size_px)
    made.setWeight(weight)
    made.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    made.setFeature(QFont.Tag("tnum"), 1)
    if spacing_px:
        made.setLetterSpacing(QFont.SpacingType.AbsoluteSpacing, spacing_px)
    return made


def caption_font() -> QFont:
    """Small capitals' stand-in: what names a number or a card."""
    return font(10, QFont.Weight.DemiBold, 0.9)


def _family() -> str:
    installed = set(QFontDatabase.families())
    return next((family for family in _FAMILIES if family in installed), _LAST_FAMILY)


def apply(app: QApplication) -> None:
    """Dress the whole application."""
    app.setStyle(QStyleFactory.create("Fusion"))
    palette = QPalette()
    for role, name in (
        (QPalette.ColorRole.Window, COLOURS.window),
        (QPalette.ColorRole.Base, COLOURS.card),
        (QPalette.ColorRole.Button, COLOURS.raised),
        (QPalette.ColorRole.WindowText, COLOURS.text),
        (QPalette.ColorRole.Text, COLOURS.text),
        (QPalette.ColorRole.ButtonText, COLOURS.text),
        (QPalette.ColorRole.Highlight, COLOURS.accent),
        (QPalette.ColorRole.ToolTipBase, COLOURS.raised),
        (QPalette.ColorRole.ToolTipText, COLOURS.text),
    ):
        palette.setColor(role, QColor(name))
    app.setPalette(palette)
    app.setFont(font(13))
    app.setStyleSheet(_style_sheet(COLOURS))


def _style_sheet(c: Palette) -> str:
    return f"""
QMainWindow, #root {{ background: {c.window}; }}
QLabel {{ color: {c.text}; background: transparent; }}
QLabel[tone="dim"] {{ color: {c.text_dim}; }}
QLabel[tone="faint"] {{ color: {c.text_faint}; }}
QLabel[tone="warning"] {{ color: {c.warning}; }}
QFrame#card {{ background: {c.card}; border: 1px solid {c.line}; border-radius: {RADIUS_PX}px; }}
QSplitter::handle {{ background: transparent; }}
QPushButton {{
    color: {c.text_dim}; background: {c.raised}; border: 1px solid {c.line}; border-radius: 5px;
    padding: 3px 11px; min-height: 18px;
}}
QPushButton:hover {{ color: {c.text}; background: {c.hover}; }}
QPushButton:pressed {{ background: {c.line}; }}
QPushButton:checked {{ color: {c.accent}; background: {c.accent_deep}; border-color: {c.accent_deep}; }}
QPushButton:disabled {{ color: {c.text_off}; background: {c.card}; }}
QPushButton:focus {{ outline: none; border-color: {c.line_strong}; }}
QPushButton[segment="first"] {{ border-top-right-radius: 0; border-bottom-right-radius: 0; }}
QPushButton[segment="middle"] {{ border-radius: 0; border-left: none; }}
QPushButton[segment="last"] {{ border-top-left-radius: 0; border-bottom-left-radius: 0; border-left: none; }}
QPushButton#primary {{ color: {c.window}; background: {c.accent}; border-color: {c.accent}; }}
QPushButton#primary:hover {{ background: #78d0d6; }}
QPushButton#quiet {{ background: transparent; border: none; padding: 3px 7px; }}
QPushButton#quiet:hover {{ color: {c.text}; background: {c.hover}; }}
QToolTip {{
    color: {c.text}; background: {c.raised}; border: 1px solid {c.line_strong}; padding: 5px 8px;
}}
"""
