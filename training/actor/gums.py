"""The roots of the teeth: gums stay inside the face, however thin the cheeks and however far the jaw goes.

Rule: only the rows of teeth change, once, at rest; a row stays as rigid in motion as it was.
"""

from collections.abc import Callable, Mapping

import numpy as np

from engine.mesh import Topology
from training.actor.anatomy import Anatomy
from training.actor.atlas import island_mask

_FLESH_CM = 0.3  # of skin and muscle over the gums, at least
_ROOT_CM = 0.55  # from the biting edge to where roots begin; what is nearer is seen and stays
_STEPS = 3
# Where skin lies tightest over the gums.
POSES: tuple[Mapping[str, float], ...] = (
    {}, {"jawOpen": 1.0}, {"jawOpen": 0.6, "jawForward": 1.0}, {"jawOpen": 0.7, "jawLeft": 1.0},
    {"jawOpen": 0.7, "jawRight": 1.0}, {"jawOpen": 0.3, "mouthSmileLeft": 1.0, "mouthSmileRight": 1.0},
    {"mouthFrownLeft": 1.0, "mouthFrownRight": 1.0}, {"mouthPucker": 1.0},
)  # fmt: skip


def bed_gums(anatomy: Anatomy, topology: Topology, pose: Callable[[Mapping[str, float], np.ndarray], np.ndarray],
             edges_cm: tuple[float, float]) -> np.ndarray:  # fmt: skip
    """[V, 3] float32 cm: the neutral with roots drawn in where they would come through the skin.

    Args:
        anatomy: The base.
        topology: The actor's.
        pose: Poses a neutral ([V, 3]) with units by name.
        edges_cm: Heights of the upper and the lower row's biting edge.
    """
    neutral = topology.neutral.astype(np.float64)
    skin = _outer_skin(anatomy, topology)
    roots = []
    for name, edge_cm, gum in (("upper_teeth", edges_cm[0], 1.0), ("lower_teeth", edges_cm[1], -1.0)):
        rows = anatomy.parts[name]
        roots.append(rows[gum * (neutral[rows, 1] - edge_cm) > _ROOT_CM])
    rows = np.concatenate(roots)
    axis = np.array([neutral[rows, 0].mean(), neutral[rows, 2].min()])
    for _ in range(_STEPS):
        shrink = np.ones(len(rows))
        for weights in POSES:
            posed = pose(weights, neutral)
            shrink = np.minimum(shrink, _share_inside(posed[rows], axis, posed[skin]))
        level = neutral[rows][:, [0, 2]]
        neutral[rows[:, None], np.array([0, 2])] = axis + (level - axis) * shrink[:, None]
        if shrink.min() == 1:
            break
    return neutral.astype(np.float32)


def _outer_skin(anatomy: Anatomy, topology: Topology) -> np.ndarray:
    """[n, 3] rows of the triangles that cover the gums from outside."""
    is_skin = np.zeros(topology.num_vertices, bool)
    is_skin[anatomy.parts["skin"]] = True
    is_mouth = island_mask(topology.uv, "mouth")[topology.uv_faces].any(axis=1)
    places = anatomy.base[topology.faces].mean(1)
    teeth = anatomy.base[np.concatenate([anatomy.parts["upper_teeth"], anatomy.parts["lower_teeth"]])]
    is_near = (places[:, 2] > teeth[:, 2].min() - 1) & (np.abs(places[:, 1] - teeth[:, 1].mean()) < 6)
    return np.asarray(topology.faces[is_skin[topology.faces].all(axis=1) & ~is_mouth & is_near])


def _share_inside(places: np.ndarray, axis: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """[n] in 0..1: what part of its distance from the upright axis leaves each place its flesh before it.

    Args:
        places: [n, 3] cm.
        axis: x and z of it.
        skin: [t, 3, 3] corners of triangles.
    """
    away = places[:, [0, 2]] - axis
    far = np.linalg.norm(away, axis=1)
    ahead = away / np.maximum(far, 1e-6)[:, None]
    # Each ray is level, so a triangle is met where the ray crosses its cut at that height (Moeller and Trumbore 1997).
    first, along, across = skin[:, 0], skin[:, 1] - skin[:, 0], skin[:, 2] - skin[:, 0]
    ray = np.stack([ahead[:, 0], 0 * far, ahead[:, 1]], axis=1)
    begin = np.stack([np.full(len(far), axis[0]), places[:, 1], np.full(len(far), axis[1])], axis=1)
    side = np.cross(ray[:, None], across[None])
    area = (side * along).sum(2)
    area = np.where(np.abs(area) < 1e-9, np.inf, area)
    offset = begin[:, None] - first
    u = (offset * side).sum(2) / area
    turned = np.cross(offset, along[None])
    v = (turned * ray[:, None]).sum(2) / area
    distance = (turned * across).sum(2) / area
    is_met = (u >= 0) & (v >= 0) & (u + v <= 1) & (distance > 0)
    nearest = np.where(is_met, distance, np.inf).min(1)
    return np.asarray(np.clip((nearest - _FLESH_CM) / np.maximum(far, 1e-6), 0.3, 1))
