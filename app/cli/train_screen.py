"""What a running training shows: a bar with the time left and a curve on a terminal, a line now and then in a log."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Self

from rich.progress import BarColumn, Progress, TextColumn
from sparklines import sparklines

from app.cli.console import clock, err
from engine.clock import NS_PER_S, SYSTEM_CLOCK, Clock
from training.watch import Status

LINE_S = 60.0  # between two lines of a log
_CURVE_WIDTH = 24


class Interrupt:
    """Whether the user has asked to stop."""

    def __init__(self) -> None:
        self._is_asked = False

    def ask(self, _signal: int, _frame: FrameType | None) -> None:
        """The signal handler: the first time politely, the second at once."""
        if self._is_asked:
            raise KeyboardInterrupt
        self._is_asked = True
        # Not through the console: a signal may come in the middle of its own printing.
        os.write(err.file.fileno(), b"\nSaving what is done; press Ctrl+C again to leave at once.\n")

    def was_asked(self) -> bool:
        """Whether to stop."""
        return self._is_asked


@contextmanager
def stop_on_interrupt() -> Iterator[Interrupt]:
    """Take Ctrl+C, and `kill` as job schedulers send it, as the wish to save and stop."""
    interrupt = Interrupt()
    before = {number: signal.signal(number, interrupt.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@dataclass(slots=True)
class _Preparing:
    """What comes before the training, of which this part is under way."""

    task: str
    first: int  # that was told of
    since_s: float
    told_s: float

    def left(self, done: int, total: int, now_s: float) -> str:
        if not self.first < done < total:
            return ""
        return f"{clock((now_s - self.since_s) / (done - self.first) * (total - done))} left"


class BarScreen:
    """A bar on a terminal, in a log none; and what is said of what comes before the training.

    Args:
        interrupt: Ends at once what comes before the training: there is nothing to save yet.
        is_shown: One of several processes has it.
        time: A clock.
    """

    def __init__(self, interrupt: Interrupt, *, is_shown: bool = True, time: Clock = SYSTEM_CLOCK) -> None:
        self._time = time
        self._preparing: _Preparing | None = None
        self._interrupt, self._has_bar = interrupt, is_shown and err.is_terminal
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[facts]}"), console=err
        )
        self._task = self._bar.add_task("reading", total=None, facts="")

    def __enter__(self) -> Self:
        if self._has_bar:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._has_bar:  # stopping what never ran would print an empty line
            self._bar.stop()

    def say(self, line: str) -> None:
        """A line that stays."""
        err.print(line, soft_wrap=True)

    def preparing(self, task: str, done: int, total: int) -> None:
        """What comes before the training goes on; in a log that is a line a minute, and one at its end."""
        if self._interrupt.was_asked():
            raise KeyboardInterrupt
        now_s = self._time.now_ns() / NS_PER_S
        if self._preparing is None or task != self._preparing.task:
            self._preparing = _Preparing(task, done, now_s, now_s)
        left = self._preparing.left(done, total, now_s)
        self.show(task, done, total, left)
        if done == total or (not err.is_terminal and now_s - self._preparing.told_s >= LINE_S):
            self._preparing.told_s = now_s
            self.say(f"{task[0].upper()}{task[1:]}: {done:,} of {total:,}{left and ', '}{left}.")

    def show(self, description: str, completed: float, total: float, facts: str) -> None:
        """Where it stands."""
        self._bar.update(self._task, description=description, completed=completed, total=total, facts=facts)


class Screen(BarScreen):
    """Of one training: in a log a line a minute."""

    def __init__(self, interrupt: Interrupt, *, is_shown: bool = True) -> None:
        super().__init__(interrupt, is_shown=is_shown)
        self._told_s = 0.0
        self._validations_mm: list[float] = []

    def stepped(self, status: Status) -> None:
        """The loss was read."""
        newest_mm = status.validation_rmse_mm
        is_validation = newest_mm is not None and newest_mm != (self._validations_mm or [None])[-1]
        if newest_mm is not None and is_validation:
            self._validations_mm.append(newest_mm)
        validated = "" if newest_mm is None else f", validation {newest_mm:.3f} mm {curve(self._validations_mm)}"
        facts = (
            f"epoch {status.epoch:.2f}, loss {status.loss_cm2:.5f} cm2{validated},"
            f" {status.samples_per_s:.1f} samples/s, {clock(status.left_s)} left"
        )
        self.show("training", status.step, status.total_steps, facts)
        is_news = status.elapsed_s - self._told_s >= LINE_S or status.step >= status.total_steps
        if is_news or (not err.is_terminal and self._told_s == 0.0):
            self._told_s = status.elapsed_s
            self.say(f"step {status.step}/{status.total_steps}: {facts}")


def curve(values: list[float]) -> str:
    """A line of little bars; of a long series every so manieth value, the newest always."""
    if len(values) < 2:
        return ""
    every = -(-len(values) // _CURVE_WIDTH)
    return "".join(sparklines(values[::-1][::every][::-1], minimum=0.0))
