"""`livedouble export`: a training run becomes an actor."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import JsonOption, UsageError, check_can_write, check_is_new, out, progress, write_json
from app.cli.quantise import quantise_and_tell

if TYPE_CHECKING:
    from engine.shots import DataSet
    from export.network.actor import Export
    from training.checkpoint import Checkpoint
    from training.device import Compute

_CLIP_CRF = 24  # x264: 10 seconds of a 1200x1600 camera in 2 MB


class WeightsName(StrEnum):
    """How the network's weights are stored; the computation is float32."""

    FLOAT16 = "float16"
    FLOAT32 = "float32"


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The folder of a training.")],
    actor: Annotated[Path, typer.Option("--out", metavar="ACTOR", help="The actor's folder.")],
    name: Annotated[str | None, typer.Option(help="The actor's name; by default the data set's.")] = None,
    data: Annotated[Path | None, typer.Option(metavar="DIR", help="The data set trained on, if it has moved.")] = None,
    measure: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Measure it on this data set's validation shots: the actor, filmed otherwise."
        ),
    ] = None,
    last: Annotated[bool, typer.Option("--last", help="Take the newest checkpoint rather than the best.")] = False,
    weights: Annotated[WeightsName, typer.Option(help="How weights are stored.")] = WeightsName.FLOAT16,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an actor that lies there.")] = False,
    self_stabilised: Annotated[
        bool,
        typer.Option(
            "--self-stabilised", help="Also learn where the head is, and hold it still: of a training that saw it move."
        ),
    ] = False,
    int8: Annotated[
        bool,
        typer.Option("--int8", help="Also add the network in 8 bits, if it solves as well: `livedouble quantise`."),
    ] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all cores.")] = None,
    cache: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where decoded crops are kept; by default DIR/.crops.")
    ] = None,
    clip: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Also cut a short clip of a validation shot, with its meshes.")
    ] = None,
    clip_frames: Annotated[int, typer.Option(min=1, help="Length of the clip.")] = 300,
    json: JsonOption = None,
) -> None:
    """Turn a training run into an actor that runs anywhere.

    The exported network is compared with the trained one on real crops and measured on every validation frame. With
    --self-stabilised a small network learns from dlib's 68 points where the head is (minutes, once a training). With
    --int8 the actor is written even if its network does not bear 8 bits, but the command then fails and says why.

    Example: livedouble export runs/demo --out actors/demo
    """
    if json is not None:
        check_can_write(json)
    if clip is not None:
        check_is_new(clip)
    if name is not None and not name.strip():
        raise UsageError("The actor's name is empty.", "Give a name, or leave --name out.")
    from engine.shots import DataSet
    from export.network.actor import check_data, check_place, export_actor
    from export.network.clip import cut_clip
    from training.checkpoint import BEST_FILE, LAST_FILE, Checkpoint
    from training.device import choose_compute

    checkpoint = Checkpoint.load(run / (LAST_FILE if last else BEST_FILE))
    dataset = DataSet.open(data or Path(checkpoint.facts.data))
    measured_on = dataset if measure is None else DataSet.open(measure)
    compute = choose_compute("cpu", threads)
    if self_stabilised:
        check_data(checkpoint, dataset)  # before anything long
        check_place(actor, replace)
        checkpoint = _held_still(checkpoint, dataset, run, compute)
    num_frames = sum(shot.facts.num_frames for shot in measured_on.validation)
    with progress("measuring", num_frames) as advance:
        exported = export_actor(
            checkpoint,
            dataset,
            actor,
            cache or measured_on.folder / ".crops",
            name=name or dataset.actor,
            measured_on=measured_on,
            weights=weights.value,
            may_replace=replace,
            progress=advance,
        )
    _tell(actor, exported)
    if clip is not None:
        cut = cut_clip(dataset.validation[0], clip, clip_frames, first_frame=0, crf=_CLIP_CRF)
        size_mb = sum(path.stat().st_size for path in clip.iterdir()) / 1e6
        out.print(f"{clip}: {cut.facts.num_frames} frames, {size_mb:.1f} MB.", soft_wrap=True)
    if int8:
        quantise_and_tell(exported.folder, dataset, cache or dataset.folder / ".crops")
    if json is not None:
        measured = {"disagreement_mm": exported.disagreement_mm, **exported.evaluation.metrics()}
        write_json(json, {"actor": str(actor), "bytes": exported.num_bytes, **measured})


def _held_still(checkpoint: "Checkpoint", data: "DataSet", run: Path, compute: "Compute") -> "Checkpoint":
    from app.cli.train_screen import Screen, stop_on_interrupt
    from training.head_finder import held_still
    from training.watch import Watch

    with stop_on_interrupt() as interrupt, Screen(interrupt) as screen:
        watch = Watch(screen.say, screen.preparing, screen.stepped, interrupt.was_asked)
        return held_still(checkpoint, data, run, compute, watch)


def _tell(actor: Path, exported: "Export") -> None:
    from engine.bundle import PICTURES_FILE

    evaluation = exported.evaluation
    out.print(
        f"{actor}: {exported.num_bytes / 1e6:.1f} MB, at most {exported.disagreement_mm:.4f} mm from the trained one;"
        f" {evaluation.rmse_mm:.3f} mm on {evaluation.num_frames} validation frames"
        f" (a face that never moves: {evaluation.mean_face_rmse_mm:.3f} mm).",
        soft_wrap=True,
    )
    if (actor / PICTURES_FILE).is_file():
        pictures_mb = (actor / PICTURES_FILE).stat().st_size / 1e6
        out.print(f"{pictures_mb:.1f} MB of it are the pictures' components, in float16.", soft_wrap=True)
