"""What every camera is to the line, and what paces those that are not driven by a device.

Rule: one thread opens, reads and closes a camera; no call blocks longer than its time limit.
"""

from dataclasses import dataclass
from fractions import Fraction
from threading import Event
from typing import Protocol

from engine.clock import NS_PER_S, SYSTEM_CLOCK, Clock
from engine.errors import CameraError
from engine.frames import Frame


class CameraTimeout(CameraError):
    """No frame came within the time limit; the next read may succeed."""


@dataclass(frozen=True, slots=True)
class CameraFacts:
    """What a camera says of itself."""

    name: str
    width_px: int
    height_px: int
    rate: Fraction | None  # frames per second; None where it does not say
    is_gray: bool
    num_frames: int | None  # None where it never ends or does not say


class Camera(Protocol):
    """A source of frames. `facts` are final once `open` has returned."""

    @property
    def facts(self) -> CameraFacts:
        """What the camera says of itself."""
        ...

    def open(self) -> None:
        """Get ready to read; once.

        Raises:
            CameraError: It is not there or does not answer.
        """
        ...

    def read(self, timeout_s: float) -> Frame | None:
        """The next frame; None at the end of the stream.

        Raises:
            CameraTimeout: None came in time.
            CameraError: The camera failed; every further read fails too.
        """
        ...

    def close(self) -> None:
        """Let go of the device or file; may be called without `open`, and again."""
        ...


class Pace:
    """Says when frame n of a source without a clock of its own is due: the start plus n / rate.

    A source that falls behind by more than `slack_frames` starts counting anew instead of catching up in a burst,
    so no frame is ever lost to pacing.

    Args:
        rate: Frames per second.
        clock: Time.
        slack_frames: Frames it may be late and still catch up.
    """

    def __init__(self, rate: Fraction, clock: Clock = SYSTEM_CLOCK, slack_frames: int = 2) -> None:
        self._period_ns = NS_PER_S / rate
        self._slack_ns = int(self._period_ns * slack_frames)
        self._clock = clock
        self._never = Event()
        self._start_ns: int | None = None

    def wait_for(self, index: int, timeout_s: float) -> bool:
        """Wait until frame `index` is due, `timeout_s` at most; whether it is."""
        now_ns = self._clock.now_ns()
        if self._start_ns is None:
            self._start_ns = now_ns - int(index * self._period_ns)
        due_ns = self._start_ns + int(index * self._period_ns)
        if now_ns - due_ns > self._slack_ns:
            self._start_ns += now_ns - due_ns
            return True
        deadline_ns = min(due_ns, now_ns + int(timeout_s * NS_PER_S))
        while (now_ns := self._clock.now_ns()) < deadline_ns:
            self._clock.wait(self._never, (deadline_ns - now_ns) / NS_PER_S)
        return now_ns >= due_ns


def timed_out(name: str, timeout_s: float) -> CameraTimeout:
    """What a camera raises when no frame came in time."""
    return CameraTimeout(f"{name} gave no picture within {timeout_s:g} s.", "Check the camera and its cable.")
