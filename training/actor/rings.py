"""Closed edge loops around the mouth and the eyes, found once in the base anatomy's quads.

Rule: loops lie one behind the other without a gap, and a column runs straight through all of them; rows are the same
places on every actor.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from training.actor.anatomy import Anatomy, load_anatomy

_MOUTH_INNER, _MOUTH_OUTER = 6, 9
_EYE_INNER, _EYE_OUTER = 7, 12
_MIDLINE_CM = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """Loops around one opening.

    Args:
        rows: [R, C] int32: ring (deep inside first) and column.
        first: Number of the first ring; ring 0 is the seam, negative ones lie inside.
        upper: Columns of the upper lip or lid, from the actor's left corner to the right.
        lower: Columns of the lower one, likewise; a corner that belongs to both is in neither.
    """

    rows: np.ndarray
    first: int
    upper: np.ndarray
    lower: np.ndarray

    def ring(self, number: int) -> np.ndarray:
        """[C] rows of one ring."""
        return np.asarray(self.rows[number - self.first])

    def span(self, first: int, last: int) -> np.ndarray:
        """[n, C] rows of the rings from `first` to `last`, both included."""
        return np.asarray(self.rows[first - self.first : last - self.first + 1])

    def corners(self) -> tuple[int, int]:
        """The left and the right column that belong to neither half, of an opening that has them."""
        inside = set(np.concatenate([self.upper, self.lower]).tolist())
        left, right = (column for column in range(self.rows.shape[1]) if column not in inside)
        is_after_left = (self.upper[0] - left) % self.rows.shape[1] == 1 or (left - self.upper[0]) % self.rows.shape[
            1
        ] == 1
        return (left, right) if is_after_left else (right, left)


@lru_cache(maxsize=1)
def mouth_rings() -> Rings:
    """38 columns; ring 0 and ring -1 are where closed lips touch."""
    anatomy = load_anatomy()
    base, neighbours = anatomy.base, _neighbours(anatomy)
    lips = np.flatnonzero(anatomy.masks["lips"] > 0)
    seeds = lips[np.abs(base[lips, 0]) < _MIDLINE_CM]
    loops = [loop for seed in seeds if (loop := _sideways_loop(anatomy, neighbours, int(seed)))]
    seam = min(loops, key=lambda loop: float(np.ptp(base[loop, 1])))
    rows = _grow(base, neighbours, seam, _MOUTH_INNER, _MOUTH_OUTER)
    middle = base[rows[_MOUTH_INNER - 2 : _MOUTH_INNER + 1]].mean(0)
    left, right = int(middle[:, 0].argmax()), int(middle[:, 0].argmin())
    return _halved(base, rows, _MOUTH_INNER, (left, left), (right, right))


@lru_cache(maxsize=2)
def eye_rings(side: int) -> Rings:
    """28 columns; ring 0 is the lid's edge, ring -1 the inner edge, which the sculptor sank into the eyeball.

    Args:
        side: 0 is the actor's left eye.
    """
    anatomy = load_anatomy()
    base, neighbours = anatomy.base, _neighbours(anatomy)
    eyeball = base[anatomy.parts[("left_eye", "right_eye")[side]]]
    centre = (eyeball.max(0) + eyeball.min(0)) / 2
    radius = np.linalg.norm(eyeball - centre, axis=1).mean()
    skin = anatomy.parts["skin"]
    sunk = skin[np.linalg.norm(base[skin] - centre, axis=1) < radius]
    loop = _ordered(neighbours, {int(row) for row in sunk})
    rows = _grow(base, neighbours, loop, _EYE_INNER - 1, _EYE_OUTER + 1)
    # A corner lies between two columns; the right fold lays partners one above the other.
    count = len(loop)
    edge = base[rows[_EYE_INNER], 0]
    steps = np.arange(count // 2)
    away = [np.abs(edge[(s + 1 + steps) % count] - edge[(s - steps) % count]).sum() for s in range(count // 2)]
    one = int(np.argmin(away))
    other = (one + count // 2) % count
    corners = [(one, (one + 1) % count), (other, (other + 1) % count)]
    corners.sort(key=lambda pair: -edge[pair[0]])
    left, right = corners
    return _halved(base, rows, _EYE_INNER, left, right)


def _halved(base: np.ndarray, rows: np.ndarray, inner: int, left: tuple[int, int], right: tuple[int, int]) -> Rings:
    """Split the columns at the corners; a corner that is one column belongs to neither half."""
    count = rows.shape[1]
    skip = int(left[0] == left[1])
    halves = []
    for begin, end in ((left[1] + skip, right[0] - skip), (right[1] + skip, left[0] - skip)):
        halves.append(np.arange(begin, begin + (end - begin) % count + 1) % count)
    halves[1] = halves[1][::-1]
    halves.sort(key=lambda columns: -base[rows[inner, columns], 1].mean())
    return Rings(rows, -inner, halves[0], halves[1])


def _neighbours(anatomy: Anatomy) -> list[set[int]]:
    neighbours: list[set[int]] = [set() for _ in anatomy.base]
    for corner in range(4):
        for one, other in zip(anatomy.quads[:, corner], anatomy.quads[:, (corner + 1) % 4], strict=True):
            neighbours[one].add(int(other))
            neighbours[other].add(int(one))
    return neighbours


def _sideways_loop(anatomy: Anatomy, neighbours: list[set[int]], seed: int) -> list[int] | None:
    """The closed loop that leaves `seed` towards the actor's left and goes straight on at every crossing."""
    loop = [seed, max(neighbours[seed], key=lambda row: anatomy.base[row, 0])]
    while len(loop) < 100:
        before, here = loop[-2:]
        # Straight on: of four edges, the one that shares no quad with the edge we came by.
        ahead = [row for row in neighbours[here] if row != before and len(neighbours[row] & neighbours[before]) < 2]
        if len(neighbours[here]) != 4 or len(ahead) != 1:
            return None
        if ahead[0] == seed:
            return loop
        loop.append(ahead[0])
    return None


def _ordered(neighbours: list[set[int]], members: set[int]) -> list[int]:
    loop = [min(members)]
    while len(loop) < len(members):
        loop.append(min((neighbours[loop[-1]] & members) - set(loop)))
    return loop


def _grow(base: np.ndarray, neighbours: list[set[int]], seam: list[int], inner: int, outer: int) -> np.ndarray:
    """[inner + 1 + outer, C] rows: the loop with those behind it and those before it."""
    sides = []
    for pick, count in ((min, inner), (max, outer)):
        rings, before = [seam], set(seam)
        for _ in range(count):
            # The first step's direction is told by depth: inside the head is -z.
            here = rings[-1]
            ahead = [pick(neighbours[row] - before - set(here), key=lambda row: base[row, 2]) for row in here]
            before = set(here)
            rings.append(ahead)
        sides.append(rings)
    stack = np.array([*sides[0][:0:-1], *sides[1]], np.int32)
    if len(np.unique(stack)) != stack.size:
        raise ValueError("the loops around an opening run into each other")
    return stack
