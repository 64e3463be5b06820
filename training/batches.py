"""Training batches, made ahead of the network on threads of their own (OpenCV works outside Python's lock).

Rule: batch number n is the same in every run with the same settings and frames, whenever it is asked for.
"""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType

import numpy as np

from training.augment import augment
from training.config import TrainConfig
from training.crops import FrameChoice


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """What one step learns from.

    Args:
        crops: [B, num_views, H, W] uint8.
        vertices: [B, V, 3] float32, cm.
    """

    crops: np.ndarray
    vertices: np.ndarray


def make_batch(
    choice: FrameChoice, config: TrainConfig, step: int, steps_per_epoch: int, strength: float, gray_mean: np.ndarray
) -> Batch:
    """The batch of one step: its share of the epoch's own order, augmented.

    Where the loss looks at motion, half as many frames, each followed by the next of its shot, changed alike.

    Args:
        choice: All training frames.
        config: Batch size, seed and amounts of augmentation.
        step: From 0.
        steps_per_epoch: Of the plan.
        strength: Of the augmentation, 0 to 1.
        gray_mean: [num_views] of the training pixels.
    """
    epoch, position = divmod(step, steps_per_epoch)
    order = np.random.default_rng([config.seed, epoch]).permutation(len(choice))
    repeats = 2 if config.velocity_weight else 1
    size = max(1, config.batch_size // repeats)
    indices = order[position * size : (position + 1) * size]
    frames = choice.with_next(indices) if config.velocity_weight else choice.only(indices)
    crops = [
        [
            augment(view, config, strength, np.random.default_rng([config.seed, epoch, index, number]), mean)
            for number, (view, mean) in enumerate(zip(frames.grown(row), gray_mean, strict=True))
        ]
        for row, index in enumerate(np.repeat(indices, repeats).tolist())
    ]
    return Batch(np.array(crops), np.stack([frames.vertices(row) for row in range(len(frames))]))


class Ahead:
    """Asks for batches before they are needed.

    Args:
        make: Makes the batch of a step; runs on threads of its own.
        first_step: The first one that `take` returns.
        num_threads: How many make batches at the same time.
    """

    def __init__(self, make: Callable[[int], Batch], first_step: int, num_threads: int = 1) -> None:
        self._make, self._next = make, first_step
        self._threads = ThreadPoolExecutor(num_threads, "batches")
        self._waiting: deque[Future[Batch]] = deque()
        for _ in range(2 * num_threads):
            self._ask()

    def _ask(self) -> None:
        self._waiting.append(self._threads.submit(self._make, self._next))
        self._next += 1

    def take(self) -> Batch:
        """The next batch, in order; raises what making it raised."""
        batch = self._waiting.popleft().result()
        self._ask()
        return batch

    def __enter__(self) -> "Ahead":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._threads.shutdown(cancel_futures=True)
