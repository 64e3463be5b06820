"""`livedouble shoot`: film the virtual actor."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import JsonOption, check_can_write, clock, out, progress, write_json


def shoot(
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="The data set's folder; made if need be.")],
    minutes: Annotated[
        float, typer.Option(min=0.1, max=60, help="Of training footage; validation shots come on top.")
    ] = 5.0,
    seed: Annotated[int, typer.Option(min=0, help="Of every performance: the same seed films the same shots.")] = 1,
    actor: Annotated[str, typer.Option(help="Which virtual actor.")] = "demo",
    colour: Annotated[
        bool, typer.Option("--colour", help="Film in colour; by default monochrome, as the paper.")
    ] = False,
    processes: Annotated[int | None, typer.Option(min=1, help="Renderers side by side; by default all cores.")] = None,
    json_file: JsonOption = None,
) -> None:
    """Film the virtual actor: movies with the exact mesh of every frame, in the paper's four parts and a later session.

    A shoot that was stopped or killed goes on where it was when the same command is given again.

    Example: livedouble shoot --minutes 5 --seed 1 --out data/demo
    """
    if json_file is not None:
        check_can_write(json_file)
    from training.shoot import plan_shoot
    from training.shoot import shoot as film

    total = sum(plan.num_frames for plan in plan_shoot(minutes, seed, not colour))
    num_processes = processes or os.cpu_count() or 1
    started_s = time.perf_counter()
    with progress("filming", total) as advance:
        data = film(folder, actor, minutes, seed, num_processes=num_processes, progress=advance, is_gray=not colour)
    elapsed_s = time.perf_counter() - started_s
    frames = sum(shot.facts.num_frames for shot in data.shots)
    size_mb = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
    out.print(f"{frames} frames in {len(data.shots)} shots, {size_mb:.0f} MB, {clock(elapsed_s)}.", soft_wrap=True)
    out.print(f"Next: livedouble train {folder} --out RUN", soft_wrap=True)
    if json_file is not None:
        report = {
            "frames": frames,
            "shots": [shot.facts.name for shot in data.shots],
            "size_mb": round(size_mb, 1),
            "elapsed_s": round(elapsed_s, 1),
            "seed": seed,
            "actor": actor,
        }
        write_json(json_file, report)
