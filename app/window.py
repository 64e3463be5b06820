"""The window and the life of its line: opening, running, failing, ending, opening again.

Rule: it wires; frames and meshes go from their slots straight into the widgets that paint them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from time import perf_counter_ns

from PyQt6.QtCore import QSettings, QSize, Qt, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PyQt6.QtWidgets import QMainWindow, QPushButton

from app.camera_view import CameraView
from app.face import Face
from app.figures import crop_words
from app.jobs import Jobs
from app.lateness import Lateness
from app.live import Feed, Live
from app.opening import Line, Request, open_line
from app.snapshot import Recording
from app.theme import COLOURS
from app.viewport import RANGES_MM, Stage
from app.viewport_gl import make_viewport
from engine.bundle import ActorBundle
from engine.crop_choice import choose_crop
from engine.errors import LiveDoubleError
from engine.frames import CropRect, Frame, MeshFrame
from engine.render import Shading
from engine.statistics import Statistics

FIRST_SIZE = QSize(1440, 900)
SMALLEST = QSize(960, 600)
MOVIE_RATE = Fraction(24)
_MODE_KEYS = (Shading.SKIN, Shading.CLAY, Shading.ERROR, Shading.NORMALS, Shading.EXPECTED)


@dataclass(frozen=True, slots=True, eq=False)
class _Opened:
    """A line that has just begun to run, and how the window hears of it."""

    line: Line
    frames: Feed[Frame]
    meshes: Feed[MeshFrame]


class LiveWindow(QMainWindow):
    """One line, from opening to its end.

    Args:
        request: What to run.
        settings: Where the window's place is kept; None keeps it nowhere.
        open_: Makes the line, in the background.
    """

    ended = pyqtSignal()  # the line is over, by itself or by an error
    opened = pyqtSignal()  # the line runs
    drawn = pyqtSignal()  # a new mesh has been drawn
    recording_failed = pyqtSignal()
    new_actor_asked = pyqtSignal()

    def __init__(
        self,
        request: Request,
        settings: QSettings | None,
        open_: Callable[[Request, Callable[[ActorBundle], None]], Line] = open_line,
    ) -> None:
        super().__init__()
        self._request, self._settings, self._open = request, settings, open_
        self.line: Line | None = None
        self.error: LiveDoubleError | None = None
        self.statistics: Statistics | None = None  # of the last tick, kept after the end
        self.actor_name = self.camera_name = ""
        self.has_run = False  # whether a mesh has ever come
        self._frames: Feed[Frame] | None = None
        self._meshes: Feed[MeshFrame] | None = None
        self._has_ended = self._is_closing = False
        self._lateness = Lateness()
        self.live = Live()
        self.jobs = Jobs(self.live.job_waits.emit)
        self._recording: Recording | None = None
        self.recording_error: LiveDoubleError | None = None

        self.stage = Stage(self._take_mesh, self._mesh_drawn)
        self.viewport = make_viewport(self.stage)
        self.face = Face(CameraView(self._take_frame), self.viewport, self.start)
        self.setCentralWidget(self.face)
        self.setMinimumSize(SMALLEST)
        self.setWindowTitle("LiveDouble")
        self._wire()
        self._add_new_actor()
        self._restore_geometry()

    def _add_new_actor(self) -> None:
        button = QPushButton("New actor …")
        button.setObjectName("quiet")
        button.setToolTip("Record a person before this camera, guided, and make their double (Ctrl+N).")
        button.clicked.connect(self.new_actor_asked)
        self.face.top_bar.add_button(button)
        QShortcut(QKeySequence("Ctrl+N"), self).activated.connect(self.new_actor_asked)

    def lend_camera(self) -> None:
        """End the line, because something else needs its camera; it can be started again."""
        self._stop_line()
        self.face.banner.show_note("The camera records a new actor.", "", "Start again")
        self._end("Stopped", COLOURS.text_faint)

    def _wire(self) -> None:
        face, controls, camera_view = self.face, self.face.controls, self.face.camera_view
        self.live.frame_waits.connect(camera_view.update)
        self.live.mesh_waits.connect(self.viewport.update)
        self.live.job_waits.connect(self.jobs.collect)
        self.live.ticked.connect(self._tick)
        controls.shading_chosen.connect(self._set_shading)
        controls.wire_toggled.connect(self.stage.set_wire)
        controls.frame_asked.connect(self.stage.frame_head)
        camera_view.crop_chosen.connect(self._set_crop)
        camera_view.crop_dragged.connect(lambda crop: face.camera_card.facts.set_text(crop_words(crop)))
        camera_view.crop_reset.connect(self._reset_crop)
        for key, action in (
            ("Ctrl+Q", self.close),
            ("W", controls.wire.toggle),
            ("F", self.stage.frame_head),
            ("F11", self._toggle_full_screen),
            *((str(n), lambda mode=mode: controls.choose(mode)) for n, mode in enumerate(_MODE_KEYS, 1)),
        ):
            QShortcut(QKeySequence(key), self).activated.connect(action)

    # The line, from opening to its end.

    def start(self) -> None:
        """Open the line in the background and run it; the first time, and again after it has ended."""
        self._stop_line()
        self.error, self.statistics, self._has_ended = None, None, False
        self._lateness = Lateness()
        self.face.show_opening()
        self.jobs.submit(self._open_and_start, self._opened, self._failed)
        self.live.start()

    def _open_and_start(self) -> _Opened:
        # In the background. The feeds stand before the first frame comes, so that its signal is heard.
        line = self._open(self._request, lambda bundle: self.jobs.tell(lambda: self._actor_seen(bundle)))
        opened = _Opened(
            line, Feed(line.session.frames, self.live.frame_waits), Feed(line.session.meshes, self.live.mesh_waits)
        )
        line.start()
        return opened

    def _actor_seen(self, bundle: ActorBundle) -> None:
        # At rest, while the network is loaded: shaders and textures are ready when the first mesh comes.
        if not self._is_closing:
            self.stage.show_actor(bundle)

    def _opened(self, opened: _Opened) -> None:
        line = opened.line
        if self._is_closing:
            line.close()
            return
        self.line, self._frames, self._meshes = line, opened.frames, opened.meshes
        self.actor_name, self.camera_name = line.bundle.name, line.session.camera_facts.name
        self.setWindowTitle(f"LiveDouble – {self.actor_name}")
        self.stage.show_actor(line.bundle)
        self.face.show_running(line.bundle, line.session.notes)
        self.face.camera_view.set_crop(line.session.crop)
        # What came before the feeds were known here woke nobody.
        self.face.camera_view.update()
        self.viewport.update()
        self.opened.emit()

    def _failed(self, error: LiveDoubleError) -> None:
        self.error = self.error or error
        self.face.banner.show_error(error)
        self._end("Stopped", COLOURS.error)

    def _finished(self, statistics: Statistics) -> None:
        counts = f"{statistics.frames:,} frames, {statistics.solved:,} of them solved."
        self.face.banner.show_note("The stream has ended.", counts, "Start again")
        self._end("End of stream", COLOURS.text_faint)

    def _end(self, words: str, tint: str) -> None:
        self.face.show_end(words, tint)
        self._has_ended = True
        self.ended.emit()

    def _stop_line(self) -> None:
        for feed in (self._frames, self._meshes):
            if feed is not None:
                feed.let_go()
        line, self.line, self._frames, self._meshes = self.line, None, None, None
        if line is not None:
            line.close()
            self.statistics = line.session.statistics()

    def record(self, path: Path) -> Recording:
        """Make a movie of what this window shows, until it closes."""
        self._recording = Recording(path, MOVIE_RATE, self.jobs, self._recording_broke)
        # Behind the painting, when the window's pixels are whole.
        self.drawn.connect(self._add_to_recording, Qt.ConnectionType.QueuedConnection)
        return self._recording

    def _recording_broke(self, error: LiveDoubleError) -> None:
        # The line goes on: a full disk is no reason to lose sight of the actor.
        self.recording_error = error
        self.face.banner.show_error(error, is_repeatable=False)
        self.recording_failed.emit()

    def _add_to_recording(self) -> None:
        if self._recording is not None:
            self._recording.add(self)

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: D102
        if self._is_closing:  # Qt tells a window that is closed already, too
            super().closeEvent(event)
            return
        self._is_closing = True
        self._save_geometry()
        self.live.stop()
        self._stop_line()
        if self._recording is not None:
            self._recording.close()
        self.jobs.close()
        self.viewport.release()
        super().closeEvent(event)

    # What waits for painting.

    def _take_frame(self) -> Frame | None:
        return self._frames.take() if self._frames else None

    def _take_mesh(self) -> MeshFrame | None:
        return self._meshes.take() if self._meshes else None

    def _mesh_drawn(self, mesh: MeshFrame) -> None:
        self.has_run = True
        self._lateness.drawn(mesh, perf_counter_ns())
        if self.line is not None:
            self.line.session.displayed(mesh)
        self.drawn.emit()

    # Eight times a second.

    def _tick(self) -> None:
        line, meshes, frames = self.line, self._meshes, self._frames
        if line is None or meshes is None or frames is None or self._has_ended:
            return
        self.statistics = statistics = line.session.statistics()
        self._show(line, statistics)
        for feed, widget in ((frames, self.face.camera_view), (meshes, self.viewport)):
            if feed.is_ending:
                widget.update()
                if self.isMinimized():
                    feed.take()  # nothing is painted now that could
        if meshes.has_ended:
            error = line.session.error
            self._finished(statistics) if error is None else self._failed(error)

    def _show(self, line: Line, statistics: Statistics) -> None:
        facts, age_ms = line.session.camera_facts, self._lateness.age_ms(perf_counter_ns())
        self.face.show_statistics(statistics, facts, age_ms, self._lateness.tick())
        self.face.show_machinery(statistics, self.viewport.gl_renderer)
        self.face.camera_view.set_crop(line.session.crop)
        mesh = self.stage.mesh
        if mesh is not None:
            truth = mesh.frame.truth
            self.face.controls.set_has_truth(truth is not None and truth.shape == mesh.vertices.shape)

    # Commands.

    def _set_shading(self, shading: Shading) -> None:
        self.stage.set_shading(shading)
        self.face.pane.colour_bar.show_scale(shading, RANGES_MM.get(shading))

    def _set_crop(self, crop: CropRect) -> None:
        if self.line is not None and not self._has_ended:
            self.line.session.set_crop(crop)

    def _reset_crop(self) -> None:
        if self.line is not None:
            facts = self.line.session.camera_facts
            self._set_crop(choose_crop(self.line.bundle, None, facts.width_px, facts.height_px).crop)

    def _toggle_full_screen(self) -> None:
        self.showNormal() if self.isFullScreen() else self.showFullScreen()

    # Where it stood last time.

    def _restore_geometry(self) -> None:
        self.resize(FIRST_SIZE)
        if self._settings is not None:
            geometry, split = self._settings.value("window/geometry"), self._settings.value("window/split")
            if geometry is not None:
                self.restoreGeometry(geometry)
            if split is not None:
                self.face.splitter.restoreState(split)

    def _save_geometry(self) -> None:
        if self._settings is not None:
            self._settings.setValue("window/geometry", self.saveGeometry())
            self._settings.setValue("window/split", self.face.splitter.saveState())
