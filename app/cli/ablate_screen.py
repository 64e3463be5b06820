"""What a running grid of trainings shows: a bar with the time left over all of them, or a line now and then."""

import time

from app.cli.console import clock, err
from app.cli.train_screen import LINE_S, BarScreen, Interrupt
from training.ablation.results import Result
from training.ablation.run import Standing


class GridScreen(BarScreen):
    """In a log a line a minute and one for each finished training."""

    def __init__(self, interrupt: Interrupt) -> None:
        super().__init__(interrupt)
        self._told_s = time.monotonic()

    def stepped(self, standing: Standing) -> None:
        """A loss was read."""
        status = standing.status
        done = standing.num_done + status.step / max(1, status.total_steps)
        facts = (
            f"{standing.run.name}, step {status.step}/{status.total_steps}, loss {status.loss_cm2:.5f} cm2,"
            f" {status.samples_per_s:.0f} samples/s, about {clock(standing.left_s)} left of all"
        )
        description = f"training {standing.num_done + 1} of {standing.num_runs}"
        self.show(description, done, standing.num_runs, facts)
        if not err.is_terminal and time.monotonic() - self._told_s >= LINE_S:
            self._told_s = time.monotonic()
            self.say(f"{description}: {facts}")

    def finished(self, result: Result, num_waiting: int) -> None:
        """A training was measured."""
        waiting = f"{num_waiting} to go" if num_waiting else "the last"
        self.say(f"{result.cell}, seed {result.seed}: {result.rmse_mm:.3f} mm ({waiting}).")
