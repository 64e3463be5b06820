"""Surface normals of a batch of meshes, with gradients that stay bounded."""

import numpy as np
import torch
from torch import Tensor, nn

_SOFTENING = 0.1  # of a vertex's area vector at rest: a fold, where area vectors cancel, has no direction to learn


class SurfaceNormals(nn.Module):
    """Vertex normals, faces weighted by their area.

    The sum N of twice the area vectors around a vertex becomes N / sqrt(|N|^2 + (|N at rest| / 10)^2): at most half a
    percent short of a unit vector where the surface is as at rest, and near zero where it is folded shut.

    Args:
        faces: [F, 3] int32.
        neutral: [V, 3] cm.
    """

    corners: Tensor
    floors: Tensor

    def __init__(self, faces: np.ndarray, neutral: np.ndarray) -> None:
        super().__init__()
        self.register_buffer("corners", torch.from_numpy(faces.T.astype(np.int64)), persistent=False)  # [3, F]
        at_rest = self._sums(torch.from_numpy(neutral.astype(np.float64))[None])[0].norm(dim=-1, keepdim=True)
        # The smallest number only matters to vertices without a face: their normal is zero, not undefined.
        floors = (_SOFTENING * at_rest).clamp(min=1e-6).float()
        self.register_buffer("floors", floors, persistent=False)  # [V, 1] cm2

    def forward(self, vertices: Tensor) -> Tensor:
        """[B, V, 3] normals of [B, V, 3] cm."""
        sums = self._sums(vertices)
        squares = sums.square().sum(-1, keepdim=True)
        return sums * torch.rsqrt(squares + self.floors.square())

    def _sums(self, vertices: Tensor) -> Tensor:
        first, second, third = (vertices.index_select(1, corner) for corner in self.corners)
        areas = torch.linalg.cross(second - first, third - first)  # [B, F, 3], twice the area
        return torch.zeros_like(vertices).index_add(1, self.corners.flatten(), areas.repeat(1, 3, 1))


def edge_lengths(faces: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """[V] root mean square length of the edges that meet at each vertex, cm; 0 where none do.

    Args:
        faces: [F, 3] int32; an edge counts once for each of its faces.
        neutral: [V, 3] cm.
    """
    starts, ends = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    squares = ((neutral[ends].astype(np.float64) - neutral[starts]) ** 2).sum(1)
    rows = np.concatenate([starts, ends])
    sums = np.bincount(rows, np.tile(squares, 2), len(neutral))
    return np.sqrt(sums / np.maximum(np.bincount(rows, minlength=len(neutral)), 1))
