"""The data set in the device's memory, and its pictures changed there: a step takes from the processor a few numbers.

Rule: the same pictures as `training/augment.py` makes, to a gray level: the same draws, the same matrices and tables,
the same interpolation. Nothing here waits for the device, so all of it can be captured in a CUDA graph.
"""

import numpy as np
import torch
from torch import Tensor

from training.augment import changes, draws, grain, has_noise
from training.batches import Share, choose_indices, repeated
from training.config import TrainConfig
from training.crops import FrameChoice

_FRAMES_A_COPY = 256


class DeviceFrames:
    """Every training frame, on a device.

    Args:
        choice: All training frames.
        config: The crop's size; whether frames come in pairs.
        gray_mean: [num_views] of the training pixels.
        device: That holds them.
    """

    def __init__(self, choice: FrameChoice, config: TrainConfig, gray_mean: np.ndarray, device: torch.device) -> None:
        self._num_frames, self._num_views, self._config = len(choice), choice.num_views, config
        self._gray_mean, self._device = gray_mean, device
        held, self._rows = _held(choice, config)
        rows, columns = held.grown(0).shape[1:]
        self._grown = torch.empty((len(held), self._num_views, rows, columns), dtype=torch.uint8, device=device)
        self._vertices = torch.empty((len(held), *held.vertices(0).shape), dtype=torch.float32, device=device)
        for first in range(0, len(held), _FRAMES_A_COPY):
            some = range(first, min(first + _FRAMES_A_COPY, len(held)))
            part = slice(some.start, some.stop)
            self._grown[part] = torch.from_numpy(np.stack([held.grown(row) for row in some]))
            self._vertices[part] = torch.from_numpy(np.stack([held.vertices(row) for row in some]))
        self._warp = Warp((columns, rows), (config.input_width_px, config.input_height_px), device)
        self._grain = Grain(config.input_width_px, config.input_height_px, device) if has_noise(config) else None

    @staticmethod
    def num_bytes(choice: FrameChoice, config: TrainConfig) -> int:
        """Memory that holding them takes."""
        held, _ = _held(choice, config)
        return len(held) * (held.grown(0).nbytes + 4 * held.vertices(0).size)

    def numbers_of(self, step: int, steps_per_epoch: int, strength: float, share: Share) -> tuple[Tensor, ...]:
        """What a step takes from the processor: rows [B], matrices [B, views, 3, 3], tables [B, views, 256].

        Where noise is asked for also [B, views, 3] of `Changes.noise`.
        """
        config = self._config
        epoch, indices = choose_indices(self._num_frames, config, step, steps_per_epoch, share)
        every, takes = repeated(indices, config)
        of_views = [
            changes(draws(config.seed, epoch, view, self._num_frames)[every], config, strength, float(mean), takes)
            for view, mean in enumerate(self._gray_mean)
        ]
        matrices = np.stack([of_view.matrices for of_view in of_views], axis=1).astype(np.float32)
        of_pictures = [matrices, np.stack([of_view.tables for of_view in of_views], axis=1)]
        noise = [of_view.noise for of_view in of_views if of_view.noise is not None]
        if noise:
            of_pictures.append(np.stack(noise, axis=1))
        rows = self._rows[indices].ravel()
        return tuple(torch.from_numpy(array) for array in (rows, *of_pictures))

    def unpack(
        self, rows: Tensor, matrices: Tensor, tables: Tensor, noise: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Crops [B, num_views, H, W] uint8 and vertices [B, V, 3] cm, from `numbers_of` on the device."""
        crops = self._warp(self._grown[rows].flatten(0, 1), matrices.flatten(0, 1), tables.flatten(0, 1))
        if self._grain is not None and noise is not None:
            crops = self._grain(crops, noise.flatten(0, 1))
        return crops.unflatten(0, (-1, self._num_views)), self._vertices[rows]


class Warp:
    """Cuts crops out of grown pictures, changed; `training.augment.augment` for a batch.

    Args:
        source: Width and height of the grown pictures.
        size: Width and height of the crops.
        device: Of both.
    """

    def __init__(self, source: tuple[int, int], size: tuple[int, int], device: torch.device) -> None:
        self._size = size
        y, x = torch.meshgrid(torch.arange(size[1]), torch.arange(size[0]), indexing="ij")
        self._x, self._y = (axis.float().ravel().to(device) for axis in (x, y))  # [H * W]
        self._to_unit = [2.0 / (length - 1) for length in source]  # grid_sample counts from -1 to 1

    def __call__(self, grown: Tensor, matrices: Tensor, tables: Tensor) -> Tensor:
        """[n, H', W'] uint8, [n, 3, 3] float32, [n, 256] uint8 to [n, H, W] uint8."""
        row = [matrices[:, index, :, None] for index in range(3)]  # [n, 3, 1] each
        # Not a matrix product: a GPU may round its factors to ten bits.
        across, down, depth = (each[:, 0] * self._x + each[:, 1] * self._y + each[:, 2] for each in row)
        where = torch.stack([across / depth * self._to_unit[0] - 1.0, down / depth * self._to_unit[1] - 1.0], dim=2)
        grid = where.unflatten(1, (self._size[1], self._size[0]))  # [n, H, W, 2]
        picture = torch.nn.functional.grid_sample(
            grown[:, None].float(), grid, mode="bilinear", padding_mode="border", align_corners=True
        )
        levels = picture.round().flatten(1).long()  # [n, H * W]
        return tables.gather(1, levels).unflatten(1, (self._size[1], self._size[0]))


class Grain:
    """Adds noise to crops, as `training.augment.augment` does.

    Args:
        width_px: Of the crops.
        height_px: Likewise.
        device: Of them.
    """

    def __init__(self, width_px: int, height_px: int, device: torch.device) -> None:
        self._grain = torch.from_numpy(grain(width_px, height_px).copy()).to(device)
        self._columns, self._rows = (torch.arange(length, device=device) for length in (width_px, height_px))

    def __call__(self, crops: Tensor, noise: Tensor) -> Tensor:
        """[n, H, W] uint8 and [n, 3] float32 of `Changes.noise` to [n, H, W] uint8."""
        columns = noise[:, 1, None].long() + self._columns  # [n, W]
        rows = noise[:, 2, None].long() + self._rows  # [n, H]
        cut = self._grain[rows[:, :, None], columns[:, None, :]]
        return (crops + noise[:, :1, None] * cut).round().clamp(0, 255).byte()


def fits(num_bytes: int, device: torch.device) -> bool:
    """Whether a data set leaves the device room enough to train with."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return num_bytes < free // 2


def _held(choice: FrameChoice, config: TrainConfig) -> tuple[FrameChoice, np.ndarray]:
    """The frames to hold, each once, and [n, 1 or 2] which of them a chosen frame is (and is followed by)."""
    every = np.arange(len(choice))
    if not config.velocity_weight:
        return choice, every.repeat(2 if config.is_paired else 1).reshape(len(choice), -1)
    pairs = choice.with_next(every)
    frames, rows = np.unique(np.stack([pairs.shot_indices, pairs.frame_indices], axis=1), axis=0, return_inverse=True)
    return FrameChoice(choice.shots, frames[:, 0], frames[:, 1]), rows.reshape(-1, 2)
