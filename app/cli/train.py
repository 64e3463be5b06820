"""`livedouble train`: an actor's network from a data set."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn

from app.cli.console import JsonOption, check_can_write, clock, err, out, write_json

if TYPE_CHECKING:
    from training.loop import Status


class DeviceName(StrEnum):
    """What computes the training."""

    CPU = "cpu"
    CUDA = "cuda"


def train(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="The data set: a folder of shots with its manifest.")],
    run: Annotated[Path, typer.Option("--out", metavar="RUN", help="The training's folder; made if need be.")],
    epochs: Annotated[float | None, typer.Option(help="Passes over the training frames; the paper's 200.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Be done after this long, the ramps planned to fit.")] = None,
    frames: Annotated[int | None, typer.Option(help="Train on this many frames, spread evenly over the shots.")] = None,
    batch: Annotated[int | None, typer.Option(help="Frames a step; the paper's 50.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Adam's step at the end of its ramp-up.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the weights, the order and the augmentation.")] = None,
    device: Annotated[DeviceName, typer.Option(help="What computes.")] = DeviceName.CPU,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all cores.")] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where decoded crops are kept; by default DIR/.crops.")
    ] = None,
    json: JsonOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the settings and stop.")] = False,
) -> None:
    """Train an actor's network on a data set.

    A training that was stopped or killed goes on where it was when the same command is given again.

    Example: livedouble train data/demo --out runs/demo --minutes 60
    """
    if json is not None:
        check_can_write(json)
    from engine.shots import DataSet
    from training.config import TrainConfig

    asked = {
        "epochs": epochs,
        "minutes": minutes,
        "num_frames": frames,
        "batch_size": batch,
        "learning_rate": learning_rate,
        "seed": seed,
    }
    config = TrainConfig(**{name: value for name, value in asked.items() if value is not None})
    dataset = DataSet.open(data)
    if dry_run:
        out.print("\n".join(config.lines()), soft_wrap=True)
        return

    from training.device import choose_compute
    from training.loop import Watch
    from training.loop import train as train_network

    compute = choose_compute(device.value, threads)
    with _stop_on_interrupt() as interrupt, _Screen(interrupt) as screen:
        watch = Watch(screen.say, screen.decoding, screen.stepped, interrupt.was_asked)
        outcome = train_network(dataset, config, run, compute, cache or data / ".crops", watch)
    state = outcome.state
    if json is not None:
        write_json(
            json, {"run": str(run), "is_finished": outcome.is_finished, "machine": compute.words, **asdict(state)}
        )
    if not outcome.is_finished:
        err.print(f"Saved at step {state.step} of {state.total_steps}. The same command goes on from there.")
        raise typer.Exit(130)
    out.print(
        f"Trained {state.step} steps in {clock(state.elapsed_s)}: {state.best_rmse_mm:.3f} mm on validation"
        f" (step {state.best_step}). Next: livedouble export {run} --out ACTOR",
        soft_wrap=True,
    )


class _Interrupt:
    """Whether the user has asked to stop."""

    def __init__(self) -> None:
        self._is_asked = False

    def ask(self, _signal: int, _frame: FrameType | None) -> None:
        """The signal handler: the first time politely, the second at once."""
        if self._is_asked:
            raise KeyboardInterrupt
        self._is_asked = True
        # Not through the console: a signal may come in the middle of its own printing.
        os.write(err.file.fileno(), b"\nSaving after this step; press Ctrl+C again to leave at once.\n")

    def was_asked(self) -> bool:
        """Whether to stop."""
        return self._is_asked


@contextmanager
def _stop_on_interrupt() -> Iterator[_Interrupt]:
    interrupt = _Interrupt()
    before = {number: signal.signal(number, interrupt.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Screen:
    """A bar on a terminal; in a log a line a minute.

    Args:
        interrupt: Ends decoding at once: there is nothing to save yet.
    """

    def __init__(self, interrupt: _Interrupt) -> None:
        self._interrupt = interrupt
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[facts]}"), console=err
        )
        self._task = self._bar.add_task("reading", total=None, facts="")
        self._told_s = 0.0
        self._told_rmse_mm: float | None = None

    def __enter__(self) -> "_Screen":
        if err.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if err.is_terminal:  # stopping what never ran would print an empty line
            self._bar.stop()

    def say(self, line: str) -> None:
        """A line that stays."""
        err.print(line, soft_wrap=True)

    def decoding(self, shot: str, done: int, total: int) -> None:
        """One more frame of a movie decoded."""
        if self._interrupt.was_asked():
            raise KeyboardInterrupt
        self._bar.update(self._task, description=f"decoding {shot}", completed=done, total=total)
        if done == total:
            self.say(f"Decoded {shot}: {total} frames.")

    def stepped(self, status: "Status") -> None:
        """One more step."""
        validated = "" if status.validation_rmse_mm is None else f", validation {status.validation_rmse_mm:.3f} mm"
        facts = (
            f"epoch {status.epoch:.2f}, loss {status.loss_cm2:.5f} cm2{validated},"
            f" {status.samples_per_s:.1f} samples/s, {clock(status.left_s)} left"
        )
        self._bar.update(
            self._task, description="training", completed=status.step, total=status.total_steps, facts=facts
        )
        is_news = status.validation_rmse_mm != self._told_rmse_mm or status.elapsed_s - self._told_s >= 60.0
        if is_news or (not err.is_terminal and self._told_s == 0.0):
            self._told_s, self._told_rmse_mm = status.elapsed_s, status.validation_rmse_mm
            if not err.is_terminal or is_news:
                self.say(f"step {status.step}/{status.total_steps}: {facts}")
