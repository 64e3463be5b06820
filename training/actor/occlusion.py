"""How open each vertex is to the light of the whole studio, by looking at the head from many sides."""

import numpy as np

from engine.mesh import VertexNormals
from engine.render import Look, MeshRenderer, Offscreen, Shading, View
from training.actor.rig import Rig

_SIZE_PX = 512
_NUM_DIRECTIONS = 160
_BIAS_CM, _SOFT_CM = 0.06, 0.5  # nothing nearer than this shades, and it shades fully this much further
_SMOOTHING_STEPS, _SMOOTHING = 2, 0.4


def bake_occlusion(rig: Rig, vertices: np.ndarray) -> np.ndarray:
    """[V] float32 in 0..1: the cosine-weighted share of directions that reach each vertex.

    Args:
        rig: Whose topology it is.
        vertices: [V, 3] cm, the pose to look at.
    """
    normals = VertexNormals(rig.topology.faces, rig.topology.num_vertices)(vertices)
    centre = (vertices.max(0) + vertices.min(0)) / 2
    radius = float(np.linalg.norm(vertices - centre, axis=1).max())
    reached, possible = np.zeros(len(vertices)), np.zeros(len(vertices))
    with Offscreen(_SIZE_PX, _SIZE_PX) as target:
        renderer = MeshRenderer(rig.topology, None)
        renderer.set_vertices(vertices)
        for towards in _sphere(_NUM_DIRECTIONS):
            right = np.cross([0.0, 1.0, 0.0], towards)
            right /= np.linalg.norm(right)
            basis = np.stack([right, np.cross(towards, right), towards])
            camera = np.eye(4, dtype=np.float32)
            camera[:3, :3], camera[:3, 3] = basis, -basis @ centre
            projection = np.diag([1 / radius, 1 / radius, -1 / radius, 1]).astype(np.float32)
            renderer.draw(View(camera, projection), Look(Shading.NORMALS, has_soft_base=False), _SIZE_PX, _SIZE_PX)
            depth = target.read_depth()
            seen = (vertices - centre) @ basis.T / radius  # -1..1 in each axis
            columns, rows = (((seen[:, :2] * [1, -1] + 1) / 2 * _SIZE_PX).astype(int).clip(0, _SIZE_PX - 1)).T
            in_front = 1 - 2 * depth[rows, columns]
            cosine = np.maximum(normals @ towards, 0)
            possible += cosine
            hidden_cm = (in_front - seen[:, 2]) * radius - _BIAS_CM
            reached += cosine * (1 - np.clip(hidden_cm / _SOFT_CM, 0, 1))
        renderer.release()
    return _smoothed(reached / np.maximum(possible, 1e-6), rig.topology.faces).astype(np.float32)


def _smoothed(openness: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Each vertex drawn towards its neighbours, so that no single one stands out."""
    first, second = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).T
    count = np.bincount(first, minlength=len(openness))
    for _ in range(_SMOOTHING_STEPS):
        around = np.bincount(first, openness[second], minlength=len(openness)) / np.maximum(count, 1)
        openness = (1 - _SMOOTHING) * openness + _SMOOTHING * around
    return openness


def _sphere(count: int) -> np.ndarray:
    """[count, 3] directions spread evenly (Fibonacci lattice), from above to a little below."""
    index = np.arange(count) + 0.5
    height = 1 - 1.6 * index / count
    angle = np.pi * (1 + 5**0.5) * index
    width = np.sqrt(1 - height**2)
    return np.stack([width * np.cos(angle), height, width * np.sin(angle)], axis=1)
