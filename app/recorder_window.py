"""The guided recording: a person before a camera is told what to do, and sees how much of it has been seen.

Rule: time is counted in recorded frames, so a pause stops the guide and nothing else.
"""

import shlex
from collections.abc import Callable
from pathlib import Path

from PyQt6.QtCore import QSize, pyqtSignal
from PyQt6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PyQt6.QtWidgets import QHBoxLayout, QMainWindow, QPushButton, QVBoxLayout, QWidget

from app import theme
from app.camera_view import CameraView
from app.guide import Moment, moment_at
from app.jobs import Jobs
from app.live import Feed, Live
from app.making import Making
from app.panels import Card, TopBar
from app.panels_banner import Banner
from app.panels_guide import AdviceLine, CoveragePane, PromptPane
from app.theme import COLOURS
from app.watching import Watcher
from engine.errors import LiveDoubleError
from engine.frames import Frame
from engine.movie_file import unfinished_of
from engine.recording import Recorder

FIRST_SIZE, SMALLEST = QSize(1280, 820), QSize(960, 700)
_SIDE_PX = 400
_WELCOME = (
    "Four minutes: expressions, a few sentences to read, some talking. Sit as you will sit when you are captured, with"
    " light from the front. Everything stays on this machine."
)


class RecorderWindow(QMainWindow):
    """One recording.

    Args:
        recorder: Not started yet.
        open_watcher: Makes what watches, in the background; None where no tracker is installed.
    """

    ended = pyqtSignal()
    made = pyqtSignal()  # the double, or it failed

    def __init__(self, recorder: Recorder, open_watcher: Callable[[Recorder], Watcher] | None) -> None:
        super().__init__()
        self._recorder, self._open_watcher = recorder, open_watcher
        self._watcher: Watcher | None = None
        self._frames: Feed[Frame] | None = None
        self.error: LiveDoubleError | None = None
        self.is_finished = False
        self.making: Making | None = None
        self.live = Live()
        self.jobs = Jobs(self.live.job_waits.emit)
        self.top_bar = TopBar()
        self.camera_view = CameraView(self._take_frame, is_mirrored=True)
        self.camera_view.setToolTip("")
        self.prompt, self.coverage, self.advice = PromptPane(), CoveragePane(), AdviceLine()
        self.record_button, self.finish_button = QPushButton("Record"), QPushButton("Finish")
        self.record_button.setObjectName("primary")
        self.setWindowTitle("LiveDouble – new actor")
        self.setMinimumSize(SMALLEST)
        self.resize(FIRST_SIZE)
        self._lay_out()
        self._wire()

    def _lay_out(self) -> None:
        side = QVBoxLayout()
        side.setSpacing(theme.GAP_PX)
        side.addWidget(Card("Now", self.prompt), 1)
        side.addWidget(Card("Seen of the face", self.coverage))
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GAP_PX)
        for button, stretch in ((self.record_button, 2), (self.finish_button, 1)):
            button.setMinimumHeight(38)
            buttons.addWidget(button, stretch)
        side.addLayout(buttons)
        holder = QWidget()
        holder.setFixedWidth(_SIDE_PX)
        side.setContentsMargins(0, 0, 0, 0)
        holder.setLayout(side)
        left = QVBoxLayout()
        left.setSpacing(theme.GAP_PX)
        self.camera_card = Card("Camera", self.camera_view)
        left.addWidget(self.camera_card, 1)
        left.addWidget(self.advice)
        row = QHBoxLayout()
        row.setContentsMargins(theme.GAP_PX, 0, theme.GAP_PX, theme.GAP_PX)
        row.setSpacing(theme.GAP_PX)
        row.addLayout(left, 1)
        row.addWidget(holder)
        root = QWidget()
        root.setObjectName("root")
        column = QVBoxLayout(root)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.top_bar)
        column.addLayout(row, 1)
        self.setCentralWidget(root)
        self.banner = Banner(root, 3 * theme.GAP_PX, self._go_on)

    def _wire(self) -> None:
        self.live.frame_waits.connect(self.camera_view.update)
        self.live.job_waits.connect(self.jobs.collect)
        self.live.ticked.connect(self._tick)
        self.record_button.clicked.connect(self._toggle)
        self.finish_button.clicked.connect(self._finish)
        for key, action in (("Space", self._toggle), ("Ctrl+Q", self.close)):
            QShortcut(QKeySequence(key), self).activated.connect(action)

    # From opening to its end.

    def start(self) -> None:
        """Open the camera and the tracker in the background."""
        self.prompt.show_words("New actor", "Ready?", _WELCOME, "Space or Record begins; it can be paused at any time.")
        self.camera_view.set_message("Opening the camera …")
        self.coverage.show_message(
            "Looking for the face tracker …"
            if self._open_watcher
            else "Without a face tracker nothing can be measured here: `make install-trackers` brings one."
            " The recording itself needs none."
        )
        self.record_button.setEnabled(False)
        self.finish_button.setEnabled(False)
        self.top_bar.set_state("Opening", COLOURS.accent)
        # The feed stands before the first frame comes, so that its signal is heard.
        self._frames = Feed(self._recorder.frames, self.live.frame_waits)
        self.jobs.submit(self._recorder.start, lambda _: self._opened(), self._failed)
        self.live.start()

    def _opened(self) -> None:
        facts = self._recorder.camera_facts
        rate = f"{float(facts.rate):.3g} frames/s" if facts.rate else "rate unknown"
        self.camera_card.facts.set_text(f"{facts.name}, {facts.width_px}x{facts.height_px}, {rate}")
        self.camera_view.set_message("Waiting for the first picture …")
        self.camera_view.update()
        self.record_button.setEnabled(True)
        self.top_bar.set_state("Ready", COLOURS.text_dim)
        if self._open_watcher is not None:
            open_watcher = self._open_watcher
            self.jobs.submit(lambda: open_watcher(self._recorder), self._watching, self._blind)

    def _watching(self, watcher: Watcher) -> None:
        self._watcher = watcher
        watcher.count(is_on=self._recorder.is_recording)
        watcher.start()

    def _blind(self, error: LiveDoubleError) -> None:
        self.coverage.show_message(f"{error.reason} {error.recovery} The recording itself needs no tracker.")

    def _failed(self, error: LiveDoubleError) -> None:
        self.error = self.error or error
        self.banner.show_error(error, is_repeatable=False)
        self.top_bar.set_state("Stopped", COLOURS.error)
        self.record_button.setEnabled(False)
        self.finish_button.setEnabled(False)
        self.ended.emit()

    def _toggle(self) -> None:
        if not self.record_button.isEnabled():
            return
        self._record(not self._recorder.is_recording)

    def _record(self, is_on: bool) -> None:
        self._recorder.resume() if is_on else self._recorder.pause()
        if self._watcher is not None:
            self._watcher.count(is_on=is_on)
        self.record_button.setText("Pause" if is_on else "Go on")
        self.finish_button.setEnabled(True)

    def _finish(self) -> None:
        """End the recording and say what comes next; finishing the movie may take a moment."""
        if self.is_finished:
            return
        self.is_finished = True
        self._recorder.pause()
        self.record_button.setEnabled(False)
        self.finish_button.setEnabled(False)
        self.top_bar.set_state("Finishing the movie", COLOURS.accent)
        self.jobs.submit(self._recorder.stop, lambda _: self._finished(), self._failed)

    def _finished(self) -> None:
        if self._recorder.error is not None:
            self._failed(self._recorder.error)
            return
        path = self._recorder.path
        self.top_bar.set_state("Recorded", COLOURS.text_dim)
        self.prompt.show_words(
            "Recorded", _length(self.recorded_s),
            f"{path} has {self._recorder.num_written:,} frames."
            + (f" The camera dropped {self._recorder.num_lost}." if self._recorder.num_lost else ""),
        )  # fmt: skip
        self.banner.show_note(
            f"Recorded {_length(self.recorded_s)} to {path.name}.",
            f"A double is made of it now, or later by: {shlex.join(self._making())}",
            "Make the double",
        )
        self.ended.emit()

    def _making(self) -> list[str]:
        path = self._recorder.path
        return ["livedouble", "bootstrap", str(path), "--out", str(path.with_suffix(""))]

    def _go_on(self) -> None:
        """The banner's button: make the double, in a process of its own whose words are shown."""
        self.banner.hide()
        self.making = Making(self._making()[1:], self._tell_making, self._made)
        self.prompt.show_words(
            "New actor", "Making the double", "Starting …", "Closing the window stops it; see below."
        )
        self.top_bar.set_state("Making the double", COLOURS.accent)
        self.making.start()

    def _tell_making(self, line: str, step: str) -> None:
        self.prompt.show_words(
            "New actor", "Making the double", line if line == step else f"{step}\n{line}".strip(),
            "What is stopped goes on where it was, by the same command.",
        )  # fmt: skip

    def _made(self, code: int, last: str) -> None:
        if code == 0:
            actor = self._making()[-1]
            self.prompt.show_words("New actor", "Done", last)
            self.top_bar.set_state("Done", COLOURS.accent)
            self.banner.show_note("The double is made.", f"Meet it: livedouble live --actor {actor}")
        else:
            self.top_bar.set_state("Stopped", COLOURS.error)
            self.banner.show_error(
                LiveDoubleError(last or "Making the double failed.", f"Go on with: {shlex.join(self._making())}"),
                is_repeatable=False,
            )
        self.made.emit()

    @property
    def recorded_s(self) -> float:
        """In the movie."""
        return self._recorder.num_written / float(self._recorder.rate)

    @property
    def moment(self) -> Moment:
        """Where the guide stands."""
        return moment_at(self.recorded_s)

    def closeEvent(self, event: QCloseEvent | None) -> None:  # noqa: D102
        self.live.stop()
        if self.making is not None:
            self.making.stop()
        if self._frames is not None:
            self._frames.let_go()
        self._recorder.stop()
        if self._watcher is not None:
            self._watcher.stop()
        self.jobs.close()
        super().closeEvent(event)

    # What is shown.

    def _take_frame(self) -> Frame | None:
        return self._frames.take() if self._frames else None

    def _tick(self) -> None:
        recorder = self._recorder
        if recorder.error is not None and not self.is_finished and self.error is None:
            self._failed(recorder.error)
            return
        if self._watcher is not None and not self.is_finished:
            self._show_watched(self._watcher)
        if self.is_finished or self.error is not None or not recorder.num_written:
            return
        moment = self.moment
        self.prompt.show_moment(moment)
        words = f"{_length(self.recorded_s)} recorded, {_length(moment.total_left_s)} left"
        self.top_bar.set_state(
            *(("Recording", COLOURS.error) if recorder.is_recording else ("Paused", COLOURS.warning))
        )
        self.top_bar.set_actor(words)
        if moment.prompt is None:
            self._finish()

    def _show_watched(self, watcher: Watcher) -> None:
        if watcher.error is not None:
            self._blind(watcher.error)
            self._watcher = None
            return
        now = watcher.now
        self.coverage.show_aims([(aim.name, aim.share) for aim in now.aims])
        good = "Light, framing and focus are good." if now.aims else ""
        self.advice.show_advice(now.advice or good, is_warning=now.advice is not None)


def default_path(folder: Path) -> Path:
    """`me.mkv`, or the next number that is free; what a crash has left keeps its name."""
    for number in range(1, 1000):
        path = folder / ("me.mkv" if number == 1 else f"me-{number}.mkv")
        if not path.exists() and not unfinished_of(path).exists():
            return path
    return folder / "me-1000.mkv"


def _length(seconds: float) -> str:
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02}"
