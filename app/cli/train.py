"""`livedouble train`: an actor's network from a data set."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.console import JsonOption, actor_folder, check_can_write, clock, err, out, write_json
from app.cli.train_settings import AugmentName, DeviceName, NetworkName, StagesName, parse_regions, parse_views
from engine.exit_codes import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from engine.shots import DataSet
    from training.config import TrainConfig

_LENGTH, _NETWORK, _LOSS = "How long", "The network", "The loss"
_AUGMENTATION, _MACHINE = "Augmentation", "The machine"


def train(
    data: Annotated[Path, typer.Argument(metavar="DIR", help="The data set: a folder of shots with its manifest.")],
    run: Annotated[Path, typer.Option("--out", metavar="RUN", help="The training's folder; made if need be.")],
    # How long
    start_from: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ACTOR|RUN",
            rich_help_panel=_LENGTH,
            help="Begin with the weights of this actor or training instead of random ones.",
        ),
    ] = None,
    new_face: Annotated[
        bool,
        typer.Option(
            "--new-face",
            rich_help_panel=_LENGTH,
            help="With --from of another person: mean mesh and whitening stay the data's.",
        ),
    ] = False,
    epochs: Annotated[
        float | None, typer.Option(rich_help_panel=_LENGTH, help="Passes over the training frames; the paper's 200.")
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(rich_help_panel=_LENGTH, help="Be done after this long in all, the ramps planned to fit."),
    ] = None,
    frames: Annotated[
        int | None,
        typer.Option(rich_help_panel=_LENGTH, help="Train on this many frames, spread evenly over the shots."),
    ] = None,
    batch: Annotated[int | None, typer.Option(rich_help_panel=_LENGTH, help="Frames a step; the paper's 50.")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(rich_help_panel=_LENGTH, help="Adam's step at the end of its ramp-up.")
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(min=0, rich_help_panel=_LENGTH, help="Of the weights, the order and the augmentation."),
    ] = None,
    # The network
    network: Annotated[
        NetworkName, typer.Option(rich_help_panel=_NETWORK, help="The paper's, or that of its appendix B.")
    ] = NetworkName.CONVOLUTIONAL,
    stabilised: Annotated[
        bool | None,
        typer.Option(
            "--stabilised/--not-stabilised",
            rich_help_panel=_NETWORK,
            help="Turn and move pictures by 68 points of the face (appendix B); by default for fully-connected alone.",
        ),
    ] = None,
    self_stabilised: Annotated[
        bool,
        typer.Option(
            "--self-stabilised",
            rich_help_panel=_NETWORK,
            help="Likewise, by a small network of the actor's own that first learns from these points.",
        ),
    ] = False,
    stages: Annotated[
        StagesName, typer.Option(rich_help_panel=_NETWORK, help="The convolutions: the paper's, or as in section 5.1.")
    ] = StagesName.PAPER,
    small: Annotated[
        bool,
        typer.Option(
            "--small",
            rich_help_panel=_NETWORK,
            help="For a first look in minutes: a quarter of the channels on 120x160 pixels, as `ablate` compares.",
        ),
    ] = False,
    views: Annotated[
        str, typer.Option(rich_help_panel=_NETWORK, metavar="NAME,NAME", help="Cameras seen at the same time.")
    ] = "front",
    latents: Annotated[
        int | None, typer.Option(min=1, rich_help_panel=_NETWORK, help="Columns of the output basis; the paper's 160.")
    ] = None,
    variance: Annotated[
        float | None,
        typer.Option(rich_help_panel=_NETWORK, help="Or as many as hold this part of the meshes' variance, 0 to 1."),
    ] = None,
    fixed_basis: Annotated[
        bool, typer.Option("--fixed-basis", rich_help_panel=_NETWORK, help="Keep the principal components as they are.")
    ] = False,
    no_uncertainty: Annotated[
        bool, typer.Option("--no-uncertainty", rich_help_panel=_NETWORK, help="Do not foretell each vertex's error.")
    ] = False,
    # The loss
    normals: Annotated[
        float | None, typer.Option(rich_help_panel=_LOSS, help="Weight of the surface normals; 0 is off.")
    ] = None,
    velocity: Annotated[
        float | None, typer.Option(rich_help_panel=_LOSS, help="Weight of the motion from frame to frame.")
    ] = None,
    steadiness: Annotated[
        float | None,
        typer.Option(rich_help_panel=_LOSS, help="Weight of what trembles: two takes of a frame must give one face."),
    ] = None,
    contact: Annotated[
        float | None, typer.Option(rich_help_panel=_LOSS, help="Weight of the gap between lips and between lids.")
    ] = None,
    region: Annotated[
        list[str] | None,
        typer.Option(rich_help_panel=_LOSS, metavar="NAME=WEIGHT", help="How much a region counts; give it again."),
    ] = None,
    affine_invariant: Annotated[
        bool,
        typer.Option("--affine-invariant", rich_help_panel=_LOSS, help="Compare after an affine fit (appendix A)."),
    ] = False,
    align_shots: Annotated[
        bool,
        typer.Option(
            "--align-shots", rich_help_panel=_LOSS, help="First bring each shot to the rest pose (appendix A)."
        ),
    ] = False,
    # Augmentation
    augment: Annotated[
        AugmentName,
        typer.Option(rich_help_panel=_AUGMENTATION, help="Amounts: none, the same for all, or the data's own."),
    ] = AugmentName.MEASURED,
    noise: Annotated[
        float | None, typer.Option(rich_help_panel=_AUGMENTATION, help="Also noise, gray levels (hurt the paper).")
    ] = None,
    gamma: Annotated[
        float | None, typer.Option(rich_help_panel=_AUGMENTATION, help="Also gamma, 1 +- this (hurt the paper).")
    ] = None,
    perspective: Annotated[
        float | None,
        typer.Option(rich_help_panel=_AUGMENTATION, help="Also perspective, of the width (hurt the paper)."),
    ] = None,
    # The machine
    device: Annotated[DeviceName, typer.Option(rich_help_panel=_MACHINE, help="What computes.")] = DeviceName.CPU,
    threads: Annotated[
        int | None, typer.Option(min=1, rich_help_panel=_MACHINE, help="Processor threads; by default all cores.")
    ] = None,
    no_graph: Annotated[
        bool,
        typer.Option("--no-graph", rich_help_panel=_MACHINE, help="On a GPU, launch every step anew."),
    ] = False,
    cache: Annotated[
        Path | None,
        typer.Option(metavar="DIR", rich_help_panel=_MACHINE, help="Keeps decoded crops; by default DIR/.crops."),
    ] = None,
    # What to do
    json: JsonOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the settings and stop.")] = False,
    measure: Annotated[
        bool, typer.Option("--measure", help="Measure the speed against a plain float32 loop, and stop.")
    ] = False,
) -> None:
    """Train an actor's network on a data set.

    A training that was stopped or killed goes on where it was when the same command is given again; with more
    --minutes or --epochs it goes on beyond its end.

    Example: livedouble train data/demo --out runs/demo --minutes 60
    """
    if json is not None:
        check_can_write(json)
    from engine.shots import DataSet
    from training.config import TrainConfig, shrunk

    asked = {
        "start_from": None if start_from is None else str(actor_folder(start_from).resolve()),
        "epochs": epochs,
        "minutes": minutes,
        "num_frames": frames,
        "batch_size": batch,
        "learning_rate": learning_rate,
        "seed": seed,
        "num_latents": latents,
        "variance": variance,
        "normal_weight": normals,
        "velocity_weight": velocity,
        "steadiness_weight": steadiness,
        "contact_weight": contact,
        "max_noise": noise,
        "max_gamma": gamma,
        "max_perspective": perspective,
    }
    config = TrainConfig(
        network=network.setting,
        stages=stages.setting,
        views=parse_views(views),
        is_stabilised=stabilised,
        is_self_stabilised=self_stabilised,
        is_basis_fixed=fixed_basis,
        has_uncertainty=not no_uncertainty,
        is_new_face=new_face,
        region_weights=parse_regions(region or []),
        is_affine_invariant=affine_invariant,
        is_shot_aligned=align_shots,
        **{name: value for name, value in asked.items() if value is not None},
    )
    config = shrunk(config) if small else config
    if augment.setting is not None:
        config = augment.setting.filled_in(config)
    dataset = DataSet.open(data)
    if dry_run:
        out.print("\n".join(config.lines()), soft_wrap=True)
    elif measure:
        _measure(dataset, config, device, threads, not no_graph, cache or data / ".crops", json)
    else:
        run_training(dataset, config, run, device, threads, not no_graph, cache or data / ".crops", json)


def run_training(
    data: "DataSet",
    config: "TrainConfig",
    run: Path,
    device: DeviceName,
    threads: int | None,
    has_graph: bool,
    cache: Path,
    json: Path | None,
    *,
    is_step: bool = False,
) -> None:
    """Train, show how it goes, and say how it ended; a training that was stopped leaves the command.

    As a step of another command it names neither its settings, which lie in the run's folder, nor what comes next.
    """
    from app.cli.train_screen import Screen, stop_on_interrupt
    from engine.preparation import Preparation
    from training.device import choose_compute
    from training.loop import train as train_network
    from training.team import assembled
    from training.watch import Watch

    with assembled(device.value) as team:
        compute = choose_compute(device.value, threads, has_graph=has_graph, team=team)
        with stop_on_interrupt() as interrupt, Screen(interrupt, is_shown=team.is_first) as screen:

            def say(line: str) -> None:
                if not (is_step and "\n" in line):
                    screen.say(line)

            watch = Watch(say, screen.preparing, screen.stepped, interrupt.was_asked)
            outcome = train_network(data, config, run, compute, cache, watch, team)
    state = outcome.state
    if team.is_first and json is not None:
        words = compute.words
        write_json(json, {"run": str(run), "is_finished": outcome.is_finished, "machine": words, **asdict(state)})
    if not outcome.is_finished:
        if team.is_first:
            err.print(f"Saved at step {state.step} of {state.total_steps}. The same command goes on from there.")
        raise typer.Exit(EXIT_INTERRUPTED)
    if team.is_first:
        out.print(
            f"Trained {state.step} steps in {clock(state.elapsed_s)}: {state.best_rmse_mm:.3f} mm on validation"
            f" (step {state.best_step})." + ("" if is_step else f" Next: livedouble export {run} --out ACTOR"),
            soft_wrap=True,
        )
        if not is_step and config.preparation is Preparation.CROP and len(config.views) == 1:
            out.print("With --self-stabilised the actor sees its head held still, which takes off error and trembling.")


def _measure(
    data: "DataSet",
    config: "TrainConfig",
    device: DeviceName,
    threads: int | None,
    has_graph: bool,
    cache: Path,
    json: Path | None,
) -> None:
    from app.cli.train_screen import Screen, stop_on_interrupt
    from training.device import choose_compute
    from training.pace import measure_pace
    from training.watch import Watch

    compute = choose_compute(device.value, threads, has_graph=has_graph)
    with stop_on_interrupt() as interrupt, Screen(interrupt) as screen:
        watch = Watch(screen.say, screen.preparing, screen.stepped, interrupt.was_asked)
        pace = measure_pace(data, config, compute, cache, watch)
    if json is not None:
        write_json(json, pace)
    out.print(
        f"{pace.samples_per_s:.1f} samples/s, {pace.ratio:.2f} times the {pace.plain_samples_per_s:.1f} of a plain"
        f" float32 loop (medians of {pace.num_rounds} rounds in turn, batch {pace.batch_size}, {pace.machine}).",
        soft_wrap=True,
    )
