"""Runs the recorder's window from its first to its last moment, on a screen or in memory."""

import signal
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from PyQt6.QtCore import QTimer

from app import startup, theme
from app.recorder_window import RecorderWindow
from app.snapshot import save_screenshot
from app.watching import Watcher
from engine.cameras import open_camera
from engine.recording import Recorder

_SCREENSHOT_AFTER_S = 12.0


def show_recorder(
    path: Path, camera: str, model: Path | None, is_headless: bool, screenshot: Path | None, seconds: float | None
) -> int:
    """Record until the window is closed or the guide is through; returns the frames in the movie. The main thread.

    Args:
        path: Of the movie.
        camera: As for `livedouble live`.
        model: The tracker's, of the user's own.
        is_headless: Paint into memory.
        screenshot: Where to picture the window; it then closes.
        seconds: Record at once, and end after so many.

    Raises:
        LiveDoubleError: The camera does not open, or the recording ended early.
    """
    if not is_headless:
        startup.check_display()
    app = startup.application(is_headless)
    theme.apply(app)
    recorder = Recorder(open_camera(camera), path)
    window = RecorderWindow(recorder, watcher_of(model))
    bugs: list[BaseException] = []

    def stumbled(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        bugs.append(error)
        app.quit()

    def tick() -> None:
        begins_by_itself = is_headless or seconds is not None
        if (
            begins_by_itself
            and window.record_button.isEnabled()
            and not recorder.is_recording
            and not window.is_finished
        ):
            window.record_button.click()
        if seconds is not None and window.recorded_s >= seconds:
            window.finish_button.click()

    def leave() -> None:
        if window.error is not None or is_headless or seconds is not None:
            app.quit()

    window.live.ticked.connect(tick)
    window.ended.connect(leave)
    hook, sys.excepthook = sys.excepthook, stumbled
    before = {number: signal.signal(number, lambda *_: app.quit()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        window.show()
        window.start()
        if screenshot is not None:
            QTimer.singleShot(round(1000 * _SCREENSHOT_AFTER_S), lambda: _picture(window, screenshot, app.quit))
        app.exec()
    finally:
        window.close()
        sys.excepthook = hook
        for number, handler in before.items():
            signal.signal(number, handler)
    if bugs:
        raise bugs[0]
    if window.error is not None:
        raise window.error
    return recorder.num_written


def _picture(window: RecorderWindow, path: Path, leave: Callable[[], None]) -> None:
    save_screenshot(window, path)
    leave()


def watcher_of(model: Path | None) -> Callable[[Recorder], Watcher] | None:
    """What opens a watching tracker; None where none is installed."""
    if find_spec("mediapipe") is None:
        return None

    def open_watcher(recorder: Recorder) -> Watcher:
        from training.trackers import MediaPipeLandmarker

        return Watcher(recorder.watched, MediaPipeLandmarker(model, most_faces=2))

    return open_watcher
