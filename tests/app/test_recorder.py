"""The guided recording's window."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from threading import Event

import numpy as np
import pytest
from PyQt6.QtCore import Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QApplication

from app.cli.bootstrap_stages import Stage, Stages
from app.guide import GUIDE, TOTAL_S
from app.making import Making
from app.recorder_window import RecorderWindow, default_path
from app.show import NewActor
from app.watching import Watcher
from engine.cameras import CameraFacts, CameraTimeout
from engine.errors import CameraError, TrackerError
from engine.frames import Frame
from engine.movies import MovieReader
from engine.recording import Recorder
from tests.app.windows import line_of, until, window_on
from tests.fakes import frame

SIZE = (64, 48)


class Stream:
    """Gives a frame whenever it is asked while `is_open`, as many as it was told to at most; then it is silent."""

    def __init__(self, most: int = 10**9, rate: int = 25, error: CameraError | None = None) -> None:
        self.facts = CameraFacts("stream", *SIZE, Fraction(rate), False, None)
        self.most, self.num_given, self.error = most, 0, error

    def open(self) -> None:
        if self.error is not None:
            raise self.error

    def read(self, timeout_s: float) -> Frame:
        if self.num_given >= self.most:
            Event().wait(0.002)
            raise CameraTimeout("nothing yet", "wait")
        self.num_given += 1
        return Frame(np.full((SIZE[1], SIZE[0], 3), 90, np.uint8), self.num_given, self.num_given)

    def close(self) -> None:
        pass


def flow(stream: Stream, count: int) -> None:
    """Let so many more frames come, about as fast as small ones are written."""
    goal = stream.most + count
    while stream.most < goal:
        stream.most = min(goal, stream.most + 20)
        before = stream.most
        until(lambda before=before: stream.num_given == before, "frames are given")
        QTest.qWait(10)


@pytest.fixture
def open_window(app: QApplication) -> Iterator[object]:
    windows: list[RecorderWindow] = []

    def start(recorder: Recorder, watcher: object = None) -> RecorderWindow:
        window = RecorderWindow(recorder, watcher)
        windows.append(window)
        window.show()
        window.start()
        return window

    yield start
    for window in windows:
        window.close()
        window.deleteLater()
    QTest.qWait(0)


def test_the_guide_goes_on_with_what_is_recorded_and_a_pause_holds_it(open_window, tmp_path: Path) -> None:
    stream = Stream(most=0)
    recorder = Recorder(stream, tmp_path / "me.mkv")
    window = open_window(recorder)
    until(window.record_button.isEnabled, "the camera is open")
    assert not window.finish_button.isEnabled()
    assert "make install-trackers" in window.coverage._message
    QTest.keyClick(window, Qt.Key.Key_Space)
    assert recorder.is_recording
    flow(stream, round(25 * (GUIDE[0].seconds + 1)))
    until(lambda: window.moment.index == 1, "the second prompt comes")
    until(lambda: window.prompt._title.text() == GUIDE[1].title, "and is shown")
    window.record_button.click()
    assert not recorder.is_recording
    until(lambda: recorder.num_written == stream.num_given, "what was recorded is written")
    written = recorder.num_written
    flow(stream, 200)
    assert recorder.num_written == written
    assert window.record_button.text() == "Go on"


def test_at_the_end_the_movie_is_whole_and_the_next_step_is_named(open_window, tmp_path: Path) -> None:
    stream = Stream(rate=1, most=0)  # a frame a second makes the guide short
    recorder = Recorder(stream, tmp_path / "me.mkv")
    window = open_window(recorder)
    ended = []
    window.ended.connect(lambda: ended.append(True))
    until(window.record_button.isEnabled, "the camera is open")
    window.record_button.click()
    flow(stream, round(TOTAL_S) + 1)
    until(lambda: bool(ended), "the guide is through")
    with MovieReader(tmp_path / "me.mkv") as movie:
        assert sum(1 for _ in movie) == recorder.num_written >= TOTAL_S
    assert window.banner.isVisible()
    assert "bootstrap" in window.banner.recovery.text()
    assert str(tmp_path / "me.mkv") in window.banner.recovery.text()
    assert not window.record_button.isEnabled()


def test_finishing_early_keeps_what_there_is(open_window, tmp_path: Path) -> None:
    recorder = Recorder(Stream(most=40), tmp_path / "me.mkv")
    recorder.resume()
    window = open_window(recorder)
    until(lambda: recorder.num_written > 5, "frames are recorded")
    until(window.record_button.isEnabled, "the camera is open")
    window._record(True)
    window.finish_button.click()
    until(window.banner.isVisible, "it is finished")
    assert (tmp_path / "me.mkv").is_file()
    assert "Recorded" in window.banner.reason.text()


def test_closing_the_window_keeps_what_was_recorded_and_leaves_no_thread(open_window, tmp_path: Path) -> None:
    recorder = Recorder(Stream(most=40), tmp_path / "me.mkv")
    recorder.resume()
    window = open_window(recorder)
    until(lambda: recorder.num_written == 40, "frames are recorded")
    window.close()
    with MovieReader(tmp_path / "me.mkv") as movie:
        assert sum(1 for _ in movie) == 40


def test_a_camera_that_does_not_open_is_told(open_window, tmp_path: Path) -> None:
    window = open_window(Recorder(Stream(error=CameraError("No camera.", "Plug one in.")), tmp_path / "me.mkv"))
    until(window.banner.isVisible, "the error is shown")
    assert window.banner.reason.text() == "No camera."
    assert not window.record_button.isEnabled()
    assert window.error is not None


class Scripted:
    """A tracker that never sees a face."""

    name = "script"

    def __init__(self) -> None:
        self.is_closed, self.num_seen = False, 0

    def find(self, picture: np.ndarray) -> None:
        self.num_seen += 1

    def close(self) -> None:
        self.is_closed = True


def test_the_tracker_watches_and_its_advice_is_shown(open_window, tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    tracker = Scripted()
    stream = Stream(most=30)
    recorder = Recorder(stream, tmp_path / "me.mkv")
    window = open_window(recorder, lambda recorder: Watcher(recorder.watched, tracker))

    def moving() -> bool:
        stream.most += 1
        return "No face is seen" in window.advice.words

    until(moving, "the advice is shown")
    assert {share for _, share in window.coverage._aims} == {0.0}
    window.close()
    assert tracker.is_closed


def test_a_tracker_that_does_not_open_leaves_the_recording_be(open_window, tmp_path: Path) -> None:
    def failing(recorder: Recorder) -> Watcher:
        raise TrackerError("No model.", "Install one.")

    window = open_window(Recorder(Stream(most=5), tmp_path / "me.mkv"), failing)
    until(lambda: "No model." in window.coverage._message, "it is told")
    assert window.record_button.isEnabled()


def test_a_free_name_is_found(tmp_path: Path) -> None:
    assert default_path(tmp_path).name == "me.mkv"
    (tmp_path / "me.mkv").touch()
    (tmp_path / "me-2.mkv").touch()
    (tmp_path / "me-3.partial.mkv").touch()  # a recording that a crash cut off
    assert default_path(tmp_path).name == "me-4.mkv"


def test_the_double_is_made_in_a_process_whose_words_are_told(app: QApplication) -> None:
    told: list[str] = []
    ended: list[tuple[int, str]] = []
    making = Making(
        ["evaluate", "nowhere"], lambda line, step: told.append(line), lambda code, last: ended.append((code, last))
    )
    making.start()
    until(lambda: bool(ended), "the command ends")
    assert ended[0][0] == 2
    assert "nowhere" in ended[0][1]
    assert told[-1] == ended[0][1]
    making.stop()


def test_the_time_left_of_the_whole_stays_in_view_beside_what_a_step_says(
    app: QApplication, open_window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    step = Stages(3000, 60.0, {}, lambda: 0.0).begin(Stage.TRACK)
    lines = ["The folder is claimed.", step, "tracking me: 100/3000, 1:02 left"]
    monkeypatch.setattr("app.making._SCRIPT", f"for line in {lines!r}: print(line)")
    window = open_window(Recorder(Stream(most=5), tmp_path / "me.mkv"))
    shown: list[str] = []
    monkeypatch.setattr(window.prompt, "show_words", lambda part, title, words, *more: shown.append(words))
    ended: list[bool] = []
    window.made.connect(lambda: ended.append(True))
    window._go_on()
    until(lambda: bool(ended), "it ends")
    assert shown[1:4] == [lines[0], step, f"{step}\n{lines[2]}"]


def test_what_is_being_made_can_be_stopped(app: QApplication) -> None:
    ended: list[int] = []
    making = Making(
        ["live", "--camera", "pattern:", "--headless"], lambda line, step: None, lambda code, last: ended.append(code)
    )
    making.start()
    making.stop()
    assert ended == []


def test_a_new_actor_takes_the_camera_from_the_live_window(app: QApplication, tiny, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("app.show.open_camera", lambda spec: Stream(most=3))
    monkeypatch.setattr("app.show.watcher_of", lambda model: None)
    monkeypatch.setattr("app.show.default_path", lambda folder: tmp_path / "me.mkv")
    with window_on(lambda _: line_of(tiny, [frame(0)])) as window:
        newcomer = NewActor(window, "0")
        until(lambda: window.line is not None, "the line runs")
        QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
        assert window.line is None  # its camera is free
        assert "new actor" in window.face.banner.reason.text()
        until(lambda: newcomer.recorder.record_button.isEnabled(), "the recorder has the camera")
        first = newcomer.recorder
        newcomer.open()
        assert newcomer.recorder is first
        newcomer.close()
        window.face.banner.again.click()
        until(lambda: window.line is not None, "the line runs again")
