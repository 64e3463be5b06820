"""The brows, hair by hair: upright at the nose, lying outwards along the arch, thinning to a tail."""

import numpy as np

from training.actor.canvas import Canvas, blend, layered_noise, smoothstep
from training.actor.complexion import Complexion
from training.actor.skin import strokes

# The arch on the average head: x, height of its middle line, half thickness (cm).
_ALONG_X = (1.05, 1.6, 2.6, 3.7, 4.6, 5.35)
_MIDDLE_Y = (3.46, 3.62, 3.90, 4.10, 3.96, 3.44)
_HALF_CM = (0.26, 0.34, 0.33, 0.26, 0.17, 0.06)
_HEADING_DEG = (78.0, 58.0, 24.0, 4.0, -20.0, -36.0)
_HAIRS_PER_CM2 = 170.0


def paint_brows(colour: np.ndarray, canvas: Canvas, looks: Complexion, rng: np.random.Generator) -> np.ndarray:
    """[N, 3] with brows."""
    weight = looks.brow_weight
    rows = np.flatnonzero((np.abs(canvas.home[:, 1] - 3.5) < 1.4) & (canvas.home[:, 2] > 3))
    patch = canvas.part(rows)
    aside, height = np.abs(patch.home[:, 0]), patch.home[:, 1]
    half = np.interp(aside, _ALONG_X, _HALF_CM) * (0.45 + 0.55 * weight)
    across = (height - np.interp(aside, _ALONG_X, _MIDDLE_Y)) / half
    inside = smoothstep(_ALONG_X[0] - 0.3, _ALONG_X[0] + 0.35, aside) * smoothstep(_ALONG_X[-1] + 0.1, 5.0, aside)
    inside *= smoothstep(1.25, 0.55, np.abs(across))
    uneven = np.clip(0.9 + 0.5 * layered_noise(patch.place, 0.35, 2, rng), 0.2, 1.5)

    # Hair lets skin through everywhere; a soft tone beneath stands for the finest hairs.
    under = inside * uneven * (0.20 + 0.20 * weight)
    hair = np.asarray(looks.hair, np.float32) * 0.85
    colour[rows] = blend(colour[rows], hair, np.clip(under, 0, 0.75))

    plane = np.zeros((canvas.size_px, canvas.size_px), np.uint8)
    roots = strokes.choose(patch, _HAIRS_PER_CM2 * (0.35 + 0.65 * weight) * inside * uneven, rng)
    x, side = aside[roots], np.sign(patch.home[roots, 0])
    count = len(roots)
    # Upper hairs turn down, lower ones up, so that they meet in the middle line.
    angle = np.interp(x, _ALONG_X, _HEADING_DEG) - 22 * across[roots] * (x > 1.5) + rng.normal(0, 9, count)
    angle = np.radians(angle)
    headings = np.stack([side * np.cos(angle), np.sin(angle), 0 * angle], axis=1)
    bends = np.stack([side * 0.5, np.full(count, -0.35) * np.sign(across[roots] + 0.3), 0 * angle], axis=1)
    lengths = np.interp(x, _ALONG_X, (0.38, 0.5, 0.6, 0.55, 0.45, 0.32)) * rng.uniform(0.65, 1.15, count)
    courses = strokes.grow(patch, roots, headings, lengths * (0.75 + 0.25 * weight), bends)
    tones = rng.uniform(0.25, 0.85, count) * np.interp(x, [1.0, 1.8], [0.55, 1.0])
    strokes.draw(plane, courses, 0.65 * tones)
    strokes.draw(plane, courses[:, :4], tones)
    cover = patch.read(plane).astype(np.float32) / 255
    colour[rows] = blend(colour[rows], hair * 0.9, 0.82 * cover)
    return colour
