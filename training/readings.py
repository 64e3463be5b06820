"""What is read off a running training now and then: its loss, and the clock.

Rule: between two readings nobody waits for the device.
"""

import math
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from training.checkpoint import TrainingState
from training.config import TrainConfig
from training.schedule import Plan
from training.team import Team

_MEMORY = 50  # steps that the smoothed loss looks back on
_LEAST_PART = 1 / 20  # of the time between two validations: where epochs are short, not each has one
_LEAST_TIMES = 10.0  # as long as a validation takes: so much of the time is left for training
_UNDISTURBED_S = 30.0  # taken for granted before pauses are held against steps: one early pause is no habit
_NEWEST = 0.03  # weight of a step in the mean time of a step


class Losses:
    """The objective's values, smoothed."""

    def __init__(self) -> None:
        self.mean_cm2 = 0.0
        self._num_read = 0
        self._unread: list[Tensor] = []

    def add(self, value: Tensor) -> None:
        """Of one step, a scalar on the device."""
        self._unread.append(value)

    def read(self, team: Team) -> bool:
        """Wait for the device and take in what was added; False where a value is not a finite number."""
        values = team.mean(torch.stack(self._unread)).tolist()
        self._unread.clear()
        for value in values:
            self._num_read += 1
            self.mean_cm2 += (value - self.mean_cm2) / min(self._num_read, _MEMORY)
        return all(map(math.isfinite, values))


@dataclass(frozen=True, slots=True)
class Due:
    """What it is time for.

    Args:
        elapsed_s: Wall clock of the training so far, all its sessions together.
        left_s: Still to come, without what pauses for validations.
        total_steps: As planned now.
        step_s: How long a step takes.
    """

    elapsed_s: float
    left_s: float
    total_steps: int
    step_s: float
    is_validation: bool
    is_checkpoint: bool
    is_stopping: bool


class Clock:
    """Wall time of one session.

    Args:
        config: How often to validate and to save, and when to be done.
        state: At its start.
        num_frames: Learned from in an epoch.
    """

    def __init__(self, config: TrainConfig, state: TrainingState, num_frames: int) -> None:
        self._config, self._step = config, state.step
        plan = Plan.of(config, num_frames)
        self._most_steps, self._steps_per_epoch = plan.total_steps, plan.steps_per_epoch
        now_s = time.perf_counter()
        self._started_s = now_s - state.elapsed_s
        self._read_s = self._validated_s = now_s
        self._validated_step, self._validation_s = state.step, 0.0
        # The first checkpoint comes soon: a kill must not cost the start.
        self._saved_s = now_s - 0.9 * 60.0 * config.checkpoint_minutes
        # A session's first steps also fill memory, compile and capture: they tell nothing of those that follow.
        self._counted_from: int | None = None
        self._step_s = 0.0
        self._stepping_s, self._pausing_s = 0.0, 0.0

    def read(self, state: TrainingState, *, is_stopping: bool) -> Due:
        """Look at it, after the steps that `state` counts."""
        now_s, config = time.perf_counter(), self._config
        self._measure(now_s, state.step)
        elapsed_s, total_steps = now_s - self._started_s, state.total_steps
        if config.minutes is not None and self._stepping_s:  # against a deadline: how many more there will be
            stepping_s = self._stepping_s + _UNDISTURBED_S
            share = stepping_s / (stepping_s + self._pausing_s)
            # By the mean of the whole session: one that stalls for a moment must not swing the learning rate.
            mean_step_s = self._stepping_s / (state.step - (self._counted_from or 0))
            steps_left = int(share * max(0.0, config.minutes * 60.0 - elapsed_s) / mean_step_s)
            total_steps = min(self._most_steps, state.step + steps_left)
        is_last = state.step >= total_steps
        is_first_due = is_stopping and math.isinf(state.best_rmse_mm)  # so that there is a best network to look at
        is_validation = is_last or is_first_due or self._wants_validation(now_s, state.step)
        is_checkpoint = is_last or is_stopping or now_s - self._saved_s > 60.0 * config.checkpoint_minutes
        left_s = (total_steps - state.step) * self._step_s
        if config.minutes is not None:  # at first nobody knows how many steps there will be
            left_s = min(left_s, max(0.0, config.minutes * 60.0 - elapsed_s))
        return Due(elapsed_s, left_s, total_steps, self._step_s, is_validation, is_checkpoint, is_stopping)

    def validated(self) -> None:
        """A validation is over; the next is counted from here."""
        self._validation_s = self._pause()
        self._validated_s, self._validated_step = self._read_s, self._step

    def saved(self) -> None:
        """A checkpoint is written."""
        self._pause()
        self._saved_s = self._read_s

    def _wants_validation(self, now_s: float, step: int) -> bool:
        since, most = now_s - self._validated_s, 60.0 * self._config.validation_minutes
        is_new_epoch = step // self._steps_per_epoch > self._validated_step // self._steps_per_epoch
        least = max(_LEAST_PART * most, _LEAST_TIMES * self._validation_s)
        return since > most or (is_new_epoch and since > least)

    def _pause(self) -> float:
        """Since the last reading no step was taken; returns how long that was."""
        now_s = time.perf_counter()
        paused_s, self._read_s = now_s - self._read_s, now_s
        self._pausing_s += paused_s
        return paused_s

    def _measure(self, now_s: float, step: int) -> None:
        new, took_s = step - self._step, now_s - self._read_s
        if self._counted_from is None:
            self._counted_from, self._step_s = step, took_s / new
        else:
            # A session's first steps count alike; later the mean forgets.
            weight = max(new / (step - self._counted_from), 1.0 - (1.0 - _NEWEST) ** new)
            self._step_s += (took_s / new - self._step_s) * weight
            self._stepping_s += took_s
        self._read_s, self._step = now_s, step
