"""The recipe over time: learning rate, beta1 and augmentation as functions of the step (Laine et al. 2017, section 4).

Rule: pure functions of (settings, plan, step). The paper's ramps are counted in epochs; where a training is shorter
than the paper's, each ramp takes at most its part of all steps.
"""

import math
from dataclasses import dataclass

from training.config import TrainConfig


@dataclass(frozen=True, slots=True)
class Plan:
    """How many steps a training has.

    Args:
        total_steps: Of the whole training; may be planned anew while it runs against a clock.
        steps_per_epoch: Steps that see every training frame once.
    """

    total_steps: int
    steps_per_epoch: int

    @classmethod
    def of(cls, config: TrainConfig, num_frames: int) -> "Plan":
        """The plan without a clock: the settings' epochs over this many frames."""
        steps_per_epoch = max(1, num_frames // config.batch_size)
        return cls(max(1, round(config.epochs * steps_per_epoch)), steps_per_epoch)

    def ramp_steps(self, epochs: float, part: float) -> float:
        """Steps of a ramp that takes `epochs`, but at most `part` of the training."""
        return max(1.0, min(epochs * self.steps_per_epoch, part * self.total_steps))


def learning_rate(config: TrainConfig, plan: Plan, step: int) -> float:
    """Adam's step size.

    Geometric ramp-up, then base / sqrt(t) with t in epochs (1 until the first epoch is over), at the end a half cosine
    down to zero.
    """
    ramp_up = plan.ramp_steps(config.ramp_up_epochs, config.ramp_up_part)
    if step < ramp_up:
        return config.learning_rate * config.ramp_up_from ** (1.0 - step / ramp_up)
    epoch = max(1.0, step / plan.steps_per_epoch)
    return config.learning_rate / math.sqrt(epoch) * (1.0 - ramp_down(config, plan, step))


def beta1(config: TrainConfig, plan: Plan, step: int) -> float:
    """Adam's first momentum: constant, then to its end value during the ramp-down."""
    return config.beta1 + (config.beta1_end - config.beta1) * ramp_down(config, plan, step)


def ramp_down(config: TrainConfig, plan: Plan, step: int) -> float:
    """0 before the ramp-down, 1 at the end of the training, a half cosine between."""
    length = plan.ramp_steps(config.ramp_down_epochs, config.ramp_down_part)
    position = (step - (plan.total_steps - length)) / length
    return 0.5 - 0.5 * math.cos(math.pi * min(1.0, max(0.0, position)))


def augmentation_strength(config: TrainConfig, plan: Plan, step: int) -> float:
    """0 at the first step, 1 once augmentation is at full strength."""
    return min(1.0, step / plan.ramp_steps(config.augmentation_epochs, config.augmentation_part))
