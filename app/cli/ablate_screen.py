"""What a running grid of trainings shows: a bar with the time left over all of them, or a line now and then."""

import time

from rich.progress import BarColumn, Progress, TextColumn

from app.cli.console import clock, err
from app.cli.train_screen import Interrupt
from training.ablation.results import Result
from training.ablation.run import Standing

_LINE_S = 60.0  # between two lines of a log


class GridScreen:
    """A bar on a terminal; in a log a line a minute and one for each finished training.

    Args:
        interrupt: Ends decoding at once: there is nothing to save yet.
    """

    def __init__(self, interrupt: Interrupt) -> None:
        self._interrupt = interrupt
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[facts]}"), console=err
        )
        self._task = self._bar.add_task("reading", total=None, facts="")
        self._told_s = time.monotonic()

    def __enter__(self) -> "GridScreen":
        if err.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if err.is_terminal:
            self._bar.stop()

    def say(self, line: str) -> None:
        """A line that stays."""
        err.print(line, soft_wrap=True)

    def decoding(self, shot: str, done: int, total: int) -> None:
        """One more frame of a movie decoded."""
        if self._interrupt.was_asked():
            raise KeyboardInterrupt
        if done == total:
            self.say(f"Decoded {shot}: {total} frames.")

    def stepped(self, standing: Standing) -> None:
        """A loss was read."""
        status = standing.status
        done = standing.num_done + status.step / max(1, status.total_steps)
        facts = (
            f"{standing.run.name}, step {status.step}/{status.total_steps}, loss {status.loss_cm2:.5f} cm2,"
            f" {status.samples_per_s:.0f} samples/s, about {clock(standing.left_s)} left of all"
        )
        description = f"training {standing.num_done + 1} of {standing.num_runs}"
        self._bar.update(self._task, description=description, completed=done, total=standing.num_runs, facts=facts)
        if not err.is_terminal and time.monotonic() - self._told_s >= _LINE_S:
            self._told_s = time.monotonic()
            self.say(f"{description}: {facts}")

    def finished(self, result: Result, num_waiting: int) -> None:
        """A training was measured."""
        waiting = f"{num_waiting} to go" if num_waiting else "the last"
        self.say(f"{result.cell}, seed {result.seed}: {result.rmse_mm:.3f} mm ({waiting}).")
