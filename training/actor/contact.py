"""Lips as flesh: they touch but never cross, they seal, they lie before the teeth, the lower one meets the upper row.

Rule: a correction is found where upper and lower lip face each other, then spreads over the skin around by precomputed
weights; rings and columns are those of `rings.mouth_rings`. Depth is z, closing is y: the head is stabilised.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.interpolate import CubicSpline

from training.actor.anatomy import load_anatomy
from training.actor.influence import spread
from training.actor.jaw import DentalArch
from training.actor.rings import mouth_rings

CONTACT = (-1, 0)  # the rings that touch when the lips are closed
_PROFILE = (-2, 3)  # the rings that may run into the other lip
_BEFORE_TEETH = (-4, 4)  # the rings that may run into the teeth
_SPREAD_CM = 2.4
_SEAL_REACH_CM = 1.6  # a gap wider than this is not closed all the way
_OVERLAP_SLACK_CM = -0.003  # below 0: skin gives way a little before it touches
_YIELD_STEPS = 4
_UPPER_SHARE = 0.45  # of what closes a gap at a closed jaw; an open one leaves more to the lower lip
_UPPER_SHARE_OPEN = 0.25
_TEETH_CLEARANCE_CM, _TEETH_FADE_CM = 0.05, 0.15
_BITE_HALF_CM = 1.9  # lip to teeth: from the middle to where nothing is left of it
_BITE_DEPTH_CM = 0.10  # the lip's rim before the incisors' edge, and below it
_BITE_DROP_CM = 0.03
_FLIP = np.array([1.0, -1.0, 1.0])


@dataclass(frozen=True, slots=True, eq=False)
class LipContact:
    """The mouth's columns with what carries values between its two lips, which have different numbers of columns.

    A knot is a lower column or one of the two corners; corners close the row of knots at both ends.

    Args:
        upper: [R, U] rows of the upper lip's profile rings.
        lower: [R, K] rows of the knots' profile rings, corners included.
        to_upper: [U, K] knots' values at the upper columns.
        to_knots: [K, U + 2] upper columns' values, and the two corners', at the knots.
        weights: [V, U + K - 2] shares of each column's shift.
        wall_rows: [n] rows that the teeth hold back.
        upper_slack: [R, U] overlap that is let be, cm: what the actor has at rest.
        lower_slack: [R, K] likewise.
        rest_gap: [2, K, 3] cm, from upper to lower lip at rest: what one lip's corners leave of the other's curve.
        rest_step: [2, U, 3] cm, likewise at the upper columns.
    """

    upper: np.ndarray
    lower: np.ndarray
    to_upper: np.ndarray
    to_knots: np.ndarray
    weights: sparse.csr_matrix
    wall_rows: np.ndarray
    upper_slack: np.ndarray
    lower_slack: np.ndarray
    rest_gap: np.ndarray
    rest_step: np.ndarray

    def at_rest(self, vertices: np.ndarray) -> "LipContact":
        """The same lips, of an actor whose closed mouth this is: at rest nothing pushes."""
        upper_depth, knot_depth = self._overlap(vertices)
        upper, knots = self._contact(vertices)
        return replace(
            self,
            upper_slack=self.upper_slack + upper_depth,
            lower_slack=self.lower_slack + knot_depth,
            rest_gap=knots - self._at_knots(upper, knots),
            rest_step=self.to_upper @ knots - upper,
        )

    def hold_before_teeth(self, vertices: np.ndarray, arch: DentalArch, turn: np.ndarray, pivot: np.ndarray,
                          shift: np.ndarray) -> None:  # fmt: skip
        """Push what sank into one row of teeth out again, in place.

        Args:
            vertices: [V, 3] float64 cm.
            arch: The row, where it is at rest.
            turn: [3, 3] its rotation about `pivot`.
            pivot: [3] cm.
            shift: [3] cm, after the rotation.
        """
        at_rest = (vertices[self.wall_rows] - pivot - shift) @ turn + pivot
        vertices[self.wall_rows] += arch.out_of_wall(at_rest, _TEETH_CLEARANCE_CM, _TEETH_FADE_CM) @ turn.T

    def seal(self, vertices: np.ndarray, amount: float, jaw_opening: float) -> None:
        """Bring the lips together, in place; at amount 1 they touch all along, as far as skin reaches."""
        upper, knots = self._contact(vertices)  # [2, U, 3], [2, K, 3]
        gap = knots - self._at_knots(upper, knots) - self.rest_gap
        width = np.linalg.norm(gap.mean(0), axis=1)
        # Beyond its reach skin gives way gradually.
        reach = np.minimum(1, _SEAL_REACH_CM / np.maximum(width, 1e-9))
        amounts = (amount * reach)[None, :, None]
        meeting = knots - (1 - _upper_share(jaw_opening)) * gap
        to_lower = amounts * (meeting - knots)
        to_upper = (self.to_upper @ amounts[0]) * (self.to_upper @ meeting - self.rest_step - upper)
        self._shift(vertices, to_upper.mean(0), to_lower.mean(0))
        # The two touching rings end exactly where they meet.
        for ring, number in enumerate(CONTACT):
            place = number - _PROFILE[0]
            vertices[self.upper[place]] = upper[ring] + to_upper[ring]
            vertices[self.lower[place]] = knots[ring] + to_lower[ring]

    def bite(self, vertices: np.ndarray, amount: float, arch: DentalArch) -> None:
        """Bring the lower lip's rim up to the edge of the upper teeth, in place."""
        upper, knots = self._contact(vertices)
        rim = knots.mean(0)
        target = arch.edge(rim[:, 0]) + np.array([0, -_BITE_DROP_CM, _BITE_DEPTH_CM])
        share = np.clip(1 - np.square(rim[:, 0] / _BITE_HALF_CM), 0, 1) ** 0.5
        share[[0, -1]] = 0
        self._shift(vertices, np.zeros((upper.shape[1], 3)), amount * share[:, None] * (target - rim))

    def make_way(self, vertices: np.ndarray, height_cm: np.ndarray, half_width_cm: float, amount: float) -> None:
        """Press the lower lip down under the tongue, in place.

        Args:
            vertices: [V, 3] float64 cm.
            height_cm: [K] y of the tongue's underside at the knots.
            half_width_cm: Of the tongue.
            amount: 0..1, how far the tongue is over the lip.
        """
        upper, knots = self._contact(vertices)
        top = knots[..., 1].max(0)
        beside = np.clip((half_width_cm + 0.3 - np.abs(knots[0, :, 0])) / 0.3, 0, 1)
        push = np.zeros((len(top), 3))
        push[:, 1] = -amount * beside * np.maximum(top - height_cm, 0)
        self._shift(vertices, np.zeros((upper.shape[1], 3)), push)

    def knots(self, vertices: np.ndarray) -> np.ndarray:
        """[K, 3] the lower lip's rim, corners included."""
        return np.asarray(self._contact(vertices)[1].mean(0))

    def part(self, vertices: np.ndarray, jaw_opening: float, sealed: float) -> None:
        """Push crossing lips apart until they touch, in place.

        Args:
            vertices: [V, 3] float64 cm.
            jaw_opening: 0..1.
            sealed: 0..1, how far a seal has put the columns in their places; the rest is the profile's to give way.
        """
        share = _upper_share(jaw_opening)
        for _ in range(2 if sealed < 1 else 0):
            upper_depth, knot_depth = self._overlap(vertices)
            depth = np.maximum(self._knot_values(upper_depth.max(0)), knot_depth.max(0))
            if depth.max() == 0:
                return
            push = np.zeros((len(depth), 3))
            push[:, 1] = (1 - sealed) * depth
            self._shift(vertices, share * (self.to_upper @ push), -(1 - share) * push)
        for _ in range(_YIELD_STEPS):
            upper_depth, knot_depth = self._overlap(vertices)
            if max(upper_depth.max(), knot_depth.max()) == 0:
                return
            vertices[self.upper, 1] += 0.6 * upper_depth
            vertices[self.lower, 1] -= 0.6 * knot_depth

    def overlap_cm(self, vertices: np.ndarray) -> np.ndarray:
        """[n] how deep each lip vertex stands in the other lip; 0 where it does not."""
        upper_depth, knot_depth = self._overlap(vertices)
        return np.concatenate([upper_depth.ravel(), knot_depth.ravel()])

    def gaps_cm(self, vertices: np.ndarray) -> np.ndarray:
        """[2, K - 2] from upper to lower lip at the contact rings, knot by knot, the corners left out."""
        upper, knots = self._contact(vertices)
        return np.asarray(np.linalg.norm(knots - self._at_knots(upper, knots), axis=2)[:, 1:-1])

    def _contact(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        places = [number - _PROFILE[0] for number in CONTACT]
        return vertices[self.upper[places]], vertices[self.lower[places]]

    def _at_knots(self, upper: np.ndarray, knots: np.ndarray) -> np.ndarray:
        """[R, K, 3] the upper lip at the knots."""
        closed = np.concatenate([knots[:, :1], upper, knots[:, -1:]], axis=1)
        return np.asarray(self.to_knots @ closed)

    def _knot_values(self, upper: np.ndarray) -> np.ndarray:
        """[K] a value of the upper columns, 0 at the corners."""
        return np.asarray(self.to_knots @ np.concatenate([[0], upper, [0]]))

    def _shift(self, vertices: np.ndarray, upper: np.ndarray, knots: np.ndarray) -> None:
        vertices += self.weights @ np.concatenate([upper, knots[1:-1]])

    def _overlap(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """[R, U] and [R, K] depths, cm, by which vertices stand in the other lip."""
        upper, knots = vertices[self.upper], vertices[self.lower]
        closed = np.concatenate([knots[:, :1], upper, knots[:, -1:]], axis=1)
        below = _height_over(upper, knots)
        above = _height_over(knots * _FLIP, closed * _FLIP)
        above[:, [0, -1]] = 0
        return np.maximum(below - self.upper_slack, 0), np.maximum(above - self.lower_slack, 0)


def _height_over(lip: np.ndarray, other: np.ndarray) -> np.ndarray:
    """[R, C] how far the other lip's surface stands above each vertex of one, straight up; -inf where it is not there.

    Args:
        lip: [R, C, 3].
        other: [S, D, 3] rings by columns: the corners of its quads.
    """
    a, b, c, d = other[:-1, :-1], other[:-1, 1:], other[1:, 1:], other[1:, :-1]
    first, second, third = (
        np.concatenate([one.reshape(-1, 3), two.reshape(-1, 3)]) for one, two in ((a, a), (b, c), (c, d))
    )
    edge1, edge2 = second - first, third - first
    area = edge1[:, 0] * edge2[:, 2] - edge1[:, 2] * edge2[:, 0]
    area = np.where(np.abs(area) < 1e-9, np.inf, area)
    # Barycentric places over (x, z); one row of products instead of differences of every pair.
    x, y, z = lip.reshape(-1, 3).T
    across = (edge2[:, 2] / area, -edge2[:, 0] / area)
    along = (-edge1[:, 2] / area, edge1[:, 0] / area)
    u = np.outer(x, across[0]) + np.outer(z, across[1]) - (first[:, 0] * across[0] + first[:, 2] * across[1])
    v = np.outer(x, along[0]) + np.outer(z, along[1]) - (first[:, 0] * along[0] + first[:, 2] * along[1])
    is_inside = (u >= 0) & (v >= 0) & (u + v <= 1)
    height = np.full(len(x), -np.inf)
    rows, faces = np.nonzero(is_inside)
    found = first[faces, 1] + u[rows, faces] * edge1[faces, 1] + v[rows, faces] * edge2[faces, 1] - y[rows]
    np.maximum.at(height, rows, found)
    return height.reshape(lip.shape[:2])


def _upper_share(jaw_opening: float) -> float:
    return _UPPER_SHARE + (_UPPER_SHARE_OPEN - _UPPER_SHARE) * min(1.0, 2 * jaw_opening)


def build_lip_contact() -> LipContact:
    """Find the columns in the base anatomy; the same for every actor."""
    base, rings = load_anatomy().base, mouth_rings()
    left, right = rings.corners()
    knots = np.array([left, *rings.lower, right])
    closed = np.array([left, *rings.upper, right])
    across = base[rings.ring(0), 0]
    handles = np.concatenate([rings.upper, rings.lower])
    upper, lower = rings.span(*_PROFILE)[:, rings.upper], rings.span(*_PROFILE)[:, knots]
    return LipContact(
        upper=upper,
        lower=lower,
        to_upper=_smooth_interpolation(-across[knots], -across[rings.upper]),
        to_knots=_smooth_interpolation(-across[closed], -across[knots]),
        weights=spread(rings.span(-1, 1)[:, handles], _SPREAD_CM),
        wall_rows=rings.span(*_BEFORE_TEETH).ravel(),
        upper_slack=np.full(upper.shape, _OVERLAP_SLACK_CM),
        lower_slack=np.full(lower.shape, _OVERLAP_SLACK_CM),
        rest_gap=np.zeros((len(CONTACT), len(knots), 3)),
        rest_step=np.zeros((len(CONTACT), len(rings.upper), 3)),
    )


def _smooth_interpolation(known: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """[wanted, known] smooth (natural cubic spline); `known` increases."""
    return np.asarray(CubicSpline(known, np.eye(len(known)), bc_type="natural")(wanted))


def lip_pairs() -> np.ndarray:
    """[n, 2] upper and lower vertex that touch when the lips are closed, ring by ring, left to right."""
    base, rings = load_anatomy().base, mouth_rings()
    pairs = []
    for number in CONTACT:
        upper, lower = rings.ring(number)[rings.upper], rings.ring(number)[rings.lower]
        nearest = np.abs(base[upper, 0][:, None] - base[lower, 0]).argmin(0)
        pairs.append(np.stack([upper[nearest], lower], axis=1))
    return np.concatenate(pairs)
