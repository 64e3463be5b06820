"""The training, told from top to bottom.

Rule: a step's data, dropout and schedule depend on (settings, step) alone, so a training that was killed goes on as if
it had not been; `last.pt` and `best.pt` are good at any moment.
"""

import csv
import hashlib
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from engine.errors import LiveDoubleError, StorageError
from engine.shots import DATASET_FILE, SHOT_FILE, TOPOLOGY_FILE, DataSet, Shot
from training.batches import Ahead, Batch, make_batch
from training.checkpoint import BEST_FILE, LAST_FILE, Checkpoint, TrainingFacts, TrainingState
from training.config import TrainConfig
from training.crops import CachedShot, FrameChoice, cache_shot, choose_frames, crops_of, gray_levels
from training.device import Compute
from training.evaluate import measure
from training.losses import Objective
from training.networks import FaceNetwork, NetworkShape
from training.pca import mesh_basis
from training.schedule import Plan, augmentation_strength, beta1, learning_rate
from training.shot_alignment import align_shots
from training.uncertainty import Calibration, foretelling_loss

METRICS_FILE = "metrics.csv"
_COLUMNS = ("step", "epoch", "elapsed_s", "learning_rate", "loss_cm2", "validation_rmse_mm", "mean_face_rmse_mm")


@dataclass(frozen=True, slots=True)
class Status:
    """Where a running training stands, told after every step."""

    step: int
    total_steps: int
    epoch: float
    loss_cm2: float  # mean square error of a coordinate, smoothed
    validation_rmse_mm: float | None  # the newest
    samples_per_s: float
    elapsed_s: float
    left_s: float


@dataclass(frozen=True, slots=True)
class Watch:
    """How a training speaks with whoever started it.

    Args:
        say: Takes one line for people.
        decoding: Takes a shot's name, its frames decoded and its frames in all.
        stepped: Takes the status after every step.
        should_stop: Asked after every step; a training told to stop saves itself first.
    """

    say: Callable[[str], None]
    decoding: Callable[[str, int, int], None]
    stepped: Callable[[Status], None]
    should_stop: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended."""

    is_finished: bool
    state: TrainingState


def train(data: DataSet, config: TrainConfig, run: Path, compute: Compute, cache: Path, watch: Watch) -> Outcome:
    """Train, or go on training, the network of one actor.

    Args:
        data: Its training shots are learned from, its validation shots only measured.
        config: The settings; those of a training that is resumed must be the same.
        run: Folder of the result: `config.json`, `last.pt`, `best.pt`, `metrics.csv`.
        compute: Where it runs.
        cache: Folder of decoded crops.
        watch: Told what happens.

    Raises:
        LiveDoubleError: No data, other settings or data than before, a loss that is not a number, a full disk.
    """
    # Before anything long: is this a training to go on with, and may we?
    checksum = data_checksum(data)
    resumed = Checkpoint.load(run / LAST_FILE) if (run / LAST_FILE).is_file() else None
    if resumed is None and (run / METRICS_FILE).is_file():
        watch.say("The training that was here ended before its first checkpoint; it starts again.")
    if resumed is not None:
        _check_same_training(resumed, config, checksum, run)
        if resumed.state.step >= resumed.state.total_steps:
            return Outcome(True, resumed.state)
    config.save(run)
    watch.say("\n".join(config.lines()))

    # What we learn from and what we measure on: every movie decoded once, crops and meshes mapped into memory.
    for role, shots in (("training", data.training), ("validation", data.validation)):
        if not shots:
            raise LiveDoubleError(
                f"The data set {data.folder} has no {role} shot.", f"Add a shot with a {role} role to its manifest."
            )
    cv2.setNumThreads(1)  # pictures are augmented beside the network, not against it
    shots = _cached(data.training, data, config, cache, watch)
    if config.is_shot_aligned:
        affines = align_shots([cached.vertices for cached in shots], data.topology.neutral)
        shots = tuple(replace(cached, affine=affine) for cached, affine in zip(shots, affines, strict=True))
    training = choose_frames(shots, config.num_frames)
    validation = choose_frames(_cached(data.validation, data, config, cache, watch), config.validation_frames)
    plan = Plan.of(config, len(training))
    gray_mean, gray_deviation = gray_levels(training)
    watch.say(
        f"{len(training)} training frames of {len(data.training)} shots, {len(validation)} validation frames of"
        f" {len(data.validation)}; gray "
        + ", ".join(f"{mean:.1f} +- {deviation:.1f}" for mean, deviation in zip(gray_mean, gray_deviation, strict=True))
        + "."
    )

    # The network: He's random weights, the meshes' principal components as output, or where we were.
    torch.manual_seed(config.seed)
    if resumed is None:
        basis = mesh_basis(training, config.num_latents, config.seed, config.variance)
        network = FaceNetwork(NetworkShape.of(config, len(basis.basis), data.topology.num_vertices))
        network.prime(*(torch.from_numpy(values) for values in (basis.mean, basis.basis, gray_mean, gray_deviation)))
        watch.say(f"{len(basis.basis)} components hold {100 * basis.variance_reached:.3f} % of the meshes' variance.")
        pca_variance, state = basis.variance_reached, TrainingState(0, plan.total_steps, 0.0, math.inf, 0)
    else:
        network = FaceNetwork(resumed.shape)
        network.load_state_dict(resumed.network)
        pca_variance, state = resumed.facts.pca_variance, resumed.state
        plan = replace(plan, total_steps=state.total_steps)
        watch.say(f"Going on at step {state.step} of {state.total_steps}.")
    facts = TrainingFacts(
        data=str(data.folder.resolve()),
        data_checksum=checksum,
        actor=data.actor,
        num_training_frames=len(training),
        num_validation_frames=len(validation),
        pca_variance=pca_variance,
        machine=compute.words,
    )
    network.to_vertices.requires_grad_(not config.is_basis_fixed)
    network.to(compute.device, memory_format=torch.channels_last)
    objective = Objective.of(config, data.topology).to(compute.device)
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)
    if resumed is not None and resumed.optimizer is not None:
        optimizer.load_state_dict(resumed.optimizer)
    parameters_m = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    watch.say(f"{parameters_m:.2f} million parameters on {compute.words}.")
    table = _Table(run / METRICS_FILE, state.step)

    def load(step: int) -> Batch:
        # `plan` is read when the batch is made: against a clock the strength follows the newest plan.
        strength = augmentation_strength(config, plan, step)
        return make_batch(training, config, step, plan.steps_per_epoch, strength, gray_mean)

    def keep(name: str, *, has_optimizer: bool) -> None:
        if not all(bool(torch.isfinite(weight).all()) for weight in network.parameters()):
            raise _not_a_number(state.step, run)
        kept = optimizer.state_dict() if has_optimizer else None
        Checkpoint(config, network.shape, facts, state, network.state_dict(), kept).save(run / name)

    # The loop.
    now_s = validated_s = time.perf_counter()
    saved_s = now_s - 0.9 * 60.0 * config.checkpoint_minutes  # the first one soon: a kill must not cost the start
    started_s = now_s - state.elapsed_s
    loss_mean, losses, validation_rmse_mm, step_s = 0.0, 0, None, 0.0
    num_steps_here = 0
    num_loaders = 1 if compute.device.type == "cpu" else 8
    with Ahead(load, state.step, num_loaders) as batches:
        while state.step < plan.total_steps:
            # One step: the schedule, the batch, forward, backward, Adam.
            network.train()
            step = state.step
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(config, plan, step)
                group["betas"] = (beta1(config, plan, step), config.beta2)
            torch.manual_seed(config.seed * 1_000_003 + step)  # dropout
            batch = batches.take()
            crops = torch.from_numpy(batch.crops).to(compute.device)
            truth = torch.from_numpy(batch.vertices).to(compute.device)
            with compute.autocast():
                solved = network(crops)
            loss = objective(solved.vertices, truth)  # square centimetres
            loss_cm2 = loss.item()
            if not math.isfinite(loss_cm2):
                raise _not_a_number(step, run)
            optimizer.zero_grad(set_to_none=True)
            if solved.errors_mm is not None:  # its weights are its own: the two losses do not meet
                loss = loss + foretelling_loss(solved.errors_mm, solved.vertices, truth)
            loss.backward()
            optimizer.step()

            # The clock: how long a step takes, and against a deadline how many more there will be.
            before_s, now_s = now_s, time.perf_counter()
            num_steps_here += 1
            step_s += (now_s - before_s - step_s) * max(1.0 / num_steps_here, 0.03)
            elapsed_s = now_s - started_s
            losses += 1
            loss_mean += (loss_cm2 - loss_mean) / min(losses, 50)
            if config.minutes is not None:
                steps_left = int(max(0.0, config.minutes * 60.0 - elapsed_s) / step_s)
                most = Plan.of(config, len(training)).total_steps
                plan = replace(plan, total_steps=min(most, step + 1 + steps_left))
            is_last = step + 1 >= plan.total_steps
            state = replace(state, step=step + 1, total_steps=plan.total_steps, elapsed_s=elapsed_s)

            # How good is it? On shots it never learns from.
            if is_last or now_s - validated_s > 60.0 * config.validation_minutes:
                measured = _validate(network, validation, data, compute)
                validation_rmse_mm = measured[0]
                table.add(state, plan, learning_rate(config, plan, step), loss_mean, *measured)
                if measured[0] < state.best_rmse_mm:
                    state = replace(state, best_rmse_mm=measured[0], best_step=state.step)
                    keep(BEST_FILE, has_optimizer=False)
                validated_s = time.perf_counter()

            # Keep what we have; then tell, and ask whether to go on.
            is_stopping = watch.should_stop()
            if is_last or is_stopping or now_s - saved_s > 60.0 * config.checkpoint_minutes:
                keep(LAST_FILE, has_optimizer=True)
                saved_s = time.perf_counter()
            watch.stepped(
                Status(
                    step=state.step,
                    total_steps=state.total_steps,
                    epoch=state.step / plan.steps_per_epoch,
                    loss_cm2=loss_mean,
                    validation_rmse_mm=validation_rmse_mm,
                    samples_per_s=len(batch.crops) / step_s,
                    elapsed_s=elapsed_s,
                    left_s=(state.total_steps - state.step) * step_s,
                )
            )
            if is_stopping:
                break
    return Outcome(state.step >= state.total_steps, state)


def data_checksum(data: DataSet) -> str:
    """SHA-256 over a data set's manifest, topology, facts, movies and point caches."""
    paths = [data.folder / DATASET_FILE, data.folder / TOPOLOGY_FILE]
    for shot in data.shots:
        paths += [shot.folder / SHOT_FILE, shot.movie_path(), shot.folder / shot.facts.points]
    whole = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def _check_same_training(resumed: Checkpoint, config: TrainConfig, checksum: str, run: Path) -> None:
    changed = resumed.config.differences(config)
    if resumed.facts.data_checksum != checksum:
        changed.append("the data set's content")
    if changed:
        raise LiveDoubleError(
            f"The folder {run} holds a training with other settings ({', '.join(changed)}).",
            "Give the same settings to go on with it, or another folder with --out.",
        )


def _cached(
    shots: tuple[Shot, ...], data: DataSet, config: TrainConfig, cache: Path, watch: Watch
) -> tuple[CachedShot, ...]:
    crops = crops_of(data, config.views)
    width_px, height_px = config.input_width_px, config.input_height_px
    return tuple(cache_shot(shot, crops, width_px, height_px, cache, watch.decoding) for shot in shots)


def _validate(network: FaceNetwork, validation: FrameChoice, data: DataSet, compute: Compute) -> tuple[float, float]:
    """RMSE of the network, and of a face that never moves, in millimetres; expected errors are put to scale."""
    network.eval()
    calibration = Calibration()
    animated = torch.from_numpy(data.topology.animated)

    def solve(crops: np.ndarray) -> np.ndarray:
        with torch.inference_mode(), compute.autocast():
            solved = network(torch.from_numpy(crops).to(compute.device))
        if solved.errors_mm is not None:
            calibration.add(solved.errors_mm[:, animated])
        return np.asarray(solved.vertices.cpu().numpy())

    evaluation = measure(validation, data.topology, solve)
    if network.to_errors is not None:
        network.to_errors.scale *= calibration.factor(evaluation.mean_mm)
    return evaluation.rmse_mm, evaluation.mean_face_rmse_mm


def _not_a_number(step: int, run: Path) -> LiveDoubleError:
    return LiveDoubleError(
        f"The training diverged: at step {step} the loss or a weight is not a finite number.",
        f"The last good checkpoint is kept in {run}; train again in another folder with a smaller --learning-rate.",
    )


class _Table:
    """`metrics.csv`: one row a validation.

    Args:
        path: To append to.
        step: Rows after it were written by a run that was killed before its next checkpoint; they are dropped.
    """

    def __init__(self, path: Path, step: int) -> None:
        self._path = path
        rows: list[list[str]] = []
        if path.is_file():
            with path.open(newline="") as file:
                rows = [row for row in csv.reader(file) if row and row[0].isdigit() and int(row[0]) <= step]
        self._write("w", [list(_COLUMNS), *rows])

    def add(
        self, state: TrainingState, plan: Plan, rate: float, loss_cm2: float, rmse_mm: float, still_mm: float
    ) -> None:
        """Append one validation."""
        epoch = f"{state.step / plan.steps_per_epoch:.3f}"
        figures = f"{rate:.3e}", f"{loss_cm2:.6f}", f"{rmse_mm:.4f}", f"{still_mm:.4f}"
        self._write("a", [[str(state.step), epoch, f"{state.elapsed_s:.1f}", *figures]])

    def _write(self, mode: str, rows: list[list[str]]) -> None:
        try:
            with self._path.open(mode, newline="") as file:
                csv.writer(file).writerows(rows)
        except OSError as error:
            raise StorageError(
                f"{self._path} could not be written ({error.strerror}).",
                "Free some space and run the same command again: it goes on from the last checkpoint.",
            ) from error
