"""Hairs and spots laid on the skin itself: each starts at a texel and follows the surface.

Rule: drawn into coverage planes [S, S] uint8, 255 = covered; the painters decide what covers.
"""

import cv2
import numpy as np

from training.actor.canvas import Canvas, smoothstep

_SUBPIXEL_BITS = 4
_NUM_TONES = 8


def choose(canvas: Canvas, per_cm2: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[n] rows of texels strewn at random with this density.

    Args:
        canvas: Where.
        per_cm2: [N] how many stand on a square centimetre.
        rng: Decides.
    """
    expected = per_cm2 * canvas.area_cm2()
    return np.flatnonzero(rng.random(len(expected), dtype=np.float32) < expected)


def grow(
    canvas: Canvas, roots: np.ndarray, headings: np.ndarray, lengths_cm: np.ndarray, bends: np.ndarray | None = None
) -> np.ndarray:
    """[n, 5, 2] px: the course of each hair over the atlas; it stops at the border of its island.

    Args:
        canvas: Where they stand.
        roots: [n] rows of texels.
        headings: [n, 3] direction at the root; what points off the skin is laid on it.
        lengths_cm: [n].
        bends: [n, 3] added to the heading over the hair's length.
    """
    num_steps, size = 4, canvas.size_px
    texels = canvas.texels[roots]
    here = np.stack([texels % size, texels // size], axis=1) + 0.5
    triangle = canvas.triangle_at.ravel()[texels]
    course = [here]
    for step in range(num_steps):
        heading = headings if bends is None else headings + bends * (step + 0.5) / num_steps
        heading = heading / np.maximum(np.linalg.norm(heading, axis=1, keepdims=True), 1e-6)
        ahead = np.einsum("nij,nj->ni", canvas.px_per_cm[triangle], heading) * (lengths_cm / num_steps)[:, None]
        beyond = here + ahead
        column, row = np.clip(beyond.astype(int), 0, size - 1).T
        reached = canvas.triangle_at[row, column]
        is_on = reached >= 0
        here = np.where(is_on[:, None], beyond, here)
        triangle = np.where(is_on, reached, triangle)
        course.append(here)
    return np.stack(course, axis=1)


def draw(plane: np.ndarray, courses: np.ndarray, tones: np.ndarray, thickness_px: int = 1) -> None:
    """Draw hairs into a coverage plane, the faint ones first.

    Args:
        plane: [S, S] uint8, changed.
        courses: [n, steps, 2] px.
        tones: [n] in 0..1.
        thickness_px: Of the lines.
    """
    points = np.round((courses - 0.5) * 2**_SUBPIXEL_BITS).astype(np.int32)
    levels = np.clip((tones * _NUM_TONES).astype(int), 0, _NUM_TONES - 1)
    for level in range(_NUM_TONES):
        lines = list(points[levels == level])
        if lines:
            cover = int(255 * (level + 1) / _NUM_TONES)
            cv2.polylines(plane, lines, False, cover, thickness_px, cv2.LINE_AA, _SUBPIXEL_BITS)


def spots(canvas: Canvas, centres: np.ndarray, radii_cm: np.ndarray, softness: float) -> np.ndarray:
    """[N] 0..1: soft spots, round on the skin wherever the atlas stretches it.

    Args:
        canvas: Where.
        centres: [n] rows of texels.
        radii_cm: [n] at which they have fallen to half.
        softness: Share of the radius, to either side, over which they fall.
    """
    size = canvas.size_px
    plane = np.zeros((size, size), np.float32)
    maps = canvas.px_per_cm[canvas.triangle[centres]].astype(np.float64)
    for texel, radius_cm, steps in zip(canvas.texels[centres], radii_cm, maps, strict=True):
        row, column = divmod(int(texel), size)
        cm_per_px = np.linalg.pinv(steps)
        # A texel that a spot only touches takes part of it.
        reach_cm = radius_cm * (1 + softness) + 0.5 * np.linalg.norm(cm_per_px, axis=0).min()
        width, height = (int(np.linalg.norm(step) * reach_cm) + 1 for step in steps)
        top, left = max(row - height, 0), max(column - width, 0)
        y, x = np.mgrid[top : min(row + height + 1, size), left : min(column + width + 1, size)]
        far = np.linalg.norm(np.stack([x - column, y - row], axis=-1) @ cm_per_px.T, axis=-1)
        cover = smoothstep(reach_cm, radius_cm * (1 - softness), far)
        patch = plane[top : top + len(y), left : left + x.shape[1]]
        np.maximum(patch, cover, out=patch, casting="unsafe")
    return canvas.read(plane)
