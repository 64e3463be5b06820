"""The jaw: a rigid body that turns about its condyles, with the lower teeth and the tongue on it.

Rule: what the jaw carries moves on arcs; the upper teeth belong to the skull and never move.
"""

from dataclasses import dataclass

import numpy as np
from scipy.spatial.transform import Rotation

from training.actor.anatomy import Anatomy

UNITS = ("jawOpen", "jawForward", "jawLeft", "jawRight")
_EDGE_DROP_CM = 0.23  # the upper incisors' edge below the line where the lips meet
_OVERBITE_CM, _OVERJET_CM = 0.12, 0.24  # the lower incisors' edge above and behind the upper one's
_TIP_CM, _TIP_WIDTH = 1.1, 0.85  # the tongue's tip: how long, and how wide its end is to what it was
_TIP_ROUND_CM = 0.42  # how far the sides of its end lie behind the middle
_LIP_CLEARANCE_CM = 0.07  # between upper incisors and the closed lips in front of them
_UPRIGHT_SHARE = 0.5  # of the incisors' slant that is taken out; the sculptor's gums lean into the lips
_ARCH_THICKNESS_CM = 0.6
_ARCH_HALF_CM = 2.6  # incisors to first molars: as far as lips reach


@dataclass(frozen=True, slots=True, eq=False)
class Jaw:
    """How weights move the jaw.

    Args:
        pivot: [3] cm, the middle of the axis that `jawOpen` turns about.
        columns: [4] indices of `UNITS` among the rig's units.
        turns: [4, 3] rotation vectors at weight 1, radians.
        shifts: [4, 3] what the pivot moves by at weight 1, cm.
        carried: [V] in 0..1, how far each skin vertex goes with the jaw.
    """

    pivot: np.ndarray
    columns: np.ndarray
    turns: np.ndarray
    shifts: np.ndarray
    carried: np.ndarray

    def motion(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """[3, 3] rotation about the pivot, and [3] shift after it, cm."""
        share = weights[self.columns]
        return _rotation(share @ self.turns), share @ self.shifts

    def arc(self, weights: np.ndarray) -> np.ndarray:
        """[3, 3]: times a place relative to the pivot, what the chord of an opening misses of its arc, cm."""
        opening = weights[self.columns[0]]
        full, identity = _rotation(self.turns[0]), np.eye(3)
        return np.asarray((_rotation(opening * self.turns[0]) - identity) - opening * (full - identity))


@dataclass(frozen=True, slots=True, eq=False)
class DentalArch:
    """The front surface of one row of teeth, as even polynomials of the distance from the midline.

    Args:
        height: [3] coefficients of 1, x^2, x^4: the biting edge's y, cm.
        depth: [3] of the edge's z.
        slope: [3] of dz/dy from the edge to the gum.
        gum: +1 where the gum is above the edge, -1 below.
    """

    height: np.ndarray
    depth: np.ndarray
    slope: np.ndarray
    gum: float

    def edge(self, x: np.ndarray) -> np.ndarray:
        """[n, 3] places of the biting edge."""
        powers = _even_powers(x)
        return np.stack([x, powers @ self.height, powers @ self.depth], axis=1)

    def out_of_wall(self, places: np.ndarray, clearance_cm: float, fade_cm: float) -> np.ndarray:
        """[n, 3] shifts that bring places behind the teeth's front out before it.

        Past the biting edge the wall fades out over `fade_cm`.
        """
        x = places[:, 0]
        powers = _even_powers(x)
        above_edge = places[:, 1] - powers @ self.height
        wall = powers @ self.depth + (powers @ self.slope) * above_edge
        # Straight out of the arch rather than towards +z: its normal in the horizontal plane.
        near = np.clip(x, -_ARCH_HALF_CM, _ARCH_HALF_CM)
        across = -(2 * self.depth[1] * near + 4 * self.depth[2] * near**3)
        steepness = np.sqrt(1 + across**2)
        sunk = np.maximum(clearance_cm * steepness + wall - places[:, 2], 0) / steepness
        share = np.clip((self.gum * above_edge + fade_cm) / fade_cm, 0, 1)
        sunk *= share * share * (3 - 2 * share)
        return np.stack([across / steepness * sunk, np.zeros_like(sunk), sunk / steepness], axis=1)


def build_jaw(anatomy: Anatomy, shape: np.ndarray, deltas: np.ndarray) -> Jaw:
    """Read the jaw's motion off the lower teeth in the expression units.

    Args:
        anatomy: The base.
        shape: [V, 3] cm, the actor.
        deltas: [52, V, 3] cm, the actor's units.
    """
    columns = np.array([anatomy.units.index(name) for name in UNITS])
    teeth = anatomy.parts["lower_teeth"]
    rotations, offsets = zip(
        *(_rigid(shape[teeth], shape[teeth] + deltas[unit, teeth]) for unit in columns), strict=True
    )
    # The axis runs through where a full opening moves nothing (in the plane across the axis).
    pivot = np.linalg.lstsq(np.eye(3) - rotations[0], offsets[0], rcond=1e-3)[0]
    pivot[0] = shape[teeth, 0].mean()
    turns = np.stack([Rotation.from_matrix(rotation).as_rotvec() for rotation in rotations])
    shifts = np.stack([r @ pivot + offset - pivot for r, offset in zip(rotations, offsets, strict=True)])
    rigid = (shape - pivot) @ (rotations[0] - np.eye(3)).T
    carried = (deltas[columns[0]] * rigid).sum(1) / np.maximum((rigid**2).sum(1), 1e-6)
    carried = np.clip(carried, 0, 1)
    carried[np.concatenate([anatomy.parts[name] for name in anatomy.parts if name != "skin"])] = 0
    return Jaw(pivot, columns, turns, shifts, carried)


def place_teeth(anatomy: Anatomy, shape: np.ndarray, lip_line: np.ndarray, lip_depth_cm: float) -> None:
    """Move teeth and tongue, in place, to where they belong behind this actor's closed lips.

    Args:
        anatomy: The base.
        shape: [V, 3] cm, the actor.
        lip_line: [3] cm, where the closed lips meet in the middle.
        lip_depth_cm: z of the lips' inner surface there.
    """
    upper, lower = anatomy.parts["upper_teeth"], anatomy.parts["lower_teeth"]
    for rows, gum in ((upper, 1.0), (lower, -1.0)):
        arch = _fit(anatomy, shape, rows, gum)
        tilt = _UPRIGHT_SHARE * arch.slope[0]
        shape[rows, 2] -= tilt * (shape[rows, 1] - arch.height[0])
    upper_edge, lower_edge = (_fit(anatomy, shape, rows, gum) for rows, gum in ((upper, 1.0), (lower, -1.0)))
    front = upper_edge.depth[0] + upper_edge.slope[0] * (lip_line[1] + 0.9 - upper_edge.height[0])
    move_upper = np.array(
        [0, lip_line[1] - _EDGE_DROP_CM - upper_edge.height[0], lip_depth_cm - _LIP_CLEARANCE_CM - front]
    )
    wanted = np.array([upper_edge.height[0], upper_edge.depth[0]]) + move_upper[1:] + [_OVERBITE_CM, -_OVERJET_CM]
    move_lower = np.array([0, wanted[0] - lower_edge.height[0], wanted[1] - lower_edge.depth[0]])
    shape[upper] += move_upper
    shape[lower] += move_lower
    tongue = anatomy.parts["tongue"]
    shape[tongue] += move_lower
    # The package's tongue ends square: its last stretch becomes a round tip.
    x, z = shape[tongue, 0], shape[tongue, 2]
    middle = (x.max() + x.min()) / 2
    share = np.clip((z.max() - z) / _TIP_CM, 0, 1)
    half = np.abs(x[share < 1] - middle).max()
    turn = np.pi / 2 * np.clip((x - middle) / half, -1, 1)
    shape[tongue, 0] = middle + (x - middle) * (_TIP_WIDTH + (1 - _TIP_WIDTH) * np.sqrt(1 - (1 - share) ** 2))
    shape[tongue, 2] -= _TIP_ROUND_CM * (1 - share) * (1 - np.cos(turn))


def arches(anatomy: Anatomy, shape: np.ndarray) -> tuple[DentalArch, DentalArch]:
    """The upper and the lower row of teeth."""
    return _fit(anatomy, shape, anatomy.parts["upper_teeth"], 1.0), _fit(
        anatomy, shape, anatomy.parts["lower_teeth"], -1.0
    )


def _fit(anatomy: Anatomy, shape: np.ndarray, rows: np.ndarray, gum: float) -> DentalArch:
    edge, root = _edge_and_root(anatomy, rows, gum)
    edge_powers = _even_powers(shape[edge, 0])
    height = np.linalg.lstsq(edge_powers, shape[edge, 1], rcond=None)[0]
    depth = np.linalg.lstsq(edge_powers, shape[edge, 2], rcond=None)[0]
    root_powers = _even_powers(shape[root, 0])
    above = shape[root, 1] - root_powers @ height
    slope = np.linalg.lstsq(root_powers, (shape[root, 2] - root_powers @ depth) / above, rcond=None)[0]
    return DentalArch(height, depth, slope, gum)


def _edge_and_root(anatomy: Anatomy, rows: np.ndarray, gum: float) -> tuple[np.ndarray, np.ndarray]:
    """The biting edge's vertices and the outer gum line's, incisors to first molars, by the base anatomy."""
    places = anatomy.base[rows]
    level = places[:, [0, 2]] - [0, places[:, 2].min()]
    angle, away = np.arctan2(level[:, 0], level[:, 1]), np.hypot(level[:, 0], level[:, 1])
    # Behind the arch's front means that some other vertex, seen the same way, lies clearly further out.
    is_seen_alike = np.abs(angle[:, None] - angle) < 0.2
    is_outside = (np.where(is_seen_alike, away, 0).max(1) - away < _ARCH_THICKNESS_CM) & (
        np.abs(places[:, 0]) < _ARCH_HALF_CM
    )
    front, places = rows[is_outside], places[is_outside]
    # Three lines run along the front; the arch rises towards the molars.
    rise = np.polyfit(places[:, 2], places[:, 1], 1)
    height = gum * (places[:, 1] - np.polyval(rise, places[:, 2]))
    lowest, highest = height.min(), height.max()
    third = (highest - lowest) / 3
    return front[height < lowest + third], front[height > highest - third]


def _even_powers(x: np.ndarray) -> np.ndarray:
    square = np.minimum(np.square(x), _ARCH_HALF_CM**2)
    return np.stack([np.ones_like(square), square, square**2], axis=1)


def _rigid(points: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation and offset that best carry `points` onto `target` (Kabsch 1976)."""
    from_middle, to_middle = points.mean(0), target.mean(0)
    u, _, vt = np.linalg.svd((points - from_middle).T @ (target - to_middle))
    handed = np.diag([1, 1, np.sign(np.linalg.det(vt.T @ u.T))])
    rotation = vt.T @ handed @ u.T
    return rotation, to_middle - rotation @ from_middle


def _rotation(vector: np.ndarray) -> np.ndarray:
    """[3, 3] from a rotation vector (Rodrigues)."""
    angle = float(np.sqrt(vector @ vector))
    if angle < 1e-9:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.asarray(np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross)
