"""The lids' edges: the moist rim, lashes one by one, the pink inner corner, the crease's shade, liner.

Rule: drawn along the lids' own loops, so that a closing eye carries them along and a closed one shows a clean line.
"""

import numpy as np

from training.actor.canvas import Canvas, blend, ramp, smoothstep, tinted
from training.actor.complexion import Complexion
from training.actor.curves import weights_of
from training.actor.rig import Rig
from training.actor.rings import Rings, eye_rings
from training.actor.skin import strokes
from training.actor.skin.around import Around, around, outwards

# The loops that lashes grow from: the lids' front edges.
_UPPER_ROOT, _LOWER_ROOT = 2.9, 1.9
_CLOSED_LASH_CM = 0.17  # of a lash's course on the skin of a closed lid
_PALEST_LASH = np.array([0.17, 0.125, 0.105], np.float32)
_MOIST = np.array([0.80, 0.50, 0.46], np.float32)
_CORNER = np.array([0.78, 0.40, 0.37], np.float32)


def paint_lids(colour: np.ndarray, canvas: Canvas, rig: Rig, rng: np.random.Generator) -> np.ndarray:
    """[N, 3] with lids."""
    looks, lashes = rig.identity.complexion, np.zeros((canvas.size_px, canvas.size_px), np.uint8)
    line = np.zeros(len(colour), np.float32)
    closed = rig.pose(weights_of({"eyeBlink": 1.0}, rig.units))
    for side in (0, 1):
        rings = eye_rings(side)
        near = around(canvas, rings, rig.topology.num_vertices)
        outer = near.along if side == 1 else 1 - near.along  # 0 at the nose, 1 at the temple
        colour[near.rows] = _rims(colour[near.rows], near, outer, looks)
        line[near.rows] = _line(near, outer, looks)
        away = outwards(rings, rig.topology.neutral)
        patch = canvas.part(near.rows)
        away = np.stack([patch.spread(away[:, axis]) for axis in range(3)], axis=1)
        room_cm = patch.spread(_room(rings, rig, closed))
        _lashes(lashes, canvas, near, outer, away, room_cm, looks, rng)
    hair = np.minimum(np.asarray(looks.hair, np.float32) * 0.45, _PALEST_LASH)  # lashes stay dark in age
    colour = blend(colour, hair, line)
    return blend(colour, hair, canvas.read(lashes).astype(np.float32) / 255)


def _room(rings: Rings, rig: Rig, closed: np.ndarray) -> np.ndarray:
    """[V] cm at rest that a lash may cover: an open lid lies folded; a closed one draws out what is painted on it."""
    from_root = rings.rows[round(_UPPER_ROOT) - rings.first :]
    rest, shut = (
        np.linalg.norm(np.diff(places[from_root].astype(np.float64), axis=0), axis=2).cumsum(0)
        for places in (rig.topology.neutral, closed)
    )
    room = np.zeros(rig.topology.num_vertices)
    for column in range(from_root.shape[1]):
        far_shut, far_rest = (np.concatenate([[0], far[:, column]]) for far in (shut, rest))
        room[rings.rows[:, column]] = np.interp(_CLOSED_LASH_CM, far_shut, far_rest)
    return room


def _rims(colour: np.ndarray, near: Around, outer: np.ndarray, looks: Complexion) -> np.ndarray:
    ring = near.ring
    dark_skin = ramp(0.55, 0.30, looks.skin[0])
    moist = _MOIST * (1 - 0.35 * dark_skin)
    root = _root(near)
    rim = smoothstep(-1.6, -0.9, ring) * smoothstep(root - 0.2, root - 1.0, ring)
    colour = blend(colour, moist, 0.55 * rim)
    # A thread of tears where the lower rim meets the eyeball.
    colour = tinted(colour, np.exp(-(((ring + 0.2) / 0.35) ** 2)) * ~near.is_upper, (-0.12, -0.16, -0.16))
    colour = tinted(colour, smoothstep(-1.2, -2.2, ring), (0.35, 0.5, 0.5))
    colour = tinted(
        colour,
        near.is_upper * smoothstep(root + 0.1, root - 0.9, ring) * smoothstep(0.02, 0.25, outer),
        (0.62, 0.70, 0.70),
    )
    corner = smoothstep(0.10, 0.02, outer) * smoothstep(3.2, 1.6, ring)
    colour = blend(colour, _CORNER * (1 - 0.3 * dark_skin), 0.75 * corner)
    # The crease above the lid, and redness along the lower one.
    crease = np.exp(-(((ring - 6.3) / 1.5) ** 2)) * near.is_upper * np.sin(np.pi * np.clip(outer, 0, 1)) ** 0.5
    colour = tinted(colour, crease, (0.14, 0.21, 0.21))
    reddish = smoothstep(4.5, 1.0, ring) * ~near.is_upper
    colour = tinted(colour, reddish, (0.02, 0.07, 0.06))
    shadow = looks.makeup * smoothstep(8.0, 3.5, ring) * near.is_upper * smoothstep(0.05, 0.35, outer)
    return tinted(colour, shadow, (0.28, 0.36, 0.30))


def _root(near: Around) -> np.ndarray:
    return np.asarray(np.where(near.is_upper, _UPPER_ROOT, _LOWER_ROOT))


def _line(near: Around, outer: np.ndarray, looks: Complexion) -> np.ndarray:
    """[n] 0..1: the dark line that dense lashes' roots make, thicker with liner."""
    ends = smoothstep(0.05, 0.35, outer) * smoothstep(1.02, 0.9, outer)
    reach = 0.9 + 0.25 * smoothstep(0.3, 0.8, outer) + 0.9 * looks.makeup * smoothstep(0.1, 0.9, outer)
    offset = near.ring - _root(near)
    upper = smoothstep(-1.6, -0.7, offset) * smoothstep(reach, 0.15, offset) * ends
    lower = np.exp(-(((offset + 0.15) / 0.55) ** 2)) * smoothstep(0.25, 0.75, outer) * smoothstep(1.02, 0.9, outer)
    weight = min(looks.lash_weight, 1.3)
    upper_strength = min(0.50 * weight + 0.4 * looks.makeup, 0.95)
    lower_strength = 0.26 * weight + 0.3 * looks.makeup
    return np.asarray(np.where(near.is_upper, upper * upper_strength, lower * lower_strength))


def _lashes(
    plane: np.ndarray,
    canvas: Canvas,
    near: Around,
    outer: np.ndarray,
    away: np.ndarray,
    room_cm: np.ndarray,
    looks: Complexion,
    rng: np.random.Generator,
) -> None:
    at_root = np.abs(near.ring - _root(near) - 0.1) < 0.35
    for is_upper in (True, False):
        candidates = np.flatnonzero(at_root & (near.is_upper == is_upper) & (outer > 0.10) & (outer < 0.985))
        count = int((110 if is_upper else 60) * looks.lash_weight * (1 + 0.3 * looks.makeup))
        # Even along the lid with a little disorder.
        wanted = np.linspace(0.12 if is_upper else 0.34, 0.98, count) + rng.normal(0, 0.010, count)
        order = candidates[np.argsort(outer[candidates])]
        picked = order[np.clip(np.searchsorted(outer[order], wanted), 0, len(order) - 1)]
        roots = near.rows[picked]
        clumps = 0.22 * np.sin(wanted * 60 + rng.uniform(0, 6))
        fan = (np.interp(wanted, [0.1, 0.4, 1.0], [-0.8, 0.15, 1.5]) + clumps + rng.normal(0, 0.14, count))[:, None]
        aside = np.sign(canvas.home[roots, :1]) * np.array([[1.0, 0.0, -0.2]])
        headings = away[picked] + fan * aside
        longest = (0.27 if is_upper else 0.11) * (0.8 + 0.25 * looks.lash_weight + 0.3 * looks.makeup)
        swell = np.interp(wanted, [0.1, 0.55, 0.85, 1.0], [0.55, 0.9, 1.1, 0.9])
        lengths = longest * swell * rng.uniform(0.6, 1.15, count)
        lengths = np.minimum(lengths, room_cm[picked] * rng.uniform(0.7, 1.1, count))
        courses = strokes.grow(canvas, roots, headings, lengths, 0.6 * fan * aside)
        tones = rng.uniform(0.35, 0.80, count) * (1.0 if is_upper else 0.42)
        strokes.draw(plane, courses, tones * 0.55)
        strokes.draw(plane, courses[:, :4], tones * 0.85)
        strokes.draw(plane, courses[:, :3], tones)
        if looks.makeup > 0.3:
            strokes.draw(plane, courses[:, :3], tones, 2)
