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
class Part:
    """The error over a named set of vertices, or over one shot.

    Args:
        name: Of the vertex set or shot.
        num_vertices: Measured in each frame.
        num_frames: Measured.
        rmse_mm: As the paper defines it.
        mean_face_rmse_mm: Of the mean of all measured frames, shown in every frame.
    """

    name: str
    num_vertices: int
    num_frames: int
    rmse_mm: float
    mean_face_rmse_mm: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What was measured.

    Args:
        num_frames: Measured.
        rmse_mm: Over the animated vertices of all frames (Laine et al. 2017, section 5).
        mean_face_rmse_mm: Of the mean of these frames, the best that a face that never moves can do.
        mean_mm: Mean distance.
        p95_mm: 95 % of all distances are below.
        max_mm: The worst vertex of the worst frame.
        regions: By vertex set.
        shots: By shot.
    """

    num_frames: int
    rmse_mm: float
    mean_face_rmse_mm: float
    mean_mm: float
    p95_mm: float
    max_mm: float
    regions: tuple[Part, ...]
    shots: tuple[Part, ...]


def measure(choice: FrameChoice, topology: Topology, solve: Solve, batch_size: int = 16) -> Evaluation:
    """Solve every chosen frame and compare.

    Args:
        choice: Frames with their truth.
        topology: Its vertex sets name the regions; all vertices count as animated where it names none.
        solve: Crops to vertices.
        batch_size: Frames solved at a time.
    """
    num_frames = len(choice)
    truths_mean = np.zeros(topology.neutral.shape, np.float64)
    for index in range(num_frames):
        truths_mean += choice.vertices(index)
    mean_face = (truths_mean / num_frames).astype(np.float32)

    solved_mm = np.empty((num_frames, topology.num_vertices), np.float32)
    still_mm = np.empty_like(solved_mm)
    for first in range(0, num_frames, batch_size):
        indices = range(first, min(first + batch_size, num_frames))
        crops = np.stack([choice.crop(index) for index in indices])
        truth = np.stack([choice.vertices(index) for index in indices])
        solved_mm[indices.start : indices.stop] = distances_mm(solve(crops), truth)
        still_mm[indices.start : indices.stop] = distances_mm(mean_face, truth)
    return _summary(choice, topology, solved_mm, still_mm)


def _summary(choice: FrameChoice, topology: Topology, solved_mm: np.ndarray, still_mm: np.ndarray) -> Evaluation:
    animated = topology.animated
    regions = {name: rows for name, rows in topology.sets.items() if rows.ndim == 1 and rows.size}
    of_animated = solved_mm[:, animated]
    shots = []
    for shot_index, cached in enumerate(choice.shots):
        rows = np.flatnonzero(choice.shot_indices == shot_index)
        if rows.size:
            shots.append(_part(cached.shot.facts.name, solved_mm[rows][:, animated], still_mm[rows][:, animated]))
    return Evaluation(
        num_frames=len(choice),
        rmse_mm=rmse_mm(of_animated),
        mean_face_rmse_mm=rmse_mm(still_mm[:, animated]),
        mean_mm=float(of_animated.mean(dtype=np.float64)),
        p95_mm=float(np.percentile(of_animated, 95)),
        max_mm=float(of_animated.max()),
        regions=tuple(_part(name, solved_mm[:, rows], still_mm[:, rows]) for name, rows in regions.items()),
        shots=tuple(shots),
    )


def _part(name: str, solved_mm: np.ndarray, still_mm: np.ndarray) -> Part:
    num_frames, num_vertices = solved_mm.shape
    return Part(name, num_vertices, num_frames, rmse_mm(solved_mm), rmse_mm(still_mm))
