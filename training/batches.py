"""Training batches, made ahead of the network on threads of their own (OpenCV works outside Python's lock).

Rule: batch number n is the same in every run with the same settings and frames, whenever it is asked for and whatever
makes it.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from engine.errors import LiveDoubleError
from training.augment import augment, draws
from training.config import TrainConfig
from training.crops import FrameChoice

T = TypeVar("T")


class Share(NamedTuple):
    """The part of every batch that one of several processes learns from."""

    rank: int
    num_processes: int


WHOLE = Share(0, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one step learns from.

    Args:
        crops: [B, num_views, H, W] uint8.
        vertices: [B, V, 3] float32, cm.
    """

    crops: np.ndarray
    vertices: np.ndarray


def choose_indices(
    num_frames: int, config: TrainConfig, step: int, steps_per_epoch: int, share: Share = WHOLE
) -> tuple[int, np.ndarray]:
    """The epoch of a step, and which frames it learns from: its share of the epoch's own order.

    Where batches are paired these are half as many, each to be followed by the next of its shot or by itself.
    """
    epoch, position = divmod(step, steps_per_epoch)
    size = _frames_a_step(config)
    indices = _order(config.seed, epoch, num_frames)[position * size : (position + 1) * size]
    each = len(indices) // share.num_processes
    return epoch, indices[share.rank * each : (share.rank + 1) * each]


def check_shares(num_frames: int, config: TrainConfig, num_processes: int) -> None:
    """Refuse batches that several processes cannot share equally.

    Raises:
        LiveDoubleError: The number of frames or pairs of a step is no multiple of the number of processes.
    """
    num_shared = min(_frames_a_step(config), num_frames)
    if num_shared % num_processes:
        pairs = "pairs of frames" if config.is_paired else "frames"
        raise LiveDoubleError(
            f"{num_processes} processes cannot share the {num_shared} {pairs} of a step equally.",
            f"Give a --batch whose number of {pairs} is a multiple of {num_processes}.",
        )


def make_batch(
    choice: FrameChoice,
    config: TrainConfig,
    step: int,
    steps_per_epoch: int,
    strength: float,
    gray_mean: np.ndarray,
    share: Share = WHOLE,
) -> Batch:
    """The batch of one step, augmented; the frames of a pair are changed alike, or nearly so if they are two takes.

    Args:
        choice: All training frames.
        config: Batch size, seed and amounts of augmentation.
        step: From 0.
        steps_per_epoch: Of the plan.
        strength: Of the augmentation, 0 to 1.
        gray_mean: [num_views] of the training pixels.
        share: Of this process.
    """
    epoch, indices = choose_indices(len(choice), config, step, steps_per_epoch, share)
    frames = choice.with_next(indices) if config.velocity_weight else choice.only(repeated(indices, config)[0])
    drawn = [draws(config.seed, epoch, view, len(choice)) for view in range(choice.num_views)]
    crops = [
        [
            augment(grown, config, strength, of_view[index], mean, take)
            for grown, of_view, mean in zip(frames.grown(row), drawn, gray_mean, strict=True)
        ]
        for row, (index, take) in enumerate(zip(*repeated(indices, config), strict=True))
    ]
    return Batch(np.array(crops), np.stack([frames.vertices(row) for row in range(len(frames))]))


def repeated(indices: np.ndarray, config: TrainConfig) -> tuple[np.ndarray, np.ndarray]:
    """[B] each frame as often as a batch holds it, and [B] which take of it that is (0, 1)."""
    if not config.is_paired:
        return indices, np.zeros(len(indices), int)
    takes = np.tile([0, 1 if config.steadiness_weight else 0], len(indices))
    return np.repeat(indices, 2), takes


def _frames_a_step(config: TrainConfig) -> int:
    return max(1, config.batch_size // 2) if config.is_paired else config.batch_size


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, num_frames: int) -> np.ndarray:
    return np.random.default_rng([seed, epoch]).permutation(num_frames)


class Ahead(Generic[T]):
    """Asks for what steps need before they need it.

    Args:
        make: Makes it for one step; runs on threads of its own.
        first_step: The first one that `take` returns.
        num_threads: How many make at the same time.
    """

    def __init__(self, make: Callable[[int], T], first_step: int, num_threads: int = 1) -> None:
        self._make, self._next = make, first_step
        self._threads = ThreadPoolExecutor(num_threads, "batches")
        self._waiting: deque[Future[T]] = deque()
        for _ in range(2 * num_threads):
            self._ask()

    def _ask(self) -> None:
        self._waiting.append(self._threads.submit(self._make, self._next))
        self._next += 1

    def take(self) -> T:
        """What the next step needs, in order; raises what making it raised."""
        made = self._waiting.popleft().result()
        self._ask()
        return made

    def __enter__(self) -> "Ahead[T]":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
