"""What every command shares: option types, a progress bar with time left, and JSON for machines.

Rule: results go to stdout, everything else (progress, errors) to stderr, so a result can be piped.
"""

import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from engine.disk import not_written
from engine.errors import ActorError, LiveDoubleError, StorageError
from engine.exit_codes import EXIT_INTERRUPTED
from engine.frames import CropRect

DEMO_FOLDER = Path(__file__).resolve().parent.parent / "demo"
DEMO_ACTOR = DEMO_FOLDER / "actor"
DEMO_CLIP = DEMO_FOLDER / "clip"
STDOUT = Path("-")
LOG_INTERVAL_S = 5.0  # between two lines of progress where there is no terminal


class Printer(Console):
    """Prints for people; when nobody reads any more (`| head -1`), the lines are lost and the work goes on."""

    def on_broken_pipe(self) -> None:
        """Let this stream lead nowhere; rich would end the process here."""
        self.quiet = True
        nowhere = os.open(os.devnull, os.O_WRONLY)  # for what still waits in the stream
        os.dup2(nowhere, self.file.fileno())
        os.close(nowhere)


out = Printer(highlight=False)
err = Printer(stderr=True, highlight=False)


class BackendName(StrEnum):
    """What runs the network."""

    ONNXRUNTIME = "onnxruntime"
    OPENVINO = "openvino"
    CUDA = "cuda"
    TENSORRT = "tensorrt"


class PrecisionName(StrEnum):
    """What the network's inner layers compute in; its output is float32 centimetres always."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    INT8 = "int8"


ActorOption = Annotated[
    str,
    typer.Option("--actor", metavar="DIR", help="The actor's folder; `demo` is the one that comes along."),
]
BackendOption = Annotated[
    BackendName | None,
    typer.Option("--backend", help="What runs the network; by default the fastest that works here."),
]
PrecisionOption = Annotated[
    PrecisionName | None,
    typer.Option("--precision", help="By default the backend's fastest good one; int8 only by name."),
]
JsonOption = Annotated[Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures to this file.")]


class UsageError(LiveDoubleError):
    """A value given on the command line is not what it must be."""


def parse_crop(text: str) -> CropRect:
    """A crop as people write it, `x,y,width,height` in camera pixels.

    Raises:
        UsageError: It is not four whole numbers, or the size is not positive.
    """
    try:
        x, y, width, height = (int(number) for number in text.split(","))
        return CropRect(x, y, width, height)
    except ValueError as error:
        raise UsageError(
            f"'{text}' is not a crop.", "Give four whole numbers x,y,width,height, for example 150,200,900,1200."
        ) from error


def actor_folder(name: str) -> Path:
    """The folder of an actor named on the command line.

    Raises:
        ActorError: The bundled actor was asked for and this installation has none.
    """
    if name != "demo":
        return Path(name)
    if not DEMO_ACTOR.is_dir():
        raise ActorError(
            f"This installation has no demo actor: {DEMO_ACTOR} is missing.",
            "Install LiveDouble again from a whole copy, or give your own actor's folder with --actor.",
        )
    return DEMO_ACTOR


def write_json(path: Path, report: Mapping[str, Any] | list[Any] | object) -> None:
    """Write a report for machines: a mapping, a list, or a dataclass of plain values.

    A file appears whole or not at all; a device or a link such as /dev/stdout is written through, and `-` is the
    standard output.

    Raises:
        StorageError: The folder does not exist, or the disk is full.
    """
    values = report if isinstance(report, Mapping | list) else asdict(report)  # type: ignore[call-overload]
    text = json.dumps(values, indent=2) + "\n"
    if path == STDOUT:
        out.out(text, end="", highlight=False)
        return
    is_special = path.is_symlink() or (path.exists() and not path.is_file())
    target = path if is_special else path.with_name(path.name + ".partial")
    try:
        target.write_text(text, "utf-8")
        if not is_special:
            target.replace(path)
    except OSError as error:
        if not is_special:
            target.unlink(missing_ok=True)
        raise not_written(path, error) from error


def check_can_write(path: Path) -> None:
    """Refuse a place for a result before the long work starts rather than after it.

    Raises:
        StorageError: Its folder does not exist, or it is itself a folder.
    """
    if path.is_dir():
        raise StorageError(f"{path} is a folder, a file was expected.", "Give a file name inside it.")
    if not path.parent.is_dir():
        raise StorageError(f"There is no folder {path.parent} for {path.name}.", "Make it, or choose another.")


def check_results(source: Path | None, *results: Path | None) -> None:
    """Refuse places for results that cannot work, or that would overwrite what is read.

    Raises:
        StorageError: A folder does not exist, or a result is the source.
    """
    for path in results:
        if path is None:
            continue
        check_can_write(path)
        if source is not None and path.exists() and source.exists() and path.samefile(source):
            raise StorageError(f"{path} is what is being read.", "Give the result another name.")


def check_is_new(folder: Path, recovery: str = "Choose a new folder, or remove it first.") -> None:
    """Refuse a place for a new folder before the long work starts rather than after it.

    Raises:
        StorageError: Something lies there.
    """
    if folder.exists():
        raise StorageError(f"{folder} exists already.", recovery)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """Take a request to end (SIGTERM, as `kill` and job schedulers send it) as Ctrl+C; for the main thread."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def resumable() -> Iterator[None]:
    """Around work whose finished parts are kept: who interrupts it is told that the same command goes on.

    For the main thread; a request to end (SIGTERM) is taken as Ctrl+C.
    """
    with ended_in_order():
        try:
            yield
        except KeyboardInterrupt:
            err.print("What is finished is kept. The same command goes on from there.")
            raise typer.Exit(EXIT_INTERRUPTED) from None


@contextmanager
def progress(task: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Show how far long work is and the time it still takes; yields a function to advance by n.

    On a terminal a bar; elsewhere (a log, a pipe) a line every ten per cent, and none for what is soon done.

    Args:
        task: What is being done, a few words.
        total: How many steps there are; None where nobody knows.
    """
    if err.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=err, transient=True) as bar:
            task_id = bar.add_task(task, total=total)
            yield lambda steps: bar.advance(task_id, steps)
    else:
        yield _ProgressLines(task, total)


class _ProgressLines:
    """A line at every tenth of the way, with the time left."""

    def __init__(self, task: str, total: int | None) -> None:
        self._task, self._total = task, total
        self._done, self._tenths = 0, 0
        self._found: int | None = None  # what the first call tells may have been done before
        self._started_s = self._spoke_s = time.perf_counter()

    def __call__(self, steps: int) -> None:
        self._done += steps
        if not self._total:
            return
        tenths, now_s = 10 * self._done // self._total, time.perf_counter()
        if self._found is None:
            self._found, self._started_s = self._done, now_s
        elif self._done > self._found and tenths > self._tenths and now_s - self._spoke_s >= LOG_INTERVAL_S:
            self._tenths, self._spoke_s = tenths, now_s
            left_s = (now_s - self._started_s) * (self._total - self._done) / (self._done - self._found)
            err.print(f"{self._task}: {self._done}/{self._total}, {clock(left_s)} left", soft_wrap=True)


def clock(seconds: float) -> str:
    """A duration as people read it: 4 s, 3:20, 1:02:03."""
    whole = round(max(seconds, 0.0))
    if whole < 60:
        return f"{whole} s"
    minutes, rest_s = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest_s:02}" if hours else f"{minutes}:{rest_s:02}"
