"""`livedouble evaluate`: an actor's error on shots it has never seen."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from app.cli.console import (
    BackendOption,
    JsonOption,
    PrecisionOption,
    actor_folder,
    check_can_write,
    out,
    progress,
    write_json,
)

if TYPE_CHECKING:
    from training.evaluate import Evaluation, Part


def evaluate(
    actor: Annotated[
        str, typer.Argument(metavar="ACTOR", help="An actor's folder, `demo`, or the folder of a training.")
    ],
    data: Annotated[Path, typer.Argument(metavar="DIR", help="The data set; its validation shots are measured.")],
    frames: Annotated[int | None, typer.Option(min=1, help="Measure at most this many, spread over the shots.")] = None,
    backend: BackendOption = None,
    precision: PrecisionOption = None,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads.")] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where decoded crops are kept; by default DIR/.crops.")
    ] = None,
    json: JsonOption = None,
) -> None:
    """Measure an actor against a data set's validation shots.

    The error is the paper's: the root of the mean squared distance of the animated vertices, in millimetres.

    Example: livedouble evaluate actors/demo data/demo --json evaluation.json
    """
    if json is not None:
        check_can_write(json)
    from engine.shots import DataSet
    from training.judge import open_judge

    folder = actor_folder(actor)
    dataset = DataSet.open(data)
    name = None if backend is None else backend.value
    with open_judge(folder, name, None if precision is None else precision.value, threads) as judge:
        choice = judge.frames(dataset, frames, cache or data / ".crops")
        with progress("measuring", len(choice)) as advance:
            evaluation = judge.measure(choice, dataset.topology, advance)
        words = judge.words
    _show(evaluation, f"{folder.name} on {dataset.folder.name}, {words}")
    if json is not None:
        write_json(json, {"actor": str(folder), "data": str(data), "backend": words, **asdict(evaluation)})


def _show(evaluation: "Evaluation", title: str) -> None:
    out.print(title, soft_wrap=True)
    table = Table()
    for heading in ("over", "vertices", "frames", "RMSE mm", "mean face mm", "part of it"):
        table.add_column(heading, justify="left" if heading == "over" else "right")
    for part in (*evaluation.regions, *evaluation.shots):
        table.add_row(*_row(part), end_section=part == evaluation.regions[-1])
    out.print(table)
    out.print(
        f"RMSE {evaluation.rmse_mm:.3f} mm, mean {evaluation.mean_mm:.3f}, 95 % below {evaluation.p95_mm:.3f},"
        f" worst vertex {evaluation.max_mm:.2f}; a face that never moves {evaluation.mean_face_rmse_mm:.3f} mm.",
        soft_wrap=True,
    )


def _row(part: "Part") -> tuple[str, ...]:
    ratio = f"{part.rmse_mm / part.mean_face_rmse_mm:.2f}" if part.mean_face_rmse_mm > 0 else "-"
    figures = f"{part.rmse_mm:.3f}", f"{part.mean_face_rmse_mm:.3f}", ratio
    return part.name, str(part.num_vertices), str(part.num_frames), *figures
