"""Eyelids: they slide on the eyeball, follow its bulge, and shut without a gap wherever it looks.

Rule: everything here is relative to the centre of one eye; rings and columns are those of `rings.eye_rings`.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from training.actor.anatomy import load_anatomy
from training.actor.influence import spread
from training.actor.rings import eye_rings

CORNEA_CM = 0.06  # how far the cornea's apex stands out
_CORNEA_DEG = 36.0  # where it has run into the white
_FACING_RINGS = (0, 9)  # the lids' outer skin
_MARGIN_RINGS = (-1, 2)  # what touches in a blink
_LINING_RINGS = (-4, -1)  # their inner side, between outer skin and eyeball
_EDGE_CM = (0.06, 0.11)  # thickness of the lid's edge, least and most at rest
_LINING_CM = (0.012, 0.03)
_SKIN_CM = 0.07  # outer skin never comes nearer to the eyeball
_SLIDE_CM = (0.35, 0.9)  # skin nearer to the eyeball than the first slides on it, beyond the second not at all
_MEETS_AT = 0.04  # radians: margins nearer than this share their distance from the eyeball
_CORNER_CM, _CORNER_HOLD = 0.55, 0.5
_SPREAD_CM = 1.3
_STRETCHED = 0.45  # of the skin's length at rest, what it keeps between a ring and the margin
_LOWER_LID_RISE = 0.06  # what part of a blink's way the lower lid meets the upper one on


@dataclass(frozen=True, slots=True, eq=False)
class Eyelids:
    """The lids of one eye.

    Args:
        centre: [3] cm.
        radius: Of the white, cm.
        upper: [R, C] rows of the upper lid's margin: its inner edge (ring -1), its edge and the front of it.
        lower: [R, C] likewise.
        rows: [n] the rows that slide: outer skin first, then the lining.
        neutral: [n, 3] their places at rest, relative to the centre.
        slides: [n] in 0..1.
        clearance: [n] cm above the eyeball that they keep at least.
        ceiling: [n] cm above the eyeball that the lining stays under; infinite for skin.
        swells: [52, n] cm by which each unit changes their distance from the centre.
        blink: [R, C, 3] cm, what `eyeBlink` adds to the upper lid's margin at weight 1.
        open_gap: [R, C, 1] height of upper over lower unit vectors below which margins count as crossed; 0 or less.
        blink_column: Its index among the units.
        upper_skin: [S + 1, C] rows of the upper lid's outer skin, the margin's front first.
        upper_steps: [S, C] radians that they stay behind the margin at least.
        lower_skin: [S + 1, C] likewise.
        lower_steps: [S, C] likewise.
        weights: [V, 2 C] shares of each margin's correction.
    """

    centre: np.ndarray
    radius: float
    upper: np.ndarray
    lower: np.ndarray
    rows: np.ndarray
    neutral: np.ndarray
    slides: np.ndarray
    clearance: np.ndarray
    ceiling: np.ndarray
    swells: np.ndarray
    blink: np.ndarray
    open_gap: np.ndarray
    blink_column: int
    upper_skin: np.ndarray
    upper_steps: np.ndarray
    lower_skin: np.ndarray
    lower_steps: np.ndarray
    weights: sparse.csr_matrix

    def settle(self, vertices: np.ndarray, weights: np.ndarray, gaze: np.ndarray) -> None:
        """Lay the lids on the eyeball, in place.

        Args:
            vertices: [V, 3] float64 cm, units added up.
            weights: [52] coupled.
            gaze: [3] unit vector.
        """
        self._follow_the_ball(vertices, weights, gaze)
        self._close(vertices, float(weights[self.blink_column]))
        self._keep_in_order(vertices, float(weights[self.blink_column]))
        self._keep_off(vertices, gaze)
        # Edges that met keep meeting: the same distance from the eyeball on both sides.
        upper, lower = vertices[self.upper] - self.centre, vertices[self.lower] - self.centre
        far = np.stack([np.linalg.norm(upper, axis=2), np.linalg.norm(lower, axis=2)])
        apart = np.linalg.norm(upper / far[0][..., None] - lower / far[1][..., None], axis=2)
        meets = np.clip(1 - apart / _MEETS_AT, 0, 1) * float(weights[self.blink_column])
        common = far + meets * (far.max(0) - far)
        vertices[self.upper] = self.centre + upper * (common[0] / far[0])[..., None]
        vertices[self.lower] = self.centre + lower * (common[1] / far[1])[..., None]

    def surface_cm(self, directions: np.ndarray, gaze: np.ndarray) -> np.ndarray:
        """[n] the eyeball's radius in these directions, cornea included.

        Args:
            directions: [n, 3] unit vectors.
            gaze: [3] unit vector.
        """
        return self.radius + cornea_cm(directions @ gaze)

    def gaps_cm(self, vertices: np.ndarray) -> np.ndarray:
        """[C] between upper and lower lid, the widest along the margin."""
        return np.asarray(np.linalg.norm(vertices[self.upper[1:]] - vertices[self.lower[1:]], axis=2).max(0))

    def sunk_cm(self, vertices: np.ndarray, gaze: np.ndarray) -> np.ndarray:
        """[n] how deep sliding vertices stand in the eyeball; negative above it."""
        away = vertices[self.rows] - self.centre
        far = np.linalg.norm(away, axis=1)
        return np.asarray(self.surface_cm(away / far[:, None], gaze) - far)

    def _follow_the_ball(self, vertices: np.ndarray, weights: np.ndarray, gaze: np.ndarray) -> None:
        """Added-up units cut through the eyeball on chords; their distances from its centre add up instead."""
        away = vertices[self.rows] - self.centre
        far = np.linalg.norm(away, axis=1)
        wanted = np.linalg.norm(self.neutral, axis=1) + weights @ self.swells
        bulge = cornea_cm(away @ gaze / far) - cornea_cm(self.neutral[:, 2] / np.linalg.norm(self.neutral, axis=1))
        wanted += bulge
        vertices[self.rows] += away * (self.slides * (wanted - far) / far)[:, None]

    def _close(self, vertices: np.ndarray, blink: float) -> None:
        upper, lower = vertices[self.upper] - self.centre, vertices[self.lower] - self.centre
        open_upper = _unit(upper - blink * self.blink)
        low = _unit(lower)
        meeting = _unit(low + _LOWER_LID_RISE * (open_upper - low))
        new_upper = _turned(open_upper, meeting, blink)
        new_lower = _turned(low, meeting, blink)
        # Whatever else narrows the eye: edges that would cross meet half way.
        gap = (new_upper - new_lower)[..., 1:2]
        middle = _unit(new_upper + new_lower)
        is_crossed = gap < self.open_gap
        new_upper = np.where(is_crossed, middle, new_upper)
        new_lower = np.where(is_crossed, middle, new_lower)
        far_upper, far_lower = (np.linalg.norm(side, axis=2, keepdims=True) for side in (upper, lower))
        shift = np.concatenate([new_upper * far_upper - upper, new_lower * far_lower - lower], axis=1)
        vertices += self.weights @ shift[-1]
        vertices[self.upper] = self.centre + new_upper * far_upper
        vertices[self.lower] = self.centre + new_lower * far_lower

    def _keep_in_order(self, vertices: np.ndarray, blink: float) -> None:
        """Skin behind a margin never slides over it: closing lids do not hang over what they meet."""
        for rows, steps, side in ((self.upper_skin, self.upper_steps, 1.0), (self.lower_skin, self.lower_steps, -1.0)):
            places = vertices[rows] - self.centre
            height = side * np.arctan2(places[..., 1], places[..., 2])
            lag = np.maximum(height[0] + np.where(steps > 0, blink * steps, steps) - height[1:], 0) * side
            y, z = places[1:, :, 1].copy(), places[1:, :, 2].copy()
            cosine, sine = np.cos(lag), np.sin(lag)
            vertices[rows[1:], 1] += y * (cosine - 1) + z * sine
            vertices[rows[1:], 2] += z * (cosine - 1) - y * sine

    def _keep_off(self, vertices: np.ndarray, gaze: np.ndarray) -> None:
        away = vertices[self.rows] - self.centre
        far = np.linalg.norm(away, axis=1)
        surface = self.surface_cm(away / far[:, None], gaze)
        wanted = np.clip(far, surface + self.clearance, surface + self.ceiling)
        moved = wanted != far
        vertices[self.rows[moved]] += away[moved] * (wanted[moved] / far[moved] - 1)[:, None]


def cornea_cm(cosine: np.ndarray) -> np.ndarray:
    """What the cornea adds to the eyeball's radius, by the cosine of the angle to the gaze."""
    height = np.clip((cosine - np.cos(np.radians(_CORNEA_DEG))) / (1 - np.cos(np.radians(_CORNEA_DEG))), 0, 1)
    return np.asarray(CORNEA_CM * height * height * (3 - 2 * height))


def shape_eye(shape: np.ndarray, side: int, centre: np.ndarray, radius: float) -> None:
    """Give one eye its cornea and lids of proper thickness, in place.

    Args:
        shape: [V, 3] float64 cm.
        side: 0 is the actor's left.
        centre: [3] cm.
        radius: Of the eyeball, cm.
    """
    eyeball = load_anatomy().parts[("left_eye", "right_eye")[side]]
    away = shape[eyeball] - centre
    far = np.linalg.norm(away, axis=1)
    shape[eyeball] = centre + away / far[:, None] * (radius + cornea_cm(away[:, 2] / far))[:, None]

    rings = eye_rings(side)
    edge = rings.ring(0)
    # The sculptor's inner edge is sunk into the eyeball: bring it under the lid's edge.
    shape[rings.ring(-1)] = shape[edge]
    for row_of_rings, (least, most) in (
        (rings.span(0, 0), _EDGE_CM),
        (rings.span(-1, -1), (_LINING_CM[0], _LINING_CM[0])),
        (rings.span(_LINING_RINGS[0], -2), _LINING_CM),
        (rings.span(1, _FACING_RINGS[1]), (_SKIN_CM, np.inf)),
    ):
        rows = row_of_rings.ravel()
        away = shape[rows] - centre
        far = np.linalg.norm(away, axis=1)
        surface = radius + cornea_cm(away[:, 2] / far)
        shape[rows] = centre + away * (np.clip(far, surface + least, surface + most) / far)[:, None]


def steady_corners(shape: np.ndarray, delta: np.ndarray, side: int) -> None:
    """Let a blink leave the outer corner of one eye nearly where it is, in place.

    Args:
        shape: [V, 3] cm, the neutral.
        delta: [V, 3] cm, the sculpted blink, which drags that corner down.
        side: 0 is the actor's left.
    """
    rings = eye_rings(side)
    edge = rings.ring(0)
    outermost = (rings.upper[0], rings.lower[0]) if side == 0 else (rings.upper[-1], rings.lower[-1])
    corner = shape[edge[list(outermost)]].mean(0)
    near = np.exp(-np.square(np.linalg.norm(shape - corner, axis=1) / _CORNER_CM))
    delta *= (1 - _CORNER_HOLD * near)[:, None]


def build_eyelids(
    shape: np.ndarray, deltas: np.ndarray, units: tuple[str, ...], side: int, centre: np.ndarray, radius: float
) -> Eyelids:
    """Lids of an eye that `shape_eye` has shaped.

    Args:
        shape: [V, 3] float64 cm, the neutral.
        deltas: [52, V, 3] cm.
        units: Their names.
        side: 0 is the actor's left.
        centre: [3] cm.
        radius: Of the white, cm.
    """
    rings = eye_rings(side)
    facing, lining = rings.span(*_FACING_RINGS).ravel(), rings.span(*_LINING_RINGS).ravel()
    rows = np.concatenate([facing, lining])
    neutral = shape[rows] - centre
    far = np.linalg.norm(neutral, axis=1)
    surface = radius + cornea_cm(neutral[:, 2] / far)
    near, beyond = _SLIDE_CM
    ease = np.clip((beyond - (far - surface)) / (beyond - near), 0, 1)
    clearance = np.minimum(far - surface, np.r_[np.full(len(facing), _SKIN_CM), np.full(len(lining), _LINING_CM[1])])
    swells = np.linalg.norm(neutral + deltas[:, rows], axis=2) - far
    margin = rings.span(*_MARGIN_RINGS)
    upper, lower = margin[:, rings.upper], margin[:, rings.lower]
    skin = rings.span(_MARGIN_RINGS[1], _FACING_RINGS[1])
    upper_skin, lower_skin = skin[:, rings.upper], skin[:, rings.lower]
    column = units.index(f"eyeBlink{('Left', 'Right')[side]}")
    return Eyelids(
        centre=centre,
        radius=radius,
        upper=upper,
        lower=lower,
        rows=rows,
        neutral=neutral,
        slides=ease * ease * (3 - 2 * ease),
        clearance=clearance,
        ceiling=np.r_[np.full(len(facing), np.inf), np.maximum(_LINING_CM[1], (far - surface)[len(facing) :])],
        swells=swells,
        blink=deltas[column][upper],
        open_gap=np.minimum(0, (_unit(shape[upper] - centre) - _unit(shape[lower] - centre))[..., 1:2] - 1e-9),
        blink_column=column,
        upper_skin=upper_skin,
        upper_steps=_steps(shape[upper_skin] - centre, 1.0),
        lower_skin=lower_skin,
        lower_steps=_steps(shape[lower_skin] - centre, -1.0),
        weights=spread(np.concatenate([upper, lower], axis=1), _SPREAD_CM),
    )


def _steps(places: np.ndarray, side: float) -> np.ndarray:
    """[S, C] least angles behind the margin, from how much skin lies between; never more than at rest."""
    height = side * np.arctan2(places[..., 1], places[..., 2])
    length = np.cumsum(np.linalg.norm(np.diff(places, axis=0), axis=2), axis=0)
    kept = _STRETCHED * length / np.linalg.norm(places[0], axis=1)
    return np.asarray(np.minimum(kept, height[1:] - height[0]))


def lid_pairs() -> np.ndarray:
    """[n, 2] vertices of upper and lower lids' edges that touch in a blink, the left eye's first."""
    pairs = []
    for side in (0, 1):
        rings = eye_rings(side)
        pairs.append(np.stack([rings.ring(0)[rings.upper], rings.ring(0)[rings.lower]], axis=1))
    return np.concatenate(pairs)


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.sqrt(np.einsum("...i,...i->...", vectors, vectors))[..., None])


def _turned(start: np.ndarray, end: np.ndarray, share: float) -> np.ndarray:
    """Unit vectors on the great circles between unit vectors, `share` of the way."""
    angle = np.arccos(np.clip((start * end).sum(-1, keepdims=True), -1, 1))
    sine = np.maximum(np.sin(angle), 1e-9)
    on_arc = (np.sin((1 - share) * angle) * start + np.sin(share * angle) * end) / sine
    return np.asarray(np.where(angle < 1e-4, start + share * (end - start), on_arc))
