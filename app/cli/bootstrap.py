"""`livedouble bootstrap`: a double of a real person from one clip, in one command."""

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.bootstrap_stages import Stage, Stages
from app.cli.bootstrap_steps import (
    ArkitOption,
    ClipsArgument,
    ModelOption,
    in_steps,
    teach_to_find_the_head,
    tell_left_out,
    track_all,
)
from app.cli.console import (
    JsonOption,
    UsageError,
    actor_folder,
    check_can_write,
    check_is_new,
    err,
    progress,
    resumable,
)
from app.cli.train_settings import DeviceName
from engine.exit_codes import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from engine.shots import DataSet
    from training.bootstrap.work import Work


def bootstrap(
    clips: ClipsArgument,
    actor: Annotated[Path, typer.Option("--out", metavar="ACTOR", help="The double's folder.")],
    folder: Annotated[
        Path | None,
        typer.Option("--work", metavar="WORK", help="The working folder; by default ACTOR.work beside the double."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="The double's name; by default its folder's.")] = None,
    minutes: Annotated[
        float, typer.Option(min=0.1, help="Of training; the other steps come to twice the clip's length and 3 minutes.")
    ] = 20.0,
    batch: Annotated[int, typer.Option(min=1, help="Frames a step; few for short clips.")] = 16,
    small: Annotated[
        bool, typer.Option("--small", help="A quarter of the channels at 120x160: ten times as fast to train.")
    ] = False,
    arkit: ArkitOption = None,
    mediapipe_model: ModelOption = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace an actor that lies there.")] = False,
    device: Annotated[DeviceName, typer.Option(help="What computes the training.")] = DeviceName.CPU,
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads; by default all cores.")] = None,
    json: JsonOption = None,
) -> None:
    """Track, fit, train, export and measure: clips of one person before one camera become that person's double.

    A face tracker finds the face in every frame; a fit puts the mesh on it; our network learns to do the same by
    itself, faster and steadier. What was stopped goes on where it was when the same command is given again.
    Needs what `make install-trackers` brings. Nothing leaves this machine; ask the person first.

    Example: livedouble bootstrap me.mp4 --out actors/me
    """
    if json is not None:
        check_can_write(json)
    called = name or actor.name
    if not called.strip():
        raise UsageError("The double has no name.", "Give one with --name.")
    from app.cli.bootstrap_report import measure_and_tell
    from app.cli.train import run_training
    from app.cli.train_screen import stop_on_interrupt
    from engine.shots import DATASET_FILE, DataSet
    from training.bootstrap.recipe import recipe
    from training.bootstrap.work import RUN_FOLDER, Work, fit_work, write_data
    from training.device import choose_compute

    place = folder or actor.with_name(f"{actor.name}.work")
    may_replace = replace or _is_made_of(actor, place / RUN_FOLDER)
    if not may_replace:
        check_is_new(actor, "Choose a new folder with --out, or give --replace.")
    if device is DeviceName.CUDA:
        choose_compute(device.value, threads)  # refused now rather than after the fit
    work = Work.begin(place, clips)

    stages = _stages(work, minutes)

    with work.claimed(), resumable():
        # 1. What the host sees.
        _tell(stages.begin(Stage.TRACK))
        with stop_on_interrupt() as interrupt:
            if not track_all(work, arkit, mediapipe_model, interrupt.was_asked):
                err.print("Saved. The same command goes on from there.")
                raise typer.Exit(EXIT_INTERRUPTED)

        # 2. The mesh on it, the skin, the data set, and where the head is.
        _tell(stages.begin(Stage.FIT))
        with ExitStack() as stack:
            start = in_steps(stack)
            head, fits = fit_work(work, called, start)
            tell_left_out(work, fits)
            is_written = (work.data_folder / DATASET_FILE).is_file()
            data = DataSet.open(work.data_folder) if is_written else write_data(work, head, fits, start)
        teach_to_find_the_head(work, head, fits, data, threads)

        # 3. The network.
        _tell(stages.begin(Stage.TRAIN))
        config = recipe(minutes, batch, actor_folder("demo"), is_small=small)
        cache = data.folder / ".crops"
        run_training(data, config, work.run_folder, device, threads, True, cache, None, is_step=True)

        # 4. The actor.
        _tell(stages.begin(Stage.EXPORT))
        _export(work.run_folder, data, actor, called, may_replace)

        # 5. Is it as good as its host?
        _tell(stages.begin(Stage.MEASURE))
        measure_and_tell(work, head, fits, data, actor, mediapipe_model, threads, json)
    err.print(
        f"Try it: livedouble live --actor {actor}. The working folder {work.folder}, its report and"
        " overlay movie included, can be removed when you are content.",
        soft_wrap=True,
    )


def _stages(work: "Work", minutes: float) -> Stages:
    from engine.bundle import STABILISER_FILE
    from engine.shots import DATASET_FILE

    done = {
        Stage.TRACK: all(work.track_path(clip).is_file() for clip in work.clips),
        Stage.FIT: (work.data_folder / DATASET_FILE).is_file() and (work.run_folder / STABILISER_FILE).is_file(),
    }
    return Stages(sum(work.footage(clip).facts.num_frames for clip in work.clips), 60 * minutes, done)


def _tell(line: str) -> None:
    err.print(line, style="bold", soft_wrap=True)


def _is_made_of(actor: Path, run: Path) -> bool:
    """Whether an actor was made of this very training: the command goes on after it was stopped while it measured."""
    from engine.bundle import FACTS_FILE, ActorBundle
    from training.checkpoint import BEST_FILE, Checkpoint

    if not ((actor / FACTS_FILE).is_file() and (run / BEST_FILE).is_file()):
        return False
    facts, best = ActorBundle.open(actor).facts.training, Checkpoint.load(run / BEST_FILE)
    return (facts["data_checksum"], facts["steps"]) == (best.facts.data_checksum, best.state.step)


def _export(run: Path, data: "DataSet", actor: Path, name: str, may_replace: bool) -> None:
    from export.network.actor import export_actor
    from training.checkpoint import BEST_FILE, Checkpoint

    num_frames = sum(shot.facts.num_frames for shot in data.validation)
    with progress("exporting", num_frames) as advance:
        export_actor(
            Checkpoint.load(run / BEST_FILE), data, actor, data.folder / ".crops",
            name=name, may_replace=may_replace, progress=advance,
        )  # fmt: skip
