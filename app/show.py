"""Runs one window from its first to its last moment, on a screen or in memory, and reports what happened.

Rule: with and without a display it is the same window; what differs is when it closes by itself.
"""

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from types import FrameType, TracebackType

from PyQt6.QtCore import QSettings
from PyQt6.QtWidgets import QApplication

from app import startup, theme
from app.live import REDRAW_HZ
from app.opening import Request
from app.recorder_window import RecorderWindow, default_path
from app.show_recorder import watcher_of
from app.showing import MovieFacts, Showing, Shown, StartFacts
from app.snapshot import Recording, save_screenshot
from app.window import LiveWindow
from engine.cameras import open_camera
from engine.clock import NS_PER_S
from engine.errors import LiveDoubleError
from engine.machine import process_age_s
from engine.recording import Recorder
from engine.statistics import Percentiles

_SCREENSHOT_AFTER_S = 2.5


def show(request: Request, showing: Showing, progressed: Callable[[int], None]) -> Shown:
    """Open the window and stay until it is closed. The main thread.

    Args:
        request: The line.
        showing: How.
        progressed: Told now and then how many frames the camera has delivered so far.

    Raises:
        LiveDoubleError: The line could not begin.
        Exception: A mistake of ours, met while Qt handled an event.
    """
    startup.return_memory(is_asked=True)
    app = startup.application(showing.is_headless)
    theme.apply(app)
    window = LiveWindow(request, None if showing.is_headless else QSettings())
    run = _Run(app, window, showing, progressed)
    newcomer = NewActor(window, request.camera)
    before = {number: signal.signal(number, run.interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    hook, sys.excepthook = sys.excepthook, run.stumbled
    try:
        window.show()
        window.start()
        app.exec()
    finally:
        newcomer.close()
        window.close()
        sys.excepthook = hook
        for number, handler in before.items():
            signal.signal(number, handler)
    if run.bug is not None:
        raise run.bug
    if window.error is not None and not window.has_run:
        raise window.error
    return run.report()


class NewActor:
    """The recorder's window, opened from the live one with its camera.

    Args:
        window: The live one, which gives the camera up.
        camera: As the user named it.
    """

    def __init__(self, window: LiveWindow, camera: str) -> None:
        self._window, self._camera = window, camera
        self.recorder: RecorderWindow | None = None
        window.new_actor_asked.connect(self.open)

    def open(self) -> None:
        """Begin; a recording that is open comes to the front."""
        if self.recorder is not None and self.recorder.isVisible():
            self.recorder.raise_()
            return
        self._window.lend_camera()
        recorder = Recorder(open_camera(self._camera), default_path(Path.cwd()))
        self.recorder = RecorderWindow(recorder, watcher_of(None))
        self.recorder.show()
        self.recorder.start()

    def close(self) -> None:
        """With the live window."""
        if self.recorder is not None:
            self.recorder.close()


class _Run:
    """One window's course: when to take the screenshot, and when to close."""

    def __init__(
        self, app: QApplication, window: LiveWindow, showing: Showing, progressed: Callable[[int], None]
    ) -> None:
        self._app, self._window, self._showing, self._progressed = app, window, showing, progressed
        self._began_ns = perf_counter_ns()
        self._first_mesh_s: float | None = None
        self._window_age_s = process_age_s()
        self._line_age_s: float | None = None
        self._mesh_age_s: float | None = None
        self._num_ticks = 0  # since the first mesh
        self._error: LiveDoubleError | None = None
        self.bug: BaseException | None = None
        self._recording: Recording | None = window.record(showing.movie) if showing.movie else None
        window.ended.connect(self._ended)
        window.opened.connect(self._opened)
        window.drawn.connect(self._drawn)
        window.recording_failed.connect(self._recording_failed)
        window.live.ticked.connect(self._ticked)

    def interrupted(self, number: int, frame: FrameType | None) -> None:
        """Ctrl+C is a way to end a run; the clock's ticks let Python notice it."""
        self._window.close()
        self._app.quit()

    def stumbled(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """What Qt calls when something of ours fails while it handles an event: the first ends the run.

        A window that goes on with half of its state would show numbers nobody can trust.
        """
        if self.bug is None:
            self.bug = error
            self._app.quit()

    def _opened(self) -> None:
        if self._line_age_s is None:
            self._line_age_s = process_age_s()

    def _drawn(self) -> None:
        if self._first_mesh_s is None:
            self._first_mesh_s = (perf_counter_ns() - self._began_ns) / NS_PER_S
            self._mesh_age_s = process_age_s()
            startup.return_memory(is_asked=False)

    def _ticked(self) -> None:
        if self._window.statistics is not None:
            self._progressed(self._window.statistics.frames)
        if self._first_mesh_s is None:
            return
        self._num_ticks += 1
        if self._num_ticks == round(_SCREENSHOT_AFTER_S * REDRAW_HZ):
            self._take_screenshot()
            if self._showing.screenshot and not self._showing.movie and not self._showing.closes_at_end:
                self._leave()

    def _take_screenshot(self) -> None:
        if self._showing.screenshot is None:
            return
        try:
            save_screenshot(self._window, self._showing.screenshot)
        except LiveDoubleError as error:
            self._error = error
            self._leave()

    def _recording_failed(self) -> None:
        if self._showing.is_headless:
            self._leave()

    def _ended(self) -> None:
        is_too_short = self._num_ticks < round(_SCREENSHOT_AFTER_S * REDRAW_HZ)
        if self._first_mesh_s is not None and is_too_short:
            self._take_screenshot()
        has_not_begun = self._window.error is not None and not self._window.has_run
        if self._showing.closes_at_end or self._showing.is_headless or has_not_begun:
            self._leave()

    def _leave(self) -> None:
        self._window.close()
        self._app.quit()

    def report(self) -> Shown:
        """After the window has closed."""
        window, recording = self._window, self._recording
        movie = None
        if recording is not None:
            grabs = Percentiles.of(recording.grab_ms.samples())
            movie = MovieFacts(str(self._showing.movie), recording.num_pictures, recording.num_left_out, grabs)
        # A line's own error has been shown to whoever sat before the window; without one it must be told.
        line_error = window.error if self._showing.is_headless else None
        return Shown(
            statistics=window.statistics,
            error=self._error or window.recording_error or line_error,
            first_mesh_s=None if self._first_mesh_s is None else round(self._first_mesh_s, 3),
            start=StartFacts(*(_rounded(age) for age in (self._window_age_s, self._line_age_s, self._mesh_age_s))),
            actor=window.actor_name,
            camera=window.camera_name,
            gl_renderer=window.viewport.gl_renderer,
            window_size=(window.width(), window.height()),
            movie=movie,
        )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)
