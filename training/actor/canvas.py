"""Painting in three dimensions: every texel of the atlas knows its place on the head; noise lives in space, not in UV.

Rule: values are kept texel by texel, [N] rows of the texels that show something; places are in centimetres.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy import ndimage

from engine.mesh import Topology, VertexNormals
from training.actor.anatomy import Anatomy

_NOISE_LATTICE = (61, 67, 71)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """What each texel shows.

    Args:
        size_px: Side of the square atlas.
        texels: [N] int64, places in the flattened atlas, top row first.
        triangle: [N] int32.
        barycentric: [N, 3] float32 in that triangle.
        place: [N, 3] float32 cm on the actor's neutral head.
        home: [N, 3] float32 cm, the same spot on the package's average head, between its ears: what is drawn there
            sits on the same feature of every actor.
        normal: [N, 3] float32.
        triangle_at: [S, S] int32, -1 where the atlas is empty.
        px_per_cm: [F, 2, 3] float32, carries a step along the skin (cm) to a step in the atlas (px).
        faces: [F, 3].
    """

    size_px: int
    texels: np.ndarray
    triangle: np.ndarray
    barycentric: np.ndarray
    place: np.ndarray
    home: np.ndarray
    normal: np.ndarray
    triangle_at: np.ndarray
    px_per_cm: np.ndarray
    faces: np.ndarray

    def part(self, is_wanted: np.ndarray) -> "Canvas":
        """Only the texels of this mask or these rows."""
        return replace(
            self,
            texels=self.texels[is_wanted],
            triangle=self.triangle[is_wanted],
            barycentric=self.barycentric[is_wanted],
            place=self.place[is_wanted],
            home=self.home[is_wanted],
            normal=self.normal[is_wanted],
        )

    def spread(self, per_vertex: np.ndarray) -> np.ndarray:
        """[N] values interpolated from [V] vertices."""
        corners = per_vertex.astype(np.float32)[self.faces[self.triangle]]
        return np.asarray(np.einsum("nc,nc->n", corners, self.barycentric))

    def smooth(self, values: np.ndarray, radius_px: float) -> np.ndarray:
        """[N] values blurred over the atlas, not beyond what is drawn."""
        cover = self.image(np.ones(len(self.texels), np.float32))
        blurred, weight = (
            cv2.GaussianBlur(plane, (0, 0), radius_px) for plane in (self.image(values.astype(np.float32)), cover)
        )
        return np.asarray(self.read(blurred) / np.maximum(self.read(weight), 1e-4))

    def image(self, values: np.ndarray) -> np.ndarray:
        """[S, S, ...] of the values' type, zero where this canvas has no texel."""
        flat = np.zeros((self.size_px**2, *values.shape[1:]), values.dtype)
        flat[self.texels] = values
        return flat.reshape(self.size_px, self.size_px, *values.shape[1:])

    def read(self, image: np.ndarray) -> np.ndarray:
        """[N] the picture's values at this canvas's texels."""
        return np.asarray(image.reshape(-1, *image.shape[2:])[self.texels])

    def area_cm2(self) -> np.ndarray:
        """[N] skin under each texel."""
        first, second = self.px_per_cm[:, 0], self.px_per_cm[:, 1]
        px2_per_cm2 = np.linalg.norm(np.cross(first, second), axis=1)
        return np.asarray((1 / np.maximum(px2_per_cm2, 1.0))[self.triangle])


def make_canvas(topology: Topology, anatomy: Anatomy, size_px: int) -> Canvas:
    """Rasterise the atlas."""
    corners = topology.uv[topology.uv_faces].astype(np.float64) * size_px  # [F, 3, 2]
    corners[..., 1] = size_px - corners[..., 1]
    triangle_at, barycentric_at = _rasterise(corners, size_px)
    texels = np.flatnonzero(triangle_at >= 0)
    triangle = triangle_at.ravel()[texels]
    barycentric = barycentric_at.reshape(-1, 3)[texels]
    ears = anatomy.base[anatomy.masks["ears"] > 0]
    home = anatomy.base - (ears.max(0) + ears.min(0)) / 2
    normals = VertexNormals(topology.faces, topology.num_vertices)(topology.neutral)
    drawn = topology.faces[triangle]

    def spread(values: np.ndarray) -> np.ndarray:
        return np.asarray(np.einsum("ncx,nc->nx", values.astype(np.float32)[drawn], barycentric))

    return Canvas(
        size_px=size_px,
        texels=texels,
        triangle=triangle,
        barycentric=barycentric,
        place=spread(topology.neutral),
        home=spread(home),
        normal=spread(normals),
        triangle_at=triangle_at,
        px_per_cm=_steps(topology.neutral[topology.faces], corners),
        faces=topology.faces,
    )


def _rasterise(corners: np.ndarray, size_px: int) -> tuple[np.ndarray, np.ndarray]:
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
    return triangle, barycentric


def _steps(places: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """[F, 2, 3] px a cm: each triangle's flat map from space to the atlas."""
    sides = np.stack([places[:, 1] - places[:, 0], places[:, 2] - places[:, 0]], axis=2)  # [F, 3, 2]
    flat = np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], axis=2)  # [F, 2, 2]
    return np.asarray(flat @ np.linalg.pinv(sides.astype(np.float64), rcond=1e-6), np.float32)


def filled(image: np.ndarray, is_drawn: np.ndarray) -> np.ndarray:
    """The image with the atlas's empty texels taken from their nearest neighbours, so that seams do not bleed."""
    nearest = ndimage.distance_transform_edt(~is_drawn, return_distances=False, return_indices=True)
    return np.asarray(image[nearest[0], nearest[1]])


def noise(place: np.ndarray, period_cm: float, rng: np.random.Generator) -> np.ndarray:
    """[N] float32 in about -1..1: smooth value noise in space.

    Args:
        place: [N, 3] cm.
        period_cm: Distance between the lattice's values.
        rng: Source of the lattice.
    """
    lattice = rng.uniform(-1, 1, _NOISE_LATTICE).astype(np.float32)
    steps = np.ascontiguousarray((place / np.float32(period_cm) + np.float32(500)).T)
    return np.asarray(ndimage.map_coordinates(lattice, steps, order=1, mode="grid-wrap", prefilter=False))


def layered_noise(place: np.ndarray, period_cm: float, octaves: int, rng: np.random.Generator) -> np.ndarray:
    """Noise whose every octave is half as wide and half as strong."""
    layers = [noise(place, period_cm / 2**octave, rng) / 2**octave for octave in range(octaves)]
    return np.asarray(np.sum(layers, axis=0))


def grain(canvas: Canvas, fine_px: float, coarse_px: float, rng: np.random.Generator) -> np.ndarray:
    """[N] standard normal detail between two sizes, in texels: the finest that the atlas can hold."""
    white = rng.standard_normal((canvas.size_px, canvas.size_px), dtype=np.float32)
    detail = cv2.GaussianBlur(white, (0, 0), fine_px) - cv2.GaussianBlur(white, (0, 0), coarse_px)
    return canvas.read(detail / detail.std())


def smoothstep(low: float | np.ndarray, high: float | np.ndarray, values: np.ndarray) -> np.ndarray:
    """0 below `low`, 1 above `high`, smooth between; `low` may be the larger."""
    share = np.clip((values - low) / (high - low), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def ramp(low: float, high: float, value: float) -> float:
    """`smoothstep` of one number."""
    return float(smoothstep(low, high, np.array(value)))


def blend(colour: np.ndarray, other: np.ndarray | tuple[float, float, float], share: np.ndarray) -> np.ndarray:
    """[N, 3] `colour` with `share` [N] of `other` over it."""
    return np.asarray(colour + (np.asarray(other, np.float32) - colour) * share.astype(np.float32)[:, None])


def tinted(colour: np.ndarray, share: np.ndarray, loss: tuple[float, float, float]) -> np.ndarray:
    """[N, 3] `colour` that loses this part of red, green and blue where `share` [N] is 1 (a gain where negative)."""
    return np.asarray(colour * (1 - share.astype(np.float32)[:, None] * np.asarray(loss, np.float32)))
