"""Hair on the head: cropped close, or long and combed tight to the back; a soft hairline of single hairs.

Rule: strands follow the head's own surface; where there is less hair, the scalp shows.
"""

import numpy as np

from training.actor.anatomy import load_anatomy
from training.actor.canvas import Canvas, blend, layered_noise, ramp, smoothstep
from training.actor.complexion import Complexion
from training.actor.skin import strokes

# The hairline: height (cm) by direction from the middle of the face (degrees), for cropped and for combed hair.
_DIRECTION_DEG = (0, 15, 28, 38, 46, 53, 60, 67, 74, 84, 97, 115, 140, 180)
_CROPPED_CM = (8.3, 8.5, 9.1, 9.2, 8.0, 5.9, 4.4, 3.4, -0.2, -1.2, 0.5, -2.4, -5.6, -6.4)
_COMBED_CM = (8.3, 8.4, 8.5, 8.1, 7.0, 5.6, 4.6, 3.4, 2.0, 0.6, 0.6, -2.0, -4.6, -5.2)
_RECEDES_CM = (1.2, 1.5, 2.4, 2.9, 2.6, 1.6, 0.7, 0.3, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
_WHORL = np.array([0.6, 11.0, -5.5])  # what cropped hair grows away from
_KNOT = np.array([0.0, 6.5, -10.5])  # what long hair is combed to
_CROPPED_PER_CM2, _COMBED_PER_CM2 = 130.0, 60.0


def hair_zone(canvas: Canvas, looks: Complexion, rng: np.random.Generator) -> np.ndarray:
    """[N] how dense the hair is, 0..1 with a wide soft border."""
    home = canvas.home
    direction = np.degrees(np.abs(np.arctan2(home[:, 0], home[:, 2] + 1.0)))
    height = np.interp(direction, _DIRECTION_DEG, _blended(_CROPPED_CM, _COMBED_CM, looks.swept))
    height = height + np.clip(looks.hairline, -1, 1.6) * np.interp(direction, _DIRECTION_DEG, _RECEDES_CM)
    uneven = 0.42 * layered_noise(canvas.place, 1.2, 4, rng)
    above = home[:, 1] - height + uneven
    zone = _ramp(above, direction)
    # Baldness starts at the crown.
    shaved, bald = (ramp(low, high, looks.hairline) for low, high in ((1.6, 2.0), (1.0, 1.5)))
    crown = smoothstep(3.0, 8.5, home[:, 1] - 0.35 * home[:, 2])
    zone = zone * (1 - bald * crown) * (1 - 0.8 * shaved)
    thin = ramp(0.5, 1.2, looks.hairline) * np.exp(-((np.linalg.norm(home - [0.0, 12.0, -4.0], axis=1) / 4.5) ** 2))
    ears = canvas.smooth(canvas.spread(load_anatomy().masks["ears"]), 3)
    return np.asarray(zone * (1 - 0.75 * thin) * (1 - smoothstep(0.05, 0.35, ears)))


def paint_hair(colour: np.ndarray, canvas: Canvas, looks: Complexion, rng: np.random.Generator) -> np.ndarray:
    """[N, 3] with hair."""
    rows = np.flatnonzero(canvas.home[:, 1] > -8)
    patch = canvas.part(rows)
    zone = hair_zone(patch, looks, rng)
    rows, zone = rows[zone > 0.003], zone[zone > 0.003]
    patch, some = canvas.part(rows), colour[rows]
    hair = np.asarray(looks.hair, np.float32)

    # What lies between the strands: skin darkened by roots and their shadow.
    mottle = 0.10 * layered_noise(patch.place, 0.8, 3, rng)
    under = np.clip((0.74 + 0.16 * looks.swept + mottle) * smoothstep(0.0, 1.0, zone), 0, 0.94)
    some = blend(some, hair * 0.78, under)

    combed = looks.swept > 0.5
    density = (_COMBED_PER_CM2 if combed else _CROPPED_PER_CM2) * np.sqrt(zone) * (0.25 + 0.75 * zone)
    roots = strokes.choose(patch, density, rng)
    headings = _headings(patch, roots, combed, rng)
    lengths = (rng.uniform(1.2, 3.0, len(roots)) if combed else rng.uniform(0.30, 0.70, len(roots))) * (
        0.25 + 0.75 * zone[roots]
    )
    shaved = ramp(1.6, 2.0, looks.hairline)
    courses = strokes.grow(patch, roots, headings, lengths * (1 - 0.85 * shaved))
    tones = rng.uniform(0.1, 1.0, len(roots))
    is_light = rng.random(len(roots)) < 0.42
    for picked, factor, strength in ((~is_light, 0.55, 0.75), (is_light, 1.30, 0.40)):
        plane = np.zeros((canvas.size_px, canvas.size_px), np.uint8)
        strokes.draw(plane, courses[picked], tones[picked])
        cover = patch.read(plane).astype(np.float32) / 255
        lifted = hair * factor + ((0.02 + 0.03 * looks.swept) if factor > 1 else 0.0)
        some = blend(some, lifted, strength * cover)
    colour[rows] = some
    return colour


def _ramp(above: np.ndarray, direction_deg: np.ndarray) -> np.ndarray:
    width = np.interp(direction_deg, [0, 60, 75, 110, 180], [1.8, 1.5, 1.1, 1.8, 2.8])
    share = np.clip((above + 0.4) / width, 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _blended(first: tuple[float, ...], second: tuple[float, ...], share: float) -> np.ndarray:
    return np.asarray(first) * (1 - share) + np.asarray(second) * share


def _headings(canvas: Canvas, roots: np.ndarray, combed: bool, rng: np.random.Generator) -> np.ndarray:
    home, normal = canvas.home[roots], canvas.normal[roots]
    towards = _KNOT - home if combed else home - _WHORL
    towards = towards / np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-3)
    if not combed:  # at the sides it falls
        towards = towards + np.array([0, -0.6, 0.0]) * smoothstep(8, 3, home[:, 1])[:, None]
    towards = towards - normal * (towards * normal).sum(1, keepdims=True)
    towards = towards / np.maximum(np.linalg.norm(towards, axis=1, keepdims=True), 1e-3)
    return np.asarray(towards + rng.normal(0, 0.06 if combed else 0.22, towards.shape))
