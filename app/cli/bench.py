"""`livedouble bench`: frames per second and latency on this machine, beside the paper's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from app.cli.console import (
    ActorOption,
    BackendOption,
    JsonOption,
    PrecisionOption,
    UsageError,
    actor_folder,
    check_can_write,
    clock,
    err,
    out,
    write_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.bench import BenchProgress, BenchReport


def bench(
    actor: ActorOption = "demo",
    batch: Annotated[str, typer.Option(metavar="N,N", help="Frames solved together, one figure for each.")] = "1,200",
    sweep: Annotated[bool, typer.Option("--sweep", help="Many batches from 1 to 200, in place of --batch.")] = False,
    backend: BackendOption = None,
    precision: PrecisionOption = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Of the runtimes; by default all cores.")] = None,
    seconds: Annotated[float, typer.Option(min=0.0, help="How long to repeat each measurement.")] = 3.0,
    cold_start: Annotated[
        bool, typer.Option("--cold-start/--no-cold-start", help="Also time new processes to their first frame.")
    ] = True,
    json_file: JsonOption = None,
) -> None:
    """Measure frames per second and latency on this machine: Table 1 of the paper, for what runs here.

    Without --backend and --precision everything that runs here is measured. Let nothing else run meanwhile.

    Example: livedouble bench --actor demo --batch 1,200 --json bench.json
    """
    from engine.bench import SWEEP, run_bench
    from engine.bundle import ActorBundle

    batches = SWEEP if sweep else parse_batches(batch)
    if json_file is not None:
        check_can_write(json_file)
    bundle = ActorBundle.open(actor_folder(actor))
    with _bar() as progress:
        report = run_bench(
            bundle,
            batches,
            backend and backend.value,
            precision and precision.value,
            num_threads=threads,
            seconds_per_result=seconds,
            has_cold_start=cold_start,
            progress=progress,
        )
    _tell(report)
    if json_file is not None:
        write_json(json_file, report.to_json())


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

        def show(at: "BenchProgress") -> None:
            left = "" if at.left_s is None else f"{clock(at.left_s)} left"
            bar.update(task_id, description=at.step, completed=at.done, total=at.total, left=left)
            if not err.is_terminal:
                err.print(f"{at.done + 1}/{at.total} {at.step} {left}".rstrip(), soft_wrap=True)

        yield show


def _tell(report: "BenchReport") -> None:
    paper, machine = report.paper, report.machine
    in_paper = {1: f"{paper.online_fps:g}", paper.batch: f"{paper.batched_fps:g}"}
    table = _table("Network alone: crops in, vertices out", "batch", "paper")
    for one in report.results:
        figures = (f"{one.fps:.1f}", f"{one.p50_ms:.1f}", f"{one.p95_ms:.1f}", f"{one.p99_ms:.1f}")
        table.add_row(f"{one.backend} {one.precision}", str(one.batch), *figures, in_paper.get(one.batch, ""))
    out.print(table)
    out.print(f"paper: frames/s of {paper.source}, {paper.gpu}\n", soft_wrap=True)

    table = _table("Camera picture in, vertices out, one at a time", "picture", "crop ms")
    for line in report.lines:
        figures = (f"{line.fps:.1f}", f"{line.p50_ms:.1f}", f"{line.p95_ms:.1f}", f"{line.p99_ms:.1f}")
        table.add_row(f"{line.backend} {line.precision}", line.picture, *figures, f"{line.crop_p50_ms:.1f}")
    out.print(table)
    out.print()
    for start in report.cold_starts:
        out.print(
            f"{start.backend} {start.precision}: {start.first_frame_ms:.0f} ms from a new process to its first mesh"
        )
    for left_out in report.left_out:
        out.print(f"not measured: {escape(left_out)}", soft_wrap=True)
    out.print(
        f"{escape(machine.processor)}, {report.num_threads} threads; {report.actor},"
        f" {report.num_vertices:,} vertices, {report.num_parameters / 1e6:.1f} M parameters; {report.created}",
        soft_wrap=True,
    )


def _table(title: str, second: str, last: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column(second, justify="right", no_wrap=True)
    for name in ("frames/s", "p50 ms", "p95 ms", "p99 ms", last):
        table.add_column(name, justify="right")
    return table
