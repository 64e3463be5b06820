"""The lips: red where the skin is thin, a soft border, upright folds, moist and dark where they meet."""

from functools import lru_cache

import numpy as np

from training.actor.anatomy import load_anatomy
from training.actor.canvas import Canvas, blend, grain, noise, smoothstep, tinted
from training.actor.complexion import Complexion
from training.actor.rings import mouth_rings
from training.actor.skin.around import around

_LIPSTICK = np.array([0.60, 0.17, 0.20], np.float32)
_NUM_ALONG = 65


def paint_lips(
    colour: np.ndarray, canvas: Canvas, looks: Complexion, num_vertices: int, rng: np.random.Generator
) -> np.ndarray:
    """[N, 3] with lips."""
    near = around(canvas, mouth_rings(), num_vertices)
    upper_edge, lower_edge = _borders()
    steps = np.linspace(0, 1, _NUM_ALONG)
    edge = np.where(near.is_upper, np.interp(near.along, steps, upper_edge), np.interp(near.along, steps, lower_edge))
    patch, some = canvas.part(near.rows), colour[near.rows]
    # The border wanders a little, and the cupid's bow is its sharpest part.
    wander = 0.22 * noise(patch.place, 0.22, rng) + 0.15 * noise(patch.place, 0.09, rng)
    beyond = near.ring - edge + wander
    softness = np.where(near.is_upper, 0.75, 0.95)
    share = smoothstep(1.0, -1.0, beyond / softness)
    depth = np.clip(near.ring / np.maximum(edge, 1.0), -0.5, 1.5)  # 0 where the lips meet, 1 at the border

    tone = np.asarray(looks.skin, np.float32) * np.asarray(looks.lips, np.float32)
    tone = np.broadcast_to(tone, some.shape)
    tone = tinted(tone, 0.6 * near.is_upper, (0.08, 0.09, 0.08))
    tone = tinted(tone, smoothstep(0.55, 0.0, depth), (0.10, 0.24, 0.21))
    tone = tinted(tone, np.exp(-(((depth - 0.55) / 0.25) ** 2)) * ~near.is_upper, (-0.05, -0.045, -0.04))
    # Folds run from the border to the mouth; they lie closer than the loops' columns.
    folds = _folds(near.along, near.is_upper, depth, rng)
    tone = tinted(tone, folds * (0.7 + 0.5 * looks.age), (0.10, 0.13, 0.12))
    tone = tinted(tone, grain(patch, 0.8, 2.2, rng), (0.012, 0.018, 0.018))
    tone = blend(tone, _LIPSTICK * (0.6 + 0.5 * float(np.mean(looks.skin))), np.full(len(tone), 0.62 * looks.makeup))
    some = blend(some, tone, share * (0.80 + 0.15 * looks.makeup))

    rim = np.exp(-(((beyond - 1.3) / 0.6) ** 2)) * smoothstep(0.1, 0.35, np.minimum(near.along, 1 - near.along))
    some = tinted(some, rim * near.is_upper, (-0.045, -0.045, -0.045))
    corner = np.exp(-((np.minimum(near.along, 1 - near.along) / 0.07) ** 2)) * smoothstep(5.0, 1.0, near.ring)
    some = tinted(some, corner, (0.28, 0.36, 0.34))
    # Where the lips touch there is no light; further in, wet mucosa.
    seam = smoothstep(1.6, -0.2, near.ring)
    some = tinted(some, seam, (0.45, 0.62, 0.60))
    colour[near.rows] = some
    return colour


def _folds(along: np.ndarray, is_upper: np.ndarray, depth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """[n] about -1..1: upright folds, deepest half-way, none in the corners."""
    course = np.stack([along * 2.0 + 3 * is_upper, depth * 0.10, depth * 0], axis=1).astype(np.float32)
    folds = 0.9 * noise(course, 0.030, rng) + 0.8 * noise(course, 0.014, rng)
    return np.asarray(folds * np.exp(-(((depth - 0.45) / 0.5) ** 2)))


@lru_cache(maxsize=1)
def _borders() -> tuple[np.ndarray, np.ndarray]:
    """[65] ring number of the upper and of the lower lip's border from the left corner to the right.

    Where the package's own lip mask falls below half, made even and smooth.
    """
    rings, mask = mouth_rings(), load_anatomy().masks["lips"]
    borders = []
    for columns in (rings.upper, rings.lower):
        values = mask[rings.rows[:, columns]]  # [R, n]
        inside = values > 0.5
        last = len(values) - 1 - inside[::-1].argmax(0)
        following = np.minimum(last + 1, len(values) - 1)
        here, there = values[last, np.arange(len(columns))], values[following, np.arange(len(columns))]
        crossing = last + rings.first + np.clip((here - 0.5) / np.maximum(here - there, 1e-3), 0, 1)
        crossing = (crossing + crossing[::-1]) / 2
        ends = np.concatenate([[1.5], crossing, [1.5]])
        smooth = np.convolve(np.pad(ends, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
        borders.append(np.interp(np.linspace(0, 1, _NUM_ALONG), np.linspace(0, 1, len(smooth)), smooth))
    return borders[0], borders[1]
