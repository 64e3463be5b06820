"""A crew-neck shirt, so that the bust ends in cloth."""

import numpy as np

from training.actor.canvas import Canvas, blend, layered_noise, noise, smoothstep, tinted

_COLOURS = (
    (0.155, 0.165, 0.180),  # charcoal
    (0.105, 0.130, 0.185),  # navy
    (0.085, 0.085, 0.090),  # black
    (0.190, 0.195, 0.155),  # olive
    (0.215, 0.110, 0.120),  # burgundy
    (0.270, 0.280, 0.290),  # gray
)
# Height of the neckline by direction from the chest's middle (degrees).
_DIRECTION_DEG = (0, 8, 16, 25, 37, 50, 75, 100, 130, 180)
_NECKLINE_CM = (-13.55, -13.5, -13.35, -13.05, -12.5, -11.85, -10.6, -9.4, -8.4, -7.6)
_COLLAR_CM = 1.7


def paint_shirt(colour: np.ndarray, canvas: Canvas, seed: int, rng: np.random.Generator) -> np.ndarray:
    """[N, 3] with a shirt; the seed decides its colour."""
    rows = np.flatnonzero(canvas.home[:, 1] < -6.5)
    patch, some = canvas.part(rows), colour[rows]
    home = patch.home
    direction = np.degrees(np.abs(np.arctan2(home[:, 0], home[:, 2] + 3.0)))
    below = np.interp(direction, _DIRECTION_DEG, _NECKLINE_CM) - home[:, 1] + 0.04 * noise(patch.place, 1.5, rng)
    # The edge throws a shadow on the skin above it.
    some = tinted(some, smoothstep(-0.9, 0.0, below), (0.22, 0.26, 0.26))
    cloth = np.broadcast_to(np.asarray(_COLOURS[seed % len(_COLOURS)], np.float32), some.shape)
    weave = 0.05 * noise(patch.place, 0.07, rng) + 0.06 * noise(patch.place, 0.16, rng)
    folds = 0.13 * layered_noise(patch.place * np.array([1.0, 0.45, 1.0], np.float32), 3.0, 2, rng)
    cloth = tinted(cloth, weave + folds, (1.0, 1.0, 1.0))
    # A ribbed collar with a seam beneath.
    ribs = 0.5 + 0.5 * np.sin(direction * 2 * np.pi / 1.6)
    collar = smoothstep(_COLLAR_CM, _COLLAR_CM - 0.15, below)
    cloth = tinted(cloth, collar * ribs, (0.10, 0.10, 0.10))
    cloth = tinted(cloth, -0.10 * collar * smoothstep(0.0, 0.5, below), (1.0, 1.0, 1.0))
    seam = np.exp(-(((below - _COLLAR_CM) / 0.12) ** 2)) + 0.7 * np.exp(-((below / 0.12) ** 2))
    cloth = tinted(cloth, seam, (0.45, 0.45, 0.45))
    colour[rows] = blend(some, cloth, smoothstep(-0.06, 0.06, below))
    return colour
