"""Faces as files have them: polygons of any number of corners, either way round; from them the actor's triangles.

Rule: vertices keep their order and number; triangles wind counter-clockwise seen from outside, as everywhere in ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Polygons:
    """The faces of a file.

    Args:
        counts: [F] int32, corners of each face.
        corners: [sum of counts] int32, vertices of all faces one after the other.
        uv: [T, 2] float32, origin at the lower left; None where the file has none.
        uv_corners: As `corners`, into `uv`.
        is_clockwise: As the format defines its winding.
        sets: Named vertex sets.
    """

    counts: np.ndarray
    corners: np.ndarray
    uv: np.ndarray | None = None
    uv_corners: np.ndarray | None = None
    is_clockwise: bool = False
    sets: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def num_used(self) -> int:
        """One more than the highest vertex any face names."""
        return int(self.corners.max()) + 1 if self.corners.size else 0

    def triangles(self, is_turned: bool) -> tuple[np.ndarray, np.ndarray | None]:
        """[F, 3] int32 faces and texture faces, as fans from each polygon's first corner.

        Args:
            is_turned: Reverse the order of the corners.
        """
        starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]])
        num_triangles = np.maximum(self.counts - 2, 0)
        first = np.repeat(starts, num_triangles)
        step = np.arange(num_triangles.sum()) - np.repeat(np.cumsum(num_triangles) - num_triangles, num_triangles)
        order = np.stack([first, first + step + 1, first + step + 2], axis=1)  # into the corners
        if is_turned:
            order = order[:, [0, 2, 1]]
        faces = self.corners[order].astype(np.int32)
        return faces, None if self.uv_corners is None else self.uv_corners[order].astype(np.int32)

    def edges(self) -> np.ndarray:
        """[E, 2] int64, each edge once, lower vertex first."""
        ends = np.cumsum(self.counts)
        following = np.arange(len(self.corners)) + 1
        following[ends - 1] = ends - self.counts
        return unique_edges(np.stack([self.corners, self.corners[following]], axis=1))


def unique_edges(pairs: np.ndarray) -> np.ndarray:
    """[E, 2] int64, each pair once, lower vertex first."""
    return np.unique(np.sort(pairs.astype(np.int64), axis=1), axis=0)


def triangle_edges(faces: np.ndarray) -> np.ndarray:
    """[E, 2] int64, the edges of [F, 3] triangles."""
    return unique_edges(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]))


def signed_volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """The volume the triangles enclose, positive where they wind counter-clockwise seen from outside.

    An open neck is closed towards the middle of the mesh, which changes the sign of no head.
    """
    centred = vertices.astype(np.float64) - vertices.mean(0, dtype=np.float64)
    a, b, c = (centred[faces[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6)


def cylinder_uv(vertices: np.ndarray) -> np.ndarray:
    """[V, 2] float32 texture coordinates for a mesh that brings none: the angle around the head, and the height."""
    centre = (vertices.min(0) + vertices.max(0)) / 2
    across, up, out = (vertices - centre).T
    angle = np.arctan2(across, out) / (2 * np.pi) + 0.5
    height = up / max(float(np.ptp(up)), 1e-6) + 0.5
    return np.stack([angle, height], axis=1).astype(np.float32)
