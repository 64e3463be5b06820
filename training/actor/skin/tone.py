"""The skin's own colour: blood, veins, pores, freckles and moles, a shaved beard's shadow.

Rule: tones multiply the complexion's skin colour, so they hold for every skin.
"""

import numpy as np

from training.actor.anatomy import load_anatomy
from training.actor.canvas import Canvas, blend, grain, layered_noise, noise, smoothstep, tinted
from training.actor.complexion import Complexion
from training.actor.skin import strokes
from training.actor.skin.zones import EYE, MOUTH_Y, NOSE_TIP, beard_zone, bump

_LIGHT_SKIN = 0.77  # red of the skin that the flush and the veins are given for
_FRECKLES_PER_CM2, _MOLES = 16.0, 5


def paint_tone(canvas: Canvas, looks: Complexion, rng: np.random.Generator) -> np.ndarray:
    """[N, 3] skin before anything is drawn on it."""
    home = canvas.home
    colour = np.broadcast_to(np.asarray(looks.skin, np.float32), home.shape).copy()
    colour = _blood(colour, canvas, looks, rng)
    colour = _zones(colour, canvas, looks)
    colour = _relief(colour, canvas, looks, rng)
    colour = _spots(colour, canvas, looks, rng)
    return _beard_shadow(colour, canvas, looks, rng)


def _blood(colour: np.ndarray, canvas: Canvas, looks: Complexion, rng: np.random.Generator) -> np.ndarray:
    home = canvas.home
    cheeks = bump(home, (4.3, -1.2), (1.9, 1.7))
    nose = bump(home, (0, NOSE_TIP[1] - 0.1), (1.3, 0.9)) + 0.7 * bump(home, (1.55, -1.9), (0.6, 0.6))
    flush = 0.50 * cheeks + 0.70 * nose + 0.35 * bump(home, (0, -7.6), (1.4, 1.0))
    flush += 0.75 * canvas.smooth(canvas.spread(load_anatomy().masks["ears"]), 6)
    flush += 0.25 * bump(home, (3.1, 2.9), (1.5, 0.5))
    # Blotches break the zones up: nobody blushes in ellipses.
    blotches = layered_noise(canvas.place, 2.4, 4, rng)
    flush = flush * (1 + 0.35 * blotches) + 0.22 * blotches
    strength = looks.skin[0] / _LIGHT_SKIN
    colour = colour + flush[:, None] * np.asarray(looks.flush, np.float32) * np.float32(strength)
    # Veins under thin skin: temples, lids, the throat.
    thin = bump(home, (6.3, 3.8), (1.5, 2.2), 0.0) + 0.8 * bump(home, (3.0, 0.7), (1.4, 0.5))
    course = 1 - np.abs(layered_noise(canvas.place, 1.5, 2, rng))
    return tinted(colour, smoothstep(0.90, 0.99, course) * thin * strength, (0.055, 0.015, -0.01))


def _zones(colour: np.ndarray, canvas: Canvas, looks: Complexion) -> np.ndarray:
    home = canvas.home
    forehead = smoothstep(3.5, 6, home[:, 1]) * smoothstep(1, 5, home[:, 2])
    colour = tinted(colour, forehead, (-0.015, -0.012, 0.03))
    # Blue and thin under the eyes and at the nose's root.
    tired = bump(home, (2.75, 0.75), (1.3, 0.42)) + 0.7 * bump(home, (1.65, 1.5), (0.45, 0.8))
    colour = tinted(colour, tired * (0.75 + 0.6 * looks.age), (0.115, 0.135, 0.075))
    colour = tinted(colour, bump(home, (3.1, 2.75), (1.5, 0.5)), (0.05, 0.09, 0.08))
    around_mouth = bump(home, (0, MOUTH_Y - 0.1), (3.3, 1.9))
    colour = tinted(colour, around_mouth, (0.015, 0.0, 0.015))
    # Sun reaches the face, not the throat.
    return tinted(colour, smoothstep(-8.5, -11.0, home[:, 1]), (-0.01, 0.0, 0.01))


def _relief(colour: np.ndarray, canvas: Canvas, looks: Complexion, rng: np.random.Generator) -> np.ndarray:
    home = canvas.home
    oily = bump(home, (0, -0.8), (1.9, 1.9)) + 0.8 * bump(home, (2.6, -0.9), (1.5, 1.7))
    oily += 0.55 * bump(home, (0, 6), (4, 2.5)) + 0.6 * bump(home, (0, -7.4), (1.8, 1.2))
    fine = 0.6 * grain(canvas, 0.7, 1.6, rng) + 1.5 * noise(canvas.place, 0.045, rng)
    coarse = 2.2 * noise(canvas.place, 0.10, rng)
    pores = smoothstep(0.45, 0.85, noise(canvas.place, 0.055, rng)) * (0.25 + np.minimum(oily, 1.2))
    mottle = layered_noise(canvas.place, 0.55, 2, rng)
    # The upper lid lies folded: what is fine at rest would be drawn out when it closes.
    calm = 1 - 0.85 * np.clip(1.3 * bump(home, (3.08, 2.75), (1.6, 0.65)), 0, 1)
    shade = (0.028 * fine + 0.026 * coarse + 0.034 * mottle) * calm
    colour = colour * (1 + looks.pores * shade)[:, None].astype(np.float32)
    colour = tinted(colour, looks.pores * pores, (0.15, 0.21, 0.22))
    hue = noise(canvas.place, 0.9, rng)
    return tinted(colour, hue, (-0.006, 0.012, 0.016))


def _spots(colour: np.ndarray, canvas: Canvas, looks: Complexion, rng: np.random.Generator) -> np.ndarray:
    home = canvas.home
    sunny = 0.10 + bump(home, (3.2, -0.3), (2.6, 1.5)) + 0.9 * bump(home, (0, 0.0), (1.5, 1.6))
    sunny += 0.35 * bump(home, (0, 5.6), (4.5, 2.5))
    sunny *= smoothstep(-1.5, 3, home[:, 2]) * smoothstep(-10, -7, home[:, 1])
    clumps = np.clip(0.8 + layered_noise(canvas.place, 1.3, 2, rng), 0.1, None)
    rows = strokes.choose(canvas, _FRECKLES_PER_CM2 * looks.freckles**1.3 * sunny * clumps, rng)
    for share, (low, high) in ((0.7, (0.025, 0.05)), (0.3, (0.045, 0.085))):
        some = rows[rng.random(len(rows)) < share]
        cover = strokes.spots(canvas, some, rng.uniform(low, high, len(some)), 0.6)
        colour = tinted(colour, cover * (0.30 + 0.5 * looks.freckles), (0.17, 0.30, 0.36))
    # Age spots: larger, paler.
    rows = strokes.choose(canvas, 0.45 * max(looks.age - 0.45, 0) * (0.3 + sunny), rng)
    cover = strokes.spots(canvas, rows, rng.uniform(0.05, 0.19, len(rows)), 0.5)
    cover = cover * (0.8 + 0.5 * noise(canvas.place, 0.12, rng))
    colour = tinted(colour, cover, (0.07, 0.12, 0.15))
    # A few moles, never in the middle of the face.
    aside = (np.abs(home[:, 0]) > 1.2) & (home[:, 2] > 0) & (home[:, 1] > -12) & (home[:, 1] < 8)
    apart = aside & (np.hypot(np.abs(home[:, 0]) - EYE[0], home[:, 1] - EYE[1]) > 1.9) & (canvas.normal[:, 2] > 0)
    rows = rng.choice(np.flatnonzero(apart), int(rng.integers(1, _MOLES + 1)))
    cover = strokes.spots(canvas, rows, rng.uniform(0.025, 0.085, len(rows)) * rng.uniform(0.6, 1.2, len(rows)), 0.3)
    return tinted(colour, cover, (0.42, 0.55, 0.60))


def _is_sharp(canvas: Canvas) -> np.ndarray:
    """[N] 0..1: where a texel is no thicker than a hair should look."""
    return smoothstep(1 / 28.0**2, 1 / 55.0**2, canvas.area_cm2())


def _off_ears(canvas: Canvas) -> np.ndarray:
    ears = canvas.smooth(canvas.spread(load_anatomy().masks["ears"]), 3)
    return smoothstep(0.25, 0.02, ears)


def _beard_shadow(colour: np.ndarray, canvas: Canvas, looks: Complexion, rng: np.random.Generator) -> np.ndarray:
    if looks.beard <= 0:
        return colour
    shaved, grown = min(looks.beard, 0.6), max(looks.beard - 0.6, 0) / 0.4
    uneven = 0.3 - 0.2 * grown
    zone = beard_zone(canvas.home) * _off_ears(canvas)
    zone = zone * smoothstep(0.7, 0.2, canvas.smooth(canvas.spread(load_anatomy().masks["lips"]), 2))
    zone = zone * (1 - uneven / 2 + uneven * layered_noise(canvas.place, 1.2, 2, rng))
    colour = tinted(colour, shaved * zone, (0.17, 0.135, 0.095))
    # A grown beard is mostly hair behind hair; where texels are too coarse for strokes it is nothing else.
    sharp = _is_sharp(canvas)
    behind = 0.62 + 0.2 * (1 - canvas.smooth(sharp, 6))
    colour = blend(colour, np.asarray(looks.hair, np.float32), behind * min(1.6 * grown, 1) * smoothstep(0, 0.85, zone))
    # Stubble: each hair a dark point with a short shaft.
    rows = strokes.choose(canvas, (85 * min(1.0, 0.25 + looks.beard) + 190 * grown) * zone * sharp, rng)
    headings = canvas.normal[rows] * 0 + np.array([0, -1.0, 0.15]) + rng.normal(0, 0.45 - 0.2 * grown, (len(rows), 3))
    headings[:, 0] += np.sign(canvas.home[rows, 0]) * 0.15
    lengths = (0.025 + 0.12 * max(looks.beard - 0.35, 0) + 0.28 * grown) * rng.uniform(0.6, 1.4, len(rows))
    plane = np.zeros((canvas.size_px, canvas.size_px), np.uint8)
    strokes.draw(plane, strokes.grow(canvas, rows, headings, lengths), rng.uniform(0.25, 0.9, len(rows)))
    cover = canvas.read(plane).astype(np.float32) / 255
    hair = np.asarray(looks.hair, np.float32) * 0.8
    return blend(colour, hair, cover * (0.18 + 0.5 * min(looks.beard, 1.0) - 0.2 * grown))
