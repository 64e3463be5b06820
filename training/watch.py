"""How a training speaks with whoever started it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from training.checkpoint import TrainingState


@dataclass(frozen=True, slots=True)
class Status:
    """Where a running training stands."""

    step: int
    total_steps: int
    epoch: float
    loss_cm2: float  # the objective, smoothed; with the paper's loss the mean square error of a coordinate
    learning_rate: float  # of the last step
    validation_rmse_mm: float | None  # the newest
    samples_per_s: float
    elapsed_s: float
    left_s: float


@dataclass(frozen=True, slots=True)
class Watch:
    """How a training speaks with whoever started it.

    Args:
        say: Takes one line for people.
        preparing: Takes what is being done before the training, how much of it is done, and how much there is.
        stepped: Takes the status whenever the loss was read: on a processor after every step.
        should_stop: Asked as often; a training told to stop saves itself first.
    """

    say: Callable[[str], None]
    preparing: Callable[[str, int, int], None]
    stepped: Callable[[Status], None]
    should_stop: Callable[[], bool]

    def silenced(self) -> "Watch":
        """For processes beside the first: says nothing, may still be interrupted while it prepares."""
        return replace(self, say=_ignore, stepped=_ignore)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a training ended."""

    is_finished: bool
    state: TrainingState


def _ignore(_: object) -> None:
    return
