"""The head's own texture atlas: the package's islands, laid out anew so that texels go where the face has detail.

Rule: an island is never folded: each axis is only stretched, monotonically, by how much skin lies under it.
"""

from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from training.actor.anatomy import Anatomy

# Left, bottom, right, top of each island in the new atlas.
_BOXES: dict[str, tuple[float, float, float, float]] = {
    "head": (0.004, 0.004, 0.738, 0.996),
    "neck": (0.744, 0.768, 0.997, 0.996),
    "left_eye_front": (0.744, 0.636, 0.868, 0.760),
    "right_eye_front": (0.873, 0.636, 0.997, 0.760),
    "upper_teeth": (0.744, 0.230, 0.815, 0.630),
    "lower_teeth": (0.820, 0.230, 0.891, 0.630),
    "tongue": (0.896, 0.380, 0.997, 0.630),
    "left_socket": (0.896, 0.306, 0.944, 0.374),
    "right_socket": (0.949, 0.306, 0.997, 0.374),
    "left_eye_back": (0.896, 0.256, 0.944, 0.300),
    "right_eye_back": (0.949, 0.256, 0.997, 0.300),
    "mouth": (0.744, 0.004, 0.997, 0.224),
}
_TEETH = ("upper_teeth", "lower_teeth")

# How many texels a centimetre of each region deserves, against plain skin.
_FACE_SHARE, _LID_SHARE, _LIP_SHARE, _PUPIL_SHARE = 1.0, 3.0, 1.9, 1.8
_FRONT_TEETH_SHARE, _BACK_TEETH_SHARE = 1.6, 0.8
_HIDDEN_SHARE = 0.36  # scalp, behind the ears, shoulders
_NUM_LEVELS = 96


@lru_cache(maxsize=1)
def lay_out(anatomy: Anatomy) -> np.ndarray:
    """[T, 2] float32 texture places in the new atlas, row by row with `anatomy.uv`."""
    num_places = len(anatomy.uv)
    around = anatomy.uv_quads[:, [1, 2, 3, 0]].ravel()
    links = sparse.csr_matrix(
        (np.ones(around.size), (anatomy.uv_quads.ravel(), around)), shape=(num_places, num_places)
    )
    num_islands, island_of = connected_components(links, directed=False)
    vertex_of = np.zeros(num_places, int)
    vertex_of[anatomy.uv_quads] = anatomy.quads
    sides = np.stack([anatomy.uv_quads.ravel(), around], axis=1)
    lengths = np.linalg.norm(np.diff(anatomy.base[vertex_of[sides]], axis=1)[:, 0], axis=1)
    needs = lengths * _deserved(anatomy)[vertex_of[sides]].mean(1)

    placed = np.zeros((num_places, 2), np.float32)
    for island in range(num_islands):
        rows = np.flatnonzero(island_of == island)
        name = _name_of(anatomy, vertex_of[rows])
        left, bottom, right, top = _BOXES[name]
        flat = anatomy.uv.copy()
        if name in _TEETH:
            flat[rows] = _unrolled(anatomy.uv[rows])
        is_mine = island_of[sides[:, 0]] == island
        ends, wanted = flat[sides[is_mine]], needs[is_mine]
        spread = np.stack([_spread(flat[rows, axis], ends, wanted, axis) for axis in (0, 1)], axis=1)
        placed[rows] = spread * [right - left, top - bottom] + [left, bottom]
    return placed


def island_mask(uv: np.ndarray, island: str) -> np.ndarray:
    """[T] bool: which texture places of the new atlas lie in this island."""
    left, bottom, right, top = _BOXES[island]
    slack = 1e-4
    inside = (uv >= np.array([left, bottom]) - slack) & (uv <= np.array([right, top]) + slack)
    return np.asarray(inside.all(axis=1))


def _name_of(anatomy: Anatomy, vertices: np.ndarray) -> str:
    first, places = vertices[0], anatomy.base[vertices]
    for part in ("left_eye", "right_eye"):
        if first in anatomy.parts[part]:
            middle = anatomy.base[anatomy.parts[part], 2].mean()
            return f"{part}_front" if places[:, 2].mean() > middle else f"{part}_back"
    for part in (*_TEETH, "tongue"):
        if first in anatomy.parts[part]:
            return part
    if (anatomy.masks["inside-mouth"][vertices] > 0).mean() > 0.5:
        return "mouth"
    if len(vertices) > 2000:
        return "head"
    if places[:, 1].max() < 68:
        return "neck"
    return "left_socket" if places[:, 0].mean() > 0 else "right_socket"


def _deserved(anatomy: Anatomy) -> np.ndarray:
    """[V] texels per centimetre, relative."""
    share = np.full(len(anatomy.base), _HIDDEN_SHARE)
    share[anatomy.masks["face"] > 0] = _FACE_SHARE
    share[anatomy.masks["eyelids"] > 0] = _LID_SHARE
    share[anatomy.masks["lips"] > 0] = _LIP_SHARE
    for part in _TEETH:
        rows = anatomy.parts[part]
        aside_cm = np.abs(anatomy.base[rows, 0])
        share[rows] = np.interp(aside_cm, [1.6, 3.2], [_FRONT_TEETH_SHARE, _BACK_TEETH_SHARE])
    for part in ("left_eye", "right_eye"):
        rows = anatomy.parts[part]
        centre = anatomy.base[rows].mean(0)
        off_axis_cm = np.linalg.norm((anatomy.base[rows] - centre)[:, :2], axis=1)
        share[rows] = np.interp(off_axis_cm, [0.4, 1.2], [_PUPIL_SHARE, 0.7])
    return share


def _unrolled(places: np.ndarray) -> np.ndarray:
    """An arch as a straight upright strip: angle along (algebraic circle fit), distance to the middle line across."""
    system = np.column_stack([2 * places, np.ones(len(places))])
    centre = np.linalg.lstsq(system, (places**2).sum(1), rcond=None)[0][:2]
    offset = places - centre
    middle = offset.mean(0) / np.linalg.norm(offset.mean(0))
    along = np.arctan2(offset[:, 1] * middle[0] - offset[:, 0] * middle[1], offset @ middle)
    radius = np.linalg.norm(offset, axis=1)
    middle_line = np.polynomial.Polynomial.fit(along, radius, 4)
    return np.stack([radius - middle_line(along), along], axis=1)


def _spread(values: np.ndarray, ends: np.ndarray, needs: np.ndarray, axis: int) -> np.ndarray:
    """Values in 0..1, monotone in `values`, with room in proportion to what the mesh's edges need there.

    Args:
        values: [n] one axis of the island's places.
        ends: [e, 2, 2] both ends of the island's edges.
        needs: [e] length of each edge times what a centimetre of it deserves.
        axis: Of `ends`, the one that `values` are.
    """
    low, span = values.min(), np.ptp(values)
    extent = np.abs(np.diff(ends, axis=1)[:, 0])  # [e, 2]
    is_along = extent[:, axis] > 1e-9
    # What an edge needs along this axis: its own length in the share that it runs this way.
    rate = needs[is_along] * span / np.hypot(extent[is_along, 0], extent[is_along, 1])
    first, last = np.sort((ends[is_along, :, axis] - low) / span, axis=1).T
    centres = (np.arange(_NUM_LEVELS) + 0.5) / _NUM_LEVELS
    wanted = np.zeros(_NUM_LEVELS)
    for level, centre in enumerate(centres):
        crossing = (first <= centre + 1 / _NUM_LEVELS) & (last >= centre - 1 / _NUM_LEVELS)
        if crossing.any():
            wanted[level] = np.percentile(rate[crossing], 90)
    wanted = np.maximum(wanted, 0.15 * wanted.max())
    wanted = np.convolve(np.pad(wanted, 4, mode="edge"), np.ones(9) / 9, "valid")
    filled = np.concatenate([[0], np.cumsum(wanted)]) / wanted.sum()
    return np.asarray(np.interp((values - low) / span, np.linspace(0, 1, _NUM_LEVELS + 1), filled))
