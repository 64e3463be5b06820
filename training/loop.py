"""The training, told from top to bottom.

Rule: a step's data, dropout and schedule depend on (settings, step) alone, so a training that was killed goes on as if
it had not been; `last.pt` and `best.pt` are good at any moment.
"""

from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch

from engine.preparation import Preparation
from engine.shots import DataSet
from training.batches import check_shares
from training.checkpoint import BEST_FILE, LAST_FILE, Checkpoint
from training.config import TrainConfig
from training.crops import FrameChoice
from training.device import Compute
from training.diary import METRICS_FILE, Diary
from training.earlier import open_earlier
from training.evaluate import Solve, measure
from training.feed import Source, feed
from training.gradients import Gradients
from training.head_finder import own_stabiliser
from training.live_pictures import LivePictures
from training.losses import Objective
from training.mishaps import diverged, told_of_memory
from training.networks import FaceNetwork
from training.preparation import load_frames, prepare
from training.readings import Clock, Losses
from training.run_folder import Session, add_to_record, data_checksums, to_go_on_with, whole_checksum
from training.schedule import augmentation_strength, beta1, learning_rate
from training.team import ALONE, Team
from training.uncertainty import Calibration
from training.watch import Outcome, Status, Watch


def train(
    data: DataSet, config: TrainConfig, run: Path, compute: Compute, cache: Path, watch: Watch, team: Team = ALONE
) -> Outcome:
    """Train, or go on training, the network of one actor.

    Args:
        data: Its training shots are learned from, its validation shots only measured.
        config: The settings; where a training goes on, those that decide what a step does must be the same.
        run: Folder of the result: settings, record, checkpoints, metrics, curves, pictures.
        compute: Where it runs.
        cache: Folder of decoded crops.
        watch: Told what happens.
        team: The processes that train together; all call this with the same arguments.

    Raises:
        LiveDoubleError: No data, other settings or data than before, a loss that is not a number, no memory left, a
            full disk.
    """
    with told_of_memory(run):
        return _train(data, config, run, compute, cache, watch if team.is_first else watch.silenced(), team)


def _train(
    data: DataSet, config: TrainConfig, run: Path, compute: Compute, cache: Path, watch: Watch, team: Team
) -> Outcome:
    # Before anything long: is this a training to go on with, and may we?
    checksums = team.by_first(lambda: data_checksums(data))
    checksum = whole_checksum(checksums)
    resumed = team.by_first(lambda: to_go_on_with(run, config, checksum))
    earlier = None
    if resumed is None and config.start_from is not None:
        earlier = open_earlier(Path(config.start_from))
        earlier.check(config, data.topology)
    if resumed is None and (run / METRICS_FILE).is_file():
        watch.say("The training that was here ended before its first checkpoint; it starts again.")
    if team.is_first:
        config.save(run)
    watch.say("\n".join(config.lines()))
    Objective.of(config, data.topology)  # what cannot be minimised is refused before movies are decoded

    # What we learn from and what we measure on; the network and what changes its weights.
    stabiliser = None
    if config.preparation is Preparation.SELF_STABILISED:
        known = resumed or (None if config.is_new_face else earlier)
        given = None if known is None else known.stabiliser
        stabiliser = team.by_first(lambda: given or own_stabiliser(data, config, run, compute, watch))
    frames = load_frames(data, config, cache, watch, team, stabiliser)
    check_shares(len(frames.training), config, team.size)
    ready = prepare(data, checksum, config, frames, resumed, compute, watch, team, earlier)
    network, optimizer, state, plan = ready.network, ready.optimizer, ready.state, ready.plan
    if state.step >= plan.total_steps:
        return Outcome(True, state)
    if team.is_first:
        add_to_record(
            run, config.seed, checksums, ready.facts.augmentation, Session.now(state.step, compute.words, team.size)
        )
    pictures = LivePictures(frames.validation, data.topology, watch.say)

    def strength(step: int) -> float:
        # `plan` is read when the batch is made: against a clock the strength follows the newest plan.
        return augmentation_strength(config, plan, step)

    def keep(name: str, *, has_optimizer: bool) -> None:
        if not all(bool(torch.isfinite(weight).all()) for weight in network.parameters()):
            raise diverged(state.step, run)
        kept = optimizer.state_dict() if has_optimizer else None
        weights = network.state_dict()
        Checkpoint(config, network.shape, ready.facts, state, weights, kept, stabiliser).save(run / name)

    # The loop.
    clock, losses = Clock(config, state, len(frames.training)), Losses()
    first_step, validation_rmse_mm = state.step, None
    source = Source(frames.training, ready.config, frames.gray_mean, team.share, plan.steps_per_epoch, strength)
    with (
        Diary(run, first_step, watch.say) if team.is_first else nullcontext() as diary,
        feed(source, compute, first_step, watch.say) as batches,
    ):
        gradients = Gradients(team.join(network, compute.device), ready.objective, compute, batches.unpack)
        is_going_on = True
        while is_going_on:
            # One step: the schedule, the batch, forward, backward, Adam.
            network.train()
            step = state.step
            rate = learning_rate(config, plan, step)
            for group in optimizer.param_groups:
                group["lr"], group["betas"] = rate, (beta1(config, plan, step), config.beta2)
            torch.manual_seed(config.seed * 1_000_003 + step * team.size + team.rank)  # dropout
            losses.add(gradients(batches.take()))
            optimizer.step()
            state = replace(state, step=step + 1)

            # A GPU works on by itself: only now and then is it waited for, the loss and the clock read.
            num_steps = state.step - first_step
            is_reading = num_steps == 1 or num_steps % compute.steps_a_reading == 0
            if not (is_reading or state.step >= plan.total_steps):
                continue
            if not losses.read(team):
                raise diverged(state.step, run)
            due = team.by_first(partial(clock.read, state, is_stopping=watch.should_stop()))
            plan = replace(plan, total_steps=due.total_steps)
            state = replace(state, total_steps=due.total_steps, elapsed_s=due.elapsed_s)
            is_going_on = state.step < state.total_steps and not due.is_stopping
            if diary is None:
                continue  # the first process does the rest

            # How good is it? On shots it never learns from.
            status = Status(
                step=state.step,
                total_steps=state.total_steps,
                epoch=state.step / plan.steps_per_epoch,
                loss_cm2=losses.mean_cm2,
                learning_rate=rate,
                validation_rmse_mm=validation_rmse_mm,
                samples_per_s=source.num_samples / due.step_s,
                elapsed_s=state.elapsed_s,
                left_s=due.left_s,
            )
            diary.read(status)
            if due.is_validation:
                solve, (validation_rmse_mm, still_mm) = _validate(network, frames.validation, data, compute)
                status = replace(status, validation_rmse_mm=validation_rmse_mm)
                shown = pictures.draw(solve, is_last=not is_going_on)
                diary.validated(status, validation_rmse_mm, still_mm, shown)
                if validation_rmse_mm < state.best_rmse_mm:
                    state = replace(state, best_rmse_mm=validation_rmse_mm, best_step=state.step)
                    keep(BEST_FILE, has_optimizer=False)
                clock.validated()

            # Keep what we have, then tell.
            if due.is_checkpoint:
                keep(LAST_FILE, has_optimizer=True)
                clock.saved()
            watch.stepped(status)
    return Outcome(state.step >= state.total_steps, state)


def _validate(
    network: FaceNetwork, validation: FrameChoice, data: DataSet, compute: Compute
) -> tuple[Solve, tuple[float, float]]:
    """The network as a function, its RMSE and that of a face that never moves; puts expected errors to scale."""
    network.eval()
    calibration = Calibration()
    animated = torch.from_numpy(data.topology.animated).to(compute.device)

    def solve(crops: np.ndarray) -> np.ndarray:
        # cuDNN searches for the fastest algorithms of every new size: worth it for steps, not for a few pictures.
        not_searching = torch.backends.cudnn.flags(enabled=True, benchmark=False)
        with torch.inference_mode(), not_searching, compute.autocast():
            solved = network(torch.from_numpy(crops).to(compute.device))
        if solved.errors_mm is not None:
            calibration.add(solved.errors_mm[:, animated])
        return np.asarray(solved.vertices.cpu().numpy())

    if network.to_errors is not None:
        network.to_errors.scale.fill_(1.0)  # anew each time: the same however often it was validated before
    evaluation = measure(validation, data.topology, solve)
    if network.to_errors is not None:
        network.to_errors.scale.fill_(calibration.factor(evaluation.mean_mm))
    return solve, (evaluation.rmse_mm, evaluation.mean_face_rmse_mm)
