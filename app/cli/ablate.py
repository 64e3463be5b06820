"""`livedouble ablate`: what each part of the recipe is worth, on a data set of one's own."""

import shlex
import sys
from dataclasses import asdict, replace
from datetime import datetime
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import JsonOption, UsageError, check_can_write, err, out, write_json
from app.cli.train_settings import DeviceName
from engine.exit_codes import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from engine.shots import DataSet
    from training.ablation.grid import Grid
    from training.ablation.pages import Facts
    from training.ablation.results import Result
    from training.ablation.summary import Summary
    from training.config import TrainConfig

_STEPS = 2400  # of 50 frames: two minutes each at the 1,000 samples/s that small networks reach on two cores with AMX
_FRAMES = 600


class GroupName(StrEnum):
    """A part of the grid."""

    NETWORK = "network"
    STAGES = "stages"
    AUGMENTATION = "augmentation"
    BASIS = "basis"
    ALIGNMENT = "alignment"
    LOSS = "loss"
    FRAMES = "frames"


def ablate(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="The data set: a folder of shots with its manifest.")],
    folder: Annotated[
        Path, typer.Option("--out", metavar="GRID", help="Holds a folder for each training, and tables.")
    ],
    only: Annotated[
        list[GroupName] | None, typer.Option(metavar="GROUP", help="Only this part; may be given several times.")
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Trainings of each cell. The reference has three at least: they are the measure.")
    ] = 1,
    steps: Annotated[int | None, typer.Option(min=1, help="Of each training.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Frames a step; the paper's 50.")] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="The paper's size and epochs, instead of a quarter of the channels at 120x160."),
    ] = False,
    frames: Annotated[
        int | None, typer.Option(min=1, help="Measure on about this many validation frames: 600, with --full all.")
    ] = None,
    device: Annotated[DeviceName, typer.Option(help="What computes.")] = DeviceName.CPU,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all cores.")] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keeps decoded crops; by default DIR/.crops.")
    ] = None,
    json: JsonOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be trained, and stop.")] = False,
) -> None:
    """Train a grid of networks that differ in one thing each, and print what each thing is worth.

    Convolutional or fully connected, stabilised or not, augmented or not, other convolutions, each augmentation, fixed
    or trainable basis, further terms of the loss, number of frames. Every difference stands beside what another seed
    alone does. The same command goes on where it was stopped; what is finished is kept.

    Example: livedouble ablate data/demo --out runs/ablation --seeds 3
    """
    if json is not None:
        check_can_write(json)
    _check_libraries()
    from engine.shots import DataSet
    from training.ablation.grid import FULL, SMALL, grid

    dataset = DataSet.open(data)
    _check_roles(dataset)
    base = FULL if full else SMALL
    base = base if batch is None else replace(base, batch_size=batch)
    cells = grid(dataset, base, steps if steps or full else _STEPS)
    if only:
        cells = cells.only([group.value for group in only])
    if dry_run:
        _tell_plan(cells, seeds)
        return
    facts = _facts(dataset, base, full)
    num_measured = frames or (None if full else _FRAMES)
    summary = _run(dataset, cells, seeds, folder, (device, threads), cache or data / ".crops", num_measured, facts)
    from app.cli.ablate_table import show

    show(summary)
    if json is not None:
        write_json(json, {**asdict(facts), **asdict(summary)})
    if summary.num_waiting:
        err.print(f"Saved with {summary.num_waiting} trainings to go. The same command goes on from there.")
        raise typer.Exit(EXIT_INTERRUPTED)
    err.print(f"The table lies in {folder}: ablation.html, .md, .csv and .json.", soft_wrap=True)


def _run(
    data: "DataSet",
    cells: "Grid",
    num_seeds: int,
    folder: Path,
    machine: tuple[DeviceName, int | None],
    cache: Path,
    num_measured: int | None,
    facts: "Facts",
) -> "Summary":
    from app.cli.ablate_screen import GridScreen
    from app.cli.train_screen import stop_on_interrupt
    from training.ablation.pages import write_pages
    from training.ablation.run import Teller, ablate
    from training.device import choose_compute

    compute = choose_compute(machine[0].value, machine[1])
    with stop_on_interrupt() as interrupt, GridScreen(interrupt) as screen:

        def finished(result: "Result", summary: "Summary") -> None:
            screen.finished(result, summary.num_waiting)
            write_pages(folder, facts, summary)

        teller = Teller(screen.say, screen.preparing, screen.stepped, finished, interrupt.was_asked)
        summary = ablate(data, cells, num_seeds, folder, compute, cache, num_measured, teller)
    if summary.rows:
        write_pages(folder, facts, summary)
    return summary


def _check_libraries() -> None:
    """Refuse before the long work what could not be written after it."""
    try:
        import jinja2  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"The table needs {error.name}, which is not installed.", "Run: pip install 'livedouble[train]'."
        ) from error


def _check_roles(data: "DataSet") -> None:
    for role, shots in (("training", data.training), ("validation", data.validation)):
        if not shots:
            raise UsageError(f"The data set {data.folder} has no {role} shot.", "Give one that has.")


def _tell_plan(cells: "Grid", num_seeds: int) -> None:
    from training.ablation.grid import REFERENCE
    from training.ablation.run import plan_runs

    runs = plan_runs(cells, num_seeds)
    reference = cells.cells[0].config
    for cell in cells.cells:
        num_runs = sum(run.cell.name == cell.name for run in runs)
        changes = ", ".join(reference.differences(cell.config)) if cell.name != REFERENCE else "as `train`, but smaller"
        out.print(f"{cell.name} x {num_runs}: {changes}", soft_wrap=True)
    for one in cells.left_out:
        out.print(f"Without {one.words}: {one.reason}", style="dim", soft_wrap=True)
    out.print(f"{len(runs)} trainings.")


def _facts(data: "DataSet", base: "TrainConfig", is_full: bool) -> "Facts":
    from training.ablation.pages import Facts

    size = "the paper's network" if is_full else "networks with a quarter of the paper's channels"
    return Facts(
        actor=data.actor,
        data=str(data.folder),
        size=f"{size}, pictures of {base.input_width_px}x{base.input_height_px}, batches of {base.batch_size}",
        date=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        command=shlex.join(["livedouble", *sys.argv[1:]]),
        version=version("livedouble"),
    )
