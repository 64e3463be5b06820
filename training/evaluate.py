"""How far solved meshes lie from the truth, in millimetres, over the vertices that move.

Rule: the same frames are measured against the best constant face too, since a lazy actor makes any error small. This is
what a training watches as it goes; `training/panel` measures everything there is once it is done.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.mesh import Topology, distances_mm, rmse_mm
from training.crops import FrameChoice

Solve = Callable[[np.ndarray], np.ndarray]  # [B, num_views, H, W] uint8 -> [B, V, 3] float32 cm


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured, over the animated vertices of all frames.

    Args:
        rmse_mm: As the paper defines it (Laine et al. 2017, section 5).
        mean_face_rmse_mm: Of the mean of these frames, the best that a face that never moves can do.
        mean_mm: Mean distance.
    """

    rmse_mm: float
    mean_face_rmse_mm: float
    mean_mm: float


def measure(choice: FrameChoice, topology: Topology, solve: Solve, batch_size: int = 16) -> Evaluation:
    """Solve every chosen frame and compare.

    Args:
        choice: Frames with their truth.
        topology: Names the animated vertices; all of them where it names none.
        solve: Crops to vertices.
        batch_size: Frames solved at a time.
    """
    num_frames, animated = len(choice), topology.animated
    truths_mean = np.zeros(topology.neutral.shape, np.float64)
    for index in range(num_frames):
        truths_mean += choice.vertices(index)
    mean_face = (truths_mean / num_frames).astype(np.float32)[animated]

    solved_mm = np.empty((num_frames, len(animated)), np.float32)
    still_mm = np.empty_like(solved_mm)
    for first in range(0, num_frames, batch_size):
        indices = range(first, min(first + batch_size, num_frames))
        crops = np.stack([choice.crop(index) for index in indices])
        truth = np.stack([choice.vertices(index)[animated] for index in indices])
        solved_mm[indices.start : indices.stop] = distances_mm(solve(crops)[:, animated], truth)
        still_mm[indices.start : indices.stop] = distances_mm(mean_face, truth)
    return Evaluation(rmse_mm(solved_mm), rmse_mm(still_mm), float(solved_mm.mean(dtype=np.float64)))
