"""Where a step's pictures and meshes come from: batches the processor makes, or frames that lie in the device's memory.

Rule: both give the same pictures, to a gray level, in the same order.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from training.batches import Ahead, Share, choose_indices, make_batch
from training.config import TrainConfig
from training.crops import FrameChoice
from training.device import Compute
from training.device_batches import DeviceFrames, fits

_LOADERS_BESIDE_A_GPU = 8


@dataclass(frozen=True, slots=True, eq=False)
class Feed:
    """What steps learn from.

    Args:
        take: The next step's tensors, in the processor's memory.
        unpack: The same tensors on the device to crops [B, num_views, H, W] uint8 and vertices [B, V, 3] cm; part of
            what a CUDA graph captures.
    """

    take: Callable[[], tuple[Tensor, ...]]
    unpack: Callable[..., tuple[Tensor, Tensor]]


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What batches are made of.

    Args:
        choice: All training frames.
        config: The training's settings.
        gray_mean: [num_views] of the training pixels.
        share: Of each batch, of this process.
        steps_per_epoch: Of the plan.
        strength: Of the augmentation at a step; asked on other threads.
    """

    choice: FrameChoice
    config: TrainConfig
    gray_mean: np.ndarray
    share: Share
    steps_per_epoch: int
    strength: Callable[[int], float]

    @property
    def num_samples(self) -> int:
        """Pictures that a step learns from, over all processes."""
        _, indices = choose_indices(len(self.choice), self.config, 0, self.steps_per_epoch)
        return len(indices) * (2 if self.config.is_paired else 1)


@contextmanager
def feed(source: Source, compute: Compute, first_step: int, say: Callable[[str], None]) -> Iterator[Feed]:
    """Open what steps learn from.

    Args:
        source: What batches are made of.
        compute: What trains, and whether it holds the data.
        first_step: That `take` gives first.
        say: Takes a line for people.
    """
    choice, config, gray_mean = source.choice, source.config, source.gray_mean
    is_held = compute.holds_data
    if is_held:
        num_bytes = DeviceFrames.num_bytes(choice, config)
        is_held = fits(num_bytes, compute.device)
        says = "it lies there" if is_held else "more than half of what is free: the processor keeps and augments it"
        say(f"The data set takes {num_bytes / 1e9:.2f} GB of the device's memory, {says}.")

    if is_held:
        frames = DeviceFrames(choice, config, gray_mean, compute.device)
        unpack = frames.unpack

        def make(step: int) -> tuple[Tensor, ...]:
            strength = source.strength(step)
            return _pinned(frames.numbers_of(step, source.steps_per_epoch, strength, source.share), compute)

    else:
        unpack = _as_it_is

        def make(step: int) -> tuple[Tensor, ...]:
            strength = source.strength(step)
            batch = make_batch(choice, config, step, source.steps_per_epoch, strength, gray_mean, source.share)
            return _pinned((torch.from_numpy(batch.crops), torch.from_numpy(batch.vertices)), compute)

    num_threads = 1 if is_held or compute.device.type == "cpu" else _LOADERS_BESIDE_A_GPU
    with Ahead(make, first_step, num_threads) as ahead:
        yield Feed(ahead.take, unpack)


def _pinned(tensors: tuple[Tensor, ...], compute: Compute) -> tuple[Tensor, ...]:
    # A GPU fetches from pinned memory by itself, while the processor goes on.
    return tuple(tensor.pin_memory() for tensor in tensors) if compute.device.type == "cuda" else tensors


def _as_it_is(crops: Tensor, vertices: Tensor) -> tuple[Tensor, Tensor]:
    return crops, vertices
