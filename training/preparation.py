"""Everything a training needs before its first step: frames, network, objective, optimizer, plan."""

import math
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch

from engine.errors import LiveDoubleError
from engine.shots import DataSet, Shot
from training.checkpoint import Checkpoint, TrainingFacts, TrainingState
from training.config import TrainConfig
from training.crops import CachedShot, FrameChoice, cache_shot, choose_frames, crops_of, gray_levels
from training.device import Compute
from training.earlier import Earlier
from training.image_basis import fitting, picture_basis
from training.losses import Objective
from training.networks import FaceNetwork, NetworkShape
from training.pca import mesh_basis
from training.schedule import Plan
from training.shot_alignment import after, align_shots, plant
from training.team import Team
from training.variation import Amounts, measure_variation
from training.watch import Watch


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """What is learned from and what is measured on.

    Args:
        training: Its meshes aligned shot by shot, where the settings ask for it.
        validation: Never learned from, never aligned.
        gray_mean: [num_views] of the training pixels.
        gray_deviation: Likewise.
    """

    training: FrameChoice
    validation: FrameChoice
    gray_mean: np.ndarray
    gray_deviation: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A training about to take a step.

    Args:
        config: The settings, with every amount of augmentation known.
        network: On the device.
        objective: Likewise.
        optimizer: Of the network's weights.
        facts: For the record.
        state: At the start, or where the training was.
        plan: Its steps.
    """

    config: TrainConfig
    network: FaceNetwork
    objective: Objective
    optimizer: torch.optim.Adam
    facts: TrainingFacts
    state: TrainingState
    plan: Plan


def load_frames(
    data: DataSet, config: TrainConfig, cache: Path, watch: Watch, team: Team, stabiliser: bytes | None = None
) -> Frames:
    """Every movie decoded once, crops and meshes mapped into memory.

    Args:
        data: Of the actor.
        config: The settings.
        cache: Folder of decoded crops.
        watch: Told what is done.
        team: The processes that train together.
        stabiliser: The actor's own network that finds the head, where the settings ask for one.

    Raises:
        LiveDoubleError: There is no frame to learn from or to measure on, or the cache cannot be written.
    """
    for role, shots in (("training", data.training), ("validation", data.validation)):
        if not shots:
            raise LiveDoubleError(
                f"The data set {data.folder} has no {role} shot.", f"Add a shot with a {role} role to its manifest."
            )
    cv2.setNumThreads(1)  # pictures are augmented beside the network, not against it
    shots = team.machine_by_machine(lambda: _cached(data.training, data, config, cache, watch, stabiliser))
    rest = data.topology.neutral
    if config.planted_error_mm:
        planted = plant(len(shots), rest, config.planted_error_mm)
        shots = tuple(replace(cached, affine=affine) for cached, affine in zip(shots, planted, strict=True))
    if config.is_shot_aligned:
        affines = team.by_first(lambda: align_shots([_Carried(cached) for cached in shots], rest))
        shots = tuple(_carried_on(cached, affine) for cached, affine in zip(shots, affines, strict=True))
    training = choose_frames(shots, config.num_frames)
    measured_shots = team.machine_by_machine(lambda: _cached(data.validation, data, config, cache, watch, stabiliser))
    validation = choose_frames(measured_shots, config.validation_frames)
    frames = Frames(training, validation, *team.by_first(lambda: gray_levels(training)))
    grays = zip(frames.gray_mean, frames.gray_deviation, strict=True)
    watch.say(
        f"{len(training)} training frames of {len(data.training)} shots, {len(validation)} validation frames of"
        f" {len(data.validation)}; gray {', '.join(f'{mean:.1f} +- {deviation:.1f}' for mean, deviation in grays)}."
    )
    return frames


@dataclass(frozen=True, slots=True, eq=False)
class _Carried:
    """The meshes of a shot by frame, carried as it carries them; read one by one."""

    cached: CachedShot

    def __len__(self) -> int:
        return len(self.cached.vertices)

    def __getitem__(self, frame: int) -> np.ndarray:
        return self.cached.mesh(frame)


def _carried_on(cached: CachedShot, affine: np.ndarray) -> CachedShot:
    return replace(cached, affine=affine if cached.affine is None else after(affine, cached.affine))


def prepare(
    data: DataSet,
    checksum: str,
    config: TrainConfig,
    frames: Frames,
    resumed: Checkpoint | None,
    compute: Compute,
    watch: Watch,
    team: Team,
    earlier: Earlier | None = None,
) -> Prepared:
    """The network: He's random weights and the meshes' principal components as output, an earlier one, or where it was.

    Raises:
        LiveDoubleError: The settings contradict each other.
    """
    amounts = _amounts(config, frames, resumed, watch, team)
    torch.manual_seed(config.seed)
    plan = Plan.of(config, len(frames.training))
    if resumed is None:
        basis = team.by_first(lambda: mesh_basis(frames.training, config.num_latents, config.seed, config.variance))
        shape = NetworkShape.of(config, len(basis.basis), data.topology.num_vertices)
        pictures = team.by_first(lambda: picture_basis(frames.training, shape))
        network = FaceNetwork(fitting(shape, pictures))
        grays = frames.gray_mean, frames.gray_deviation
        network.prime(*(torch.from_numpy(values) for values in (basis.mean, basis.basis, *grays)))
        watch.say(f"{len(basis.basis)} components hold {100 * basis.variance_reached:.3f} % of the meshes' variance.")
        if pictures is not None:
            network.prime_pictures(*map(torch.from_numpy, (pictures.mean, pictures.directions, pictures.deviation)))
            watch.say(pictures.words)
        if earlier is not None:
            earlier.give(network, is_new_face=config.is_new_face)
            taken = (
                "all but its mean mesh and whitening" if config.is_new_face else "all of it, whitening and basis too"
            )
            watch.say(f"Starting from {earlier.facts.name}: {taken}.")
        pca_variance, state = basis.variance_reached, TrainingState(0, plan.total_steps, 0.0, math.inf, 0)
        began = None if earlier is None else earlier.facts
    else:
        network = FaceNetwork(resumed.shape)
        network.load_state_dict(resumed.network)
        plan = plan_to_go_on(resumed, config, plan)
        began = resumed.facts.earlier
        pca_variance, state = resumed.facts.pca_variance, replace(resumed.state, total_steps=plan.total_steps)
        watch.say(f"Going on at step {state.step} of {plan.total_steps}.")
    facts = TrainingFacts(
        data=str(data.folder.resolve()),
        data_checksum=checksum,
        actor=data.actor,
        num_training_frames=len(frames.training),
        num_validation_frames=len(frames.validation),
        pca_variance=pca_variance,
        machine=compute.words,
        augmentation=amounts,
        earlier=began,
    )
    network.to_vertices.requires_grad_(not config.is_basis_fixed)
    network.to(compute.device, memory_format=torch.channels_last)
    objective = Objective.of(config, data.topology).to(compute.device)
    optimizer = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)
    if resumed is not None and resumed.optimizer is not None:
        optimizer.load_state_dict(resumed.optimizer)
    parameters_m = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    watch.say(f"{parameters_m:.2f} million parameters on {compute.words}.")
    return Prepared(amounts.filled_in(config), network, objective, optimizer, facts, state, plan)


def _amounts(config: TrainConfig, frames: Frames, resumed: Checkpoint | None, watch: Watch, team: Team) -> Amounts:
    """Of augmentation: the settings' own, else those that this training began with, else the data's."""
    given = Amounts.of(config)
    if given is not None:
        return given
    if resumed is not None and resumed.facts.augmentation is not None:
        return resumed.facts.augmentation
    variation = team.by_first(lambda: measure_variation(frames.training))
    watch.say(variation.words)
    return Amounts.given_or(config, variation.amounts)


def plan_to_go_on(resumed: Checkpoint, config: TrainConfig, plan: Plan) -> Plan:
    """The steps of a training that goes on: as many as it had, or as a changed end asks for.

    Args:
        resumed: Where it was.
        config: The settings now; `epochs` and `minutes` may be others than before.
        plan: Of these settings without a clock.
    """
    before, state = resumed.config, resumed.state
    if (before.epochs, before.minutes) == (config.epochs, config.minutes):
        return replace(plan, total_steps=state.total_steps)
    if config.minutes is None or not state.elapsed_s:
        return plan
    # Planned anew after the next step; until then as many as its speed so far promises.
    promised = round(state.step * 60.0 * config.minutes / state.elapsed_s)
    return replace(plan, total_steps=min(plan.total_steps, promised))


def _cached(
    shots: tuple[Shot, ...], data: DataSet, config: TrainConfig, cache: Path, watch: Watch, stabiliser: bytes | None
) -> tuple[CachedShot, ...]:
    crops = crops_of(data, config.views)
    size = config.input_width_px, config.input_height_px
    return tuple(
        cache_shot(shot, crops, *size, cache, watch.preparing, config.preparation, stabiliser) for shot in shots
    )
