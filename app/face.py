"""All that is seen in the window, and where: camera and mesh side by side, figures and plots below.

Rule: it shows what it is told; it knows no session and no thread.
"""

from collections.abc import Callable

from PyQt6.QtCore import Qt
from PyQt6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from app import theme
from app.camera_view import CameraView
from app.figures import camera_words, machinery_words, readings_of, timecode_words
from app.live import REDRAW_HZ
from app.panels import Card, StatusLine, TopBar
from app.panels_banner import Banner
from app.panels_figures import FiguresPanel
from app.panels_view import ViewControls, ViewportPane
from app.plots import LATENCY_LINES, THROUGHPUT_LINES, RollingPlot
from app.theme import COLOURS
from engine.bundle import ActorBundle
from engine.cameras import CameraFacts
from engine.statistics import Statistics

_STRIP_PX = 172


class Face(QWidget):
    """The window's content.

    Args:
        camera_view: On the left.
        viewport: On the right, larger.
        try_again: What the banner's button does.
    """

    def __init__(self, camera_view: CameraView, viewport: QWidget, try_again: Callable[[], None]) -> None:
        super().__init__()
        self.setObjectName("root")
        self.camera_view = camera_view
        self.top_bar, self.status = TopBar(), StatusLine()
        self.controls = ViewControls()
        self.pane = ViewportPane(viewport)
        self.camera_card = Card("Camera", camera_view)
        self.mesh_card = Card("Performance", self.pane)
        self.mesh_card.header.addWidget(self.controls)
        self.figures = FiguresPanel()
        self.throughput = RollingPlot("Frames per second", THROUGHPUT_LINES, REDRAW_HZ)
        self.latency = RollingPlot("Camera to display, ms", LATENCY_LINES, REDRAW_HZ)
        self.splitter = self._split()
        self._lay_out()
        self.banner = Banner(self, theme.STATUS_PX + _STRIP_PX + 4 * theme.GAP_PX, try_again)

    def _split(self) -> QSplitter:
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(theme.GAP_PX)
        splitter.addWidget(self.camera_card)
        splitter.addWidget(self.mesh_card)
        splitter.setStretchFactor(0, 4)
        splitter.setStretchFactor(1, 9)
        splitter.setSizes([430, 970])
        return splitter

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.figures, 9)
        row.addWidget(self.throughput, 6)
        row.addWidget(self.latency, 6)
        strip = Card.plain(row)
        strip.setFixedHeight(_STRIP_PX)
        middle = QVBoxLayout()
        middle.setContentsMargins(theme.GAP_PX, 0, theme.GAP_PX, 0)
        middle.setSpacing(theme.GAP_PX)
        middle.addWidget(self.splitter, 1)
        middle.addWidget(strip)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.top_bar)
        column.addLayout(middle, 1)
        column.addWidget(self.status)

    def show_opening(self) -> None:
        """Nothing runs yet; what ran before is gone."""
        self.banner.hide()
        for plot in (self.throughput, self.latency):
            plot.clear()
        self.camera_view.clear()
        self.camera_view.set_message("Opening the camera …")
        self.pane.set_message("Opening the actor …")
        self.top_bar.set_state("Opening", COLOURS.accent)

    def show_running(self, bundle: ActorBundle, notes: tuple[str, ...]) -> None:
        """A line runs for this actor."""
        self.controls.set_has_skin(bundle.skin_path is not None)
        self.controls.set_has_errors(bundle.has_errors)
        self.pane.set_message("")
        self.camera_view.set_message("Waiting for the first picture …")
        self.top_bar.set_actor(bundle.name)
        self.top_bar.set_state("Live", COLOURS.accent)
        self.mesh_card.facts.set_text(f"{bundle.topology.num_vertices:,} vertices")
        self.status.notes.set_text("  ".join(notes), COLOURS.warning)

    def show_statistics(
        self, statistics: Statistics, facts: CameraFacts, age_ms: float | None, latency_ms: tuple[float, float] | None
    ) -> None:
        """The line's numbers, and one more point in each plot.

        Args:
            statistics: Of the line.
            facts: Of its camera.
            age_ms: Of what the screen shows.
            latency_ms: Median and slowest since the last time.
        """
        fps = statistics.fps
        self.figures.show_readings(readings_of(statistics, facts, age_ms))
        self.throughput.add((fps.camera, fps.solve, fps.display))
        self.latency.add((None, None) if latency_ms is None else (latency_ms[1], latency_ms[0]))
        self.camera_card.facts.set_text(camera_words(facts))
        self.camera_card.label.set_text(timecode_words(self.camera_view.frame))

    def show_machinery(self, statistics: Statistics, gl_renderer: str) -> None:
        """What really solves and draws."""
        self.status.facts.set_text(machinery_words(statistics, gl_renderer))
        self.status.facts.setToolTip("\n".join(["Not used:", *statistics.others]) if statistics.others else "")

    def show_end(self, words: str, tint: str) -> None:
        """The line is over."""
        self.top_bar.set_state(words, tint)
        self.pane.set_message("")
        self.camera_view.set_message("No picture")
