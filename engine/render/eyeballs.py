"""The eyes of a mesh as the spheres they are: coarse meshes, round pictures.

Rule: an eye is a named vertex set (`left_eye`, `right_eye`) that turns rigidly and looks along +z at rest.
"""

from dataclasses import dataclass

import numpy as np

from engine.mesh import Topology

EYE_SETS = ("left_eye", "right_eye")


@dataclass(frozen=True, slots=True, eq=False)
class Eyeball:
    """A posed eye.

    Args:
        centre: [3] cm.
        gaze: [3] unit, where it looks.
        radius_cm: Of the sphere nearest to its vertices.
    """

    centre: np.ndarray
    gaze: np.ndarray
    radius_cm: float


class Eye:
    """One eyeball of a mesh.

    Args:
        topology: The mesh.
        name: Of its vertex set.
    """

    def __init__(self, topology: Topology, name: str) -> None:
        self._rows = topology.sets[name]
        self._rest = topology.neutral[self._rows].astype(np.float64)

    def posed(self, vertices: np.ndarray) -> Eyeball:
        """Where it is in a pose, [V, 3] cm."""
        now = vertices[self._rows].astype(np.float64)
        centre = sphere_centre(now)
        u, _, vt = np.linalg.svd((self._rest - self._rest.mean(0)).T @ (now - now.mean(0)))
        u[:, 2] *= np.sign(np.linalg.det(u @ vt))
        radius_cm = float(np.linalg.norm(now - centre, axis=1).mean())
        return Eyeball(centre.astype(np.float32), (u @ vt)[2].astype(np.float32), radius_cm)


class EyeMiddles:
    """The middles of an eyeball's halved edges.

    Args:
        rows: The eye's vertices.
        edges: [M, 2] all halved edges.
        num_vertices: V; middle i is vertex V + i.
    """

    def __init__(self, rows: np.ndarray, edges: np.ndarray, num_vertices: int) -> None:
        is_own = np.zeros(num_vertices, bool)
        is_own[rows] = True
        own_edges = np.flatnonzero(is_own[edges].all(1))
        self._rows, self._ends, self._middles = rows, edges[own_edges], own_edges + num_vertices

    def round(self, positions: np.ndarray, normals: np.ndarray) -> None:
        """Put the middles on the sphere, and all the eye's normals outwards, in place."""
        centre = sphere_centre(positions[self._rows])
        out = positions[self._ends] - centre
        middle = unit(out.sum(1))
        positions[self._middles] = centre + middle * np.linalg.norm(out, axis=2).mean(1, keepdims=True)
        normals[self._middles] = middle
        normals[self._rows] = unit(positions[self._rows] - centre)


def sphere_centre(points: np.ndarray) -> np.ndarray:
    """[3] of the least-squares sphere through [n, 3]: |p|^2 = 2 p.c + k."""
    origin = points.mean(0, dtype=np.float64)
    local = points - origin
    system = np.column_stack([2 * local, np.ones(len(local))])
    return np.asarray(origin + np.linalg.lstsq(system, (local**2).sum(1), rcond=None)[0][:3])


def unit(vectors: np.ndarray) -> np.ndarray:
    """[n, 3] of length 1; zeros stay."""
    return np.asarray(vectors / np.maximum(np.sqrt(np.einsum("ij,ij->i", vectors, vectors)), 1e-9)[:, None])
