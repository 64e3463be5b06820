"""`livedouble export`: a training run becomes an actor."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.console import JsonOption, check_can_write, out, progress, write_json


class WeightsName(StrEnum):
    """How the network's weights are stored; the computation is float32."""

    FLOAT16 = "float16"
    FLOAT32 = "float32"


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training.")],
    actor: Annotated[Path, typer.Option("--out", metavar="ACTOR", help="The actor's folder.")],
    name: Annotated[str | None, typer.Option(help="The actor's name; by default the data set's.")] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data set trained on, if it has moved.")] = None,
    last: Annotated[bool, typer.Option("--last", help="Take the newest checkpoint rather than the best.")] = False,
    weights: Annotated[WeightsName, typer.Option(help="How weights are stored.")] = WeightsName.FLOAT16,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an actor that lies there.")] = False,
    threads: Annotated[int | None, typer.Option(help="Processor threads; by default all cores.")] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where decoded crops are kept; by default DIR/.crops.")
    ] = None,
    json: JsonOption = None,
) -> None:
    """Turn a training run into an actor that runs anywhere.

    The exported network is compared with the trained one on real crops and measured on every validation frame.

    Example: livedouble export runs/demo --out actors/demo
    """
    if json is not None:
        check_can_write(json)
    from engine.shots import DataSet
    from export.network.actor import export_actor
    from training.checkpoint import BEST_FILE, LAST_FILE, Checkpoint
    from training.device import choose_compute

    checkpoint = Checkpoint.load(run / (LAST_FILE if last else BEST_FILE))
    dataset = DataSet.open(data or Path(checkpoint.facts.data))
    choose_compute("cpu", threads)
    num_frames = sum(shot.facts.num_frames for shot in dataset.validation)
    with progress("measuring", num_frames) as advance:
        exported = export_actor(
            checkpoint,
            dataset,
            actor,
            cache or dataset.folder / ".crops",
            name=name or dataset.actor,
            weights=weights.value,
            may_replace=replace,
            progress=advance,
        )
    evaluation = exported.evaluation
    out.print(
        f"{actor}: {exported.num_bytes / 1e6:.1f} MB, at most {exported.disagreement_mm:.4f} mm from the trained one;"
        f" {evaluation.rmse_mm:.3f} mm on {evaluation.num_frames} validation frames"
        f" (a face that never moves: {evaluation.mean_face_rmse_mm:.3f} mm).",
        soft_wrap=True,
    )
    if json is not None:
        write_json(
            json,
            {
                "actor": str(actor),
                "bytes": exported.num_bytes,
                "disagreement_mm": exported.disagreement_mm,
                **evaluation.metrics(),
            },
        )
