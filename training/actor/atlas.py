"""The head's own texture atlas: the package's islands, laid out anew so that texels go where the face has detail.

Rule: an island is never folded: each axis is only stretched, monotonically, by how its vertices are spread.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from training.actor.anatomy import Anatomy

_CROWDING = 0.72  # 1 spreads vertices evenly over the atlas, 0 keeps the package's proportions

# Left, bottom, right, top of each island in the new atlas.
_BOXES: dict[str, tuple[float, float, float, float]] = {
    "head": (0.005, 0.005, 0.785, 0.995),
    "neck": (0.795, 0.72, 0.995, 0.995),
    "mouth": (0.795, 0.53, 0.995, 0.71),
    "right_socket": (0.795, 0.44, 0.89, 0.52),
    "left_socket": (0.90, 0.44, 0.995, 0.52),
    "left_eye_front": (0.795, 0.335, 0.89, 0.43),
    "right_eye_front": (0.90, 0.335, 0.995, 0.43),
    "left_eye_back": (0.795, 0.28, 0.84, 0.325),
    "right_eye_back": (0.85, 0.28, 0.895, 0.325),
    "upper_teeth": (0.795, 0.20, 0.995, 0.27),
    "lower_teeth": (0.795, 0.12, 0.995, 0.19),
    "tongue": (0.795, 0.005, 0.995, 0.11),
}


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

    placed = np.zeros((num_places, 2), np.float32)
    for island in range(num_islands):
        rows = np.flatnonzero(island_of == island)
        left, bottom, right, top = _BOXES[_name_of(anatomy, vertex_of[rows])]
        spread = np.stack([_spread(anatomy.uv[rows, axis]) for axis in (0, 1)], axis=1)
        placed[rows] = spread * [right - left, top - bottom] + [left, bottom]
    return placed


def island_mask(uv: np.ndarray, island: str) -> np.ndarray:
    """[T] bool: which texture places of the new atlas lie in this island."""
    left, bottom, right, top = _BOXES[island]
    slack = 1e-4
    inside = (uv >= np.array([left, bottom]) - slack) & (uv <= np.array([right, top]) + slack)
    return inside.all(axis=1)


def _name_of(anatomy: Anatomy, vertices: np.ndarray) -> str:
    first, places = vertices[0], anatomy.base[vertices]
    for part in ("left_eye", "right_eye"):
        if first in anatomy.parts[part]:
            middle = anatomy.base[anatomy.parts[part], 2].mean()
            return f"{part}_front" if places[:, 2].mean() > middle else f"{part}_back"
    for part in ("upper_teeth", "lower_teeth", "tongue"):
        if first in anatomy.parts[part]:
            return part
    if (anatomy.masks["inside-mouth"][vertices] > 0).mean() > 0.5:
        return "mouth"
    if len(vertices) > 2000:
        return "head"
    if places[:, 1].max() < 68:
        return "neck"
    return "left_socket" if places[:, 0].mean() > 0 else "right_socket"


def _spread(values: np.ndarray) -> np.ndarray:
    """Values in 0..1, monotone in `values`, crowded places pulled apart."""
    even = (values - values.min()) / np.ptp(values)
    levels = np.linspace(0, 1, 65)
    share = np.searchsorted(np.sort(even), levels, side="right") / len(even)
    share = np.convolve(np.pad(share, 3, mode="edge"), np.ones(7) / 7, "valid")
    share = (share - share[0]) / (share[-1] - share[0])
    return _CROWDING * np.interp(even, levels, share) + (1 - _CROWDING) * even
