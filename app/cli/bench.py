"""`livedouble bench`: frames per second and latency on this machine, beside the paper's and other machines'."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from app.cli.console import (
    DEMO_ACTOR,
    DEMO_CLIP,
    ActorOption,
    BackendName,
    JsonOption,
    PrecisionName,
    UsageError,
    actor_folder,
    check_can_write,
    check_results,
    clock,
    ended_in_order,
    err,
    out,
    write_json,
)
from engine.exit_codes import EXIT_INTERRUPTED

_BATCHES = "1,200"
_NUM_FACES = 64  # of the bundled clip, to compare vertices on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np

    from engine.bench import BenchProgress
    from engine.bundle import ActorBundle


def bench(
    reports: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILES]", help="JSON files of other runs or machines; for --compare."),
    ] = None,
    actor: ActorOption = "demo",
    batch: Annotated[
        str | None, typer.Option(metavar="N,N", help="Frames solved together, one figure for each; by default 1,200.")
    ] = None,
    sweep: Annotated[bool, typer.Option("--sweep", help="Many batches from 1 to 512, in place of --batch.")] = False,
    backend: Annotated[
        BackendName | None, typer.Option("--backend", help="Measure this alone; by default all that runs here.")
    ] = None,
    precision: Annotated[
        PrecisionName | None,
        typer.Option("--precision", help="Measure this alone; by default all, int8 too where the actor has it."),
    ] = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the runtimes; by default all cores.")] = None,
    seconds: Annotated[float, typer.Option(min=0.0, help="How long to repeat each measurement.")] = 3.0,
    cold_start: Annotated[
        bool, typer.Option("--cold-start/--no-cold-start", help="Also time new processes to their first frame.")
    ] = True,
    json_file: JsonOption = None,
    html_file: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Also write a page with plots, all in one file.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Measure nothing: lay the reports of several JSON FILES over each other.")
    ] = False,
) -> None:
    """Measure frames per second and latency on this machine: Table 1 of the paper, for what runs here.

    Without --backend and --precision everything that runs here is measured, in rounds, beside plain ONNX Runtime and
    the machine's own matrix products. Let nothing else run meanwhile. Ctrl+C ends it early: what was measured is kept.

    Example: livedouble bench --actor demo --batch 1,200 --json bench.json --html bench.html

    Example: livedouble bench --compare laptop.json workstation.json --html both.html
    """
    from app.cli.bench_files import read_reports

    _check(reports or [], compare, json_file, html_file)
    if sweep and batch is not None:
        raise UsageError("--sweep has batches of its own.", "Leave --batch or --sweep out.")
    if compare:
        from app.cli.bench_table import show_compared

        told = read_reports(reports or [])
        show_compared(told)
        _write_page(told, html_file)
        return

    from app.cli.bench_table import show
    from engine.bench import SWEEP, run_bench
    from engine.bundle import ActorBundle

    batches = SWEEP if sweep else parse_batches(batch or _BATCHES)
    bundle = ActorBundle.open(actor_folder(actor))
    with ended_in_order(), _bar() as progress:
        report = run_bench(
            bundle,
            batches,
            backend and backend.value,
            precision and precision.value,
            num_threads=threads,
            seconds_per_result=seconds,
            has_cold_start=cold_start,
            faces=_demo_faces(bundle),
            command=shlex.join(["livedouble", *sys.argv[1:]]),
            progress=progress,
        )
    if json_file is not None:  # before anything is told: who reads the table may close it
        write_json(json_file, report.to_json())
    _write_page([report.to_json()], html_file)
    show(report)
    if not report.is_whole:
        raise typer.Exit(EXIT_INTERRUPTED)


def _demo_faces(bundle: "ActorBundle") -> "np.ndarray | None":
    """Crops of the bundled clip, [64, views, height, width] uint8; None where it is not there, or shows another."""
    from engine.backends.parity import crops_of_shot
    from engine.bundle import ActorBundle
    from engine.shots import Shot

    if not DEMO_ACTOR.is_dir() or ActorBundle.open(DEMO_ACTOR).checksum != bundle.checksum:
        return None
    return crops_of_shot(bundle, Shot.open(DEMO_CLIP), _NUM_FACES) if DEMO_CLIP.is_dir() else None


def _check(reports: list[Path], compare: bool, json_file: Path | None, html_file: Path | None) -> None:
    if compare and len(reports) < 2:
        raise UsageError(
            "--compare needs two reports at least.", "Give JSON files that `livedouble bench --json` wrote."
        )
    if compare and json_file is not None:
        raise UsageError("--compare measures nothing, so there is no --json to write.", "Leave --json out.")
    if reports and not compare:
        raise UsageError(f"{reports[0]} is given without --compare.", "Add --compare, or leave the file out.")
    if json_file is not None:
        check_can_write(json_file)
    for path in (None, *reports):
        check_results(path, html_file)


def _write_page(told: "Sequence[Mapping[str, Any]]", html_file: Path | None) -> None:
    if html_file is None:
        return
    from app.bench_page.page import write_page

    write_page(told, html_file)
    out.print(f"{html_file} written.", soft_wrap=True, markup=False)


def parse_batches(text: str) -> tuple[int, ...]:
    """Sizes of batches as people write them, `1,200`.

    Raises:
        UsageError: Not whole numbers from 1.
    """
    try:
        batches = tuple(int(number) for number in text.split(","))
    except ValueError:
        batches = (0,)
    if min(batches) < 1:
        raise UsageError(f"'{text}' is no list of batches.", "Give whole numbers from 1, for example --batch 1,200.")
    return batches


@contextmanager
def _bar() -> "Iterator[Callable[[BenchProgress], None]]":
    """Shows each step and the time left: a bar on a terminal, lines elsewhere."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[left]}"))
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task_id = bar.add_task("Measuring", left="")

        def show_step(at: "BenchProgress") -> None:
            left = "" if at.left_s is None else f"{clock(at.left_s)} left"
            bar.update(task_id, description=at.step, completed=at.done, total=at.total, left=left)
            if not err.is_terminal:
                err.print(f"{at.done + 1}/{at.total} {at.step} {left}".rstrip(), soft_wrap=True)

        yield show_step
