"""Painting in three dimensions: every texel of the atlas knows its place on the head; noise lives in space, not in UV.

Rule: arrays of texels are [S, S], top row first, places in centimetres.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from engine.mesh import Topology, VertexNormals


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """What each texel shows.

    Args:
        place: [S, S, 3] float32 cm on the neutral head.
        normal: [S, S, 3] float32.
        vertex: [S, S] int32, the nearest corner of the texel's triangle.
        barycentric: [S, S, 3] float32 in that triangle.
        triangle: [S, S] int32, -1 where the atlas is empty.
    """

    place: np.ndarray
    normal: np.ndarray
    vertex: np.ndarray
    barycentric: np.ndarray
    triangle: np.ndarray
    faces: np.ndarray

    def spread(self, per_vertex: np.ndarray) -> np.ndarray:
        """[S, S, ...] values interpolated from [V, ...] vertices."""
        corners = per_vertex[self.faces[np.maximum(self.triangle, 0)]]
        return np.einsum("hwc...,hwc->hw...", corners, self.barycentric).astype(np.float32)

    def is_in(self, rows: np.ndarray, num_vertices: int) -> np.ndarray:
        """[S, S] bool: texels whose nearest vertex is one of `rows`."""
        member = np.zeros(num_vertices, bool)
        member[rows] = True
        return member[self.vertex]

    def filled(self, image: np.ndarray) -> np.ndarray:
        """The image with the atlas's empty texels taken from their nearest neighbours, so that seams do not bleed."""
        nearest = ndimage.distance_transform_edt(self.triangle < 0, return_distances=False, return_indices=True)
        return image[nearest[0], nearest[1]]


def make_canvas(topology: Topology, size_px: int) -> Canvas:
    """Rasterise the atlas."""
    corners = topology.uv[topology.uv_faces].astype(np.float64) * size_px  # [F, 3, 2]
    corners[..., 1] = size_px - corners[..., 1]
    triangle = np.full((size_px, size_px), -1, np.int32)
    barycentric = np.zeros((size_px, size_px, 3), np.float32)
    lows = np.maximum(np.floor(corners.min(1)).astype(int) - 1, 0)
    highs = np.minimum(np.ceil(corners.max(1)).astype(int) + 2, size_px)
    for face, ((ax, ay), (bx, by), (cx, cy)) in enumerate(corners):
        area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if area == 0:
            continue
        (x0, y0), (x1, y1) = lows[face], highs[face]
        x, y = np.arange(x0, x1)[None] + 0.5, np.arange(y0, y1)[:, None] + 0.5
        second = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area
        third = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area
        first = 1 - second - third
        inside = (first >= -1e-3) & (second >= -1e-3) & (third >= -1e-3)
        triangle[y0:y1, x0:x1][inside] = face
        barycentric[y0:y1, x0:x1][inside] = np.stack([first, second, third], axis=-1)[inside]
    normals = VertexNormals(topology.faces, topology.num_vertices)(topology.neutral)
    drawn = topology.faces[np.maximum(triangle, 0)]
    vertex = np.take_along_axis(drawn, barycentric.argmax(-1)[..., None], axis=-1)[..., 0]
    bare = Canvas(np.empty(0), np.empty(0), vertex, barycentric, triangle, topology.faces)
    return Canvas(bare.spread(topology.neutral), bare.spread(normals), vertex, barycentric, triangle, topology.faces)


def noise(place: np.ndarray, period_cm: float, rng: np.random.Generator) -> np.ndarray:
    """[...] float32 in about -1..1: smooth value noise in space.

    Args:
        place: [..., 3] cm.
        period_cm: Distance between the lattice's values.
        rng: Source of the lattice.
    """
    lattice = rng.uniform(-1, 1, (61, 67, 71)).astype(np.float32)
    steps = np.moveaxis(place / period_cm + 500.0, -1, 0)
    return ndimage.map_coordinates(lattice, steps.reshape(3, -1), order=1, mode="grid-wrap").reshape(place.shape[:-1])


def layered_noise(place: np.ndarray, period_cm: float, octaves: int, rng: np.random.Generator) -> np.ndarray:
    """Noise whose every octave is half as wide and half as strong."""
    layers = [noise(place, period_cm / 2**octave, rng) / 2**octave for octave in range(octaves)]
    return np.sum(layers, axis=0)


def smoothstep(low: float, high: float, values: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between; `low` may be the larger."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return share * share * (3 - 2 * share)
