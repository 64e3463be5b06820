"""The drawn surface: once subdivided where it bends, rounded by the vertex normals, through every vertex of the mesh.

Rule: the mesh stays exact. A drawn surface's first V positions are the mesh's own vertices, bit for bit.
"""

from dataclasses import dataclass

import numpy as np

from engine.mesh import Topology, VertexNormals

EYE_SETS = ("left_eye", "right_eye")
_FINE_SETS = ("lips", "lids", *EYE_SETS)  # where every edge is halved, because expressions bend it most
_STRAIGHT_WITHIN_CM = 0.006  # an edge that bends less at rest is not halved
_LONGEST_CM = 1.5  # nor left whole when longer: light is summed at the vertices
_CREASE_COSINE = 0.2  # faces that meet at a sharper angle at rest keep their edge straight
_LARGEST_BULGE = 0.2  # of the edge's length: no normal can throw a midpoint out of its neighbourhood

# The triangles that a triangle becomes, by which of its edges ab, bc, ca are halved (bits 1, 2, 4). Corners: a, b, c
# and the middles of ab, bc, ca.
_CUTS = (
    ((0, 1, 2),),
    ((0, 3, 2), (3, 1, 2)),
    ((0, 1, 4), (0, 4, 2)),
    ((3, 1, 4), (0, 3, 4), (0, 4, 2)),
    ((0, 1, 5), (5, 1, 2)),
    ((0, 3, 5), (3, 1, 2), (3, 2, 5)),
    ((4, 2, 5), (0, 1, 4), (0, 4, 5)),
    ((0, 3, 5), (3, 1, 4), (5, 4, 2), (3, 4, 5)),
)


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


class SmoothSurface:
    """Rounds a mesh as point-normal triangles do (Vlachos et al. 2001), evaluated at the middles of the edges.

    Eyeballs are spheres: their middles and normals are those of the sphere itself. Borders and creases stay straight,
    and edges that are as good as straight stay whole.

    Args:
        topology: Of the mesh.

    Attributes:
        topology: Of the surface: the mesh's V vertices first, then one for each of M halved edges.
    """

    def __init__(self, topology: Topology) -> None:
        edges, edge_of_side, counts = _edges(topology.faces)
        self._normals_of = VertexNormals(topology.faces, topology.num_vertices)
        self._take(topology, edges, _straight_edges(topology, edge_of_side, counts))
        everything, _ = self(topology.neutral)
        bulges_cm = np.linalg.norm(everything[topology.num_vertices :] - topology.neutral[edges].mean(1), axis=1)
        lengths_cm = np.linalg.norm(np.diff(topology.neutral[edges], axis=1)[:, 0], axis=1)
        is_fine = np.zeros(topology.num_vertices, bool)
        for name in _FINE_SETS:
            is_fine[topology.sets.get(name, [])] = True
        is_halved = (bulges_cm > _STRAIGHT_WITHIN_CM) | (lengths_cm > _LONGEST_CM) | is_fine[edges].any(1)
        self._take(topology, edges[is_halved], self._straight[is_halved])

        middle_of_edge = np.cumsum(is_halved) - 1
        faces, uv_faces, uv = _cut(topology, is_halved[edge_of_side], middle_of_edge[edge_of_side])
        self.topology = Topology(faces, uv, uv_faces, self(topology.neutral)[0], self._sets(topology))

    def _take(self, topology: Topology, edges: np.ndarray, straight: np.ndarray) -> None:
        self._first, self._second, self._straight = edges[:, 0], edges[:, 1], straight
        self._eyes = [_Eye(topology, name, edges) for name in EYE_SETS if name in topology.sets]

    def _sets(self, topology: Topology) -> dict[str, np.ndarray]:
        """The mesh's vertex sets, with the middles that lie within each."""
        sets = {}
        for name, rows in topology.sets.items():
            if rows.ndim == 1:
                is_in = np.zeros(topology.num_vertices, bool)
                is_in[rows] = True
                middles = np.flatnonzero(is_in[self._first] & is_in[self._second]) + topology.num_vertices
                sets[name] = np.concatenate([rows, middles]).astype(np.int32)
        return sets

    def __call__(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions and unit normals of the surface, each [V + M, 3] float32, of a pose.

        Args:
            vertices: [V, 3] float32, cm.
        """
        normals = self._normals_of(vertices)
        start, end = vertices[self._first], vertices[self._second]
        normal, other = normals[self._first], normals[self._second]
        along = end - start
        length2 = np.maximum(np.einsum("ij,ij->i", along, along), 1e-12)
        # The cubic through both ends, upright on both normals, at its middle.
        rise, fall = np.einsum("ij,ij->i", along, normal), np.einsum("ij,ij->i", along, other)
        bulge = (fall[:, None] * other - rise[:, None] * normal) / 8
        bulge *= np.minimum(1, _LARGEST_BULGE * np.sqrt(length2 / np.maximum((bulge**2).sum(1), 1e-12)))[:, None]
        bulge[self._straight] = 0
        middle = (start + end) / 2 + bulge
        # The quadratic normal: bent against the edge where the surface makes an S.
        both = normal + other
        across = both - (2 * np.einsum("ij,ij->i", along, both) / length2)[:, None] * along
        middle_normal = _unit(both / 4 + _unit(across) / 2)
        positions = np.concatenate([vertices, middle]).astype(np.float32, copy=False)
        directions = np.concatenate([normals, middle_normal]).astype(np.float32, copy=False)
        for eye in self._eyes:
            eye.round(positions, directions)
        return positions, directions

    def eyeballs(self, vertices: np.ndarray) -> tuple[Eyeball, ...]:
        """Where the eyes are in a pose, left then right; none for a mesh without eyes."""
        return tuple(eye.posed(vertices) for eye in self._eyes)


class _Eye:
    """One eyeball of a mesh: which vertices and edges are its own, and how it stood at rest."""

    def __init__(self, topology: Topology, name: str, edges: np.ndarray) -> None:
        self._rows = topology.sets[name]
        is_own = np.zeros(topology.num_vertices, bool)
        is_own[self._rows] = True
        own_edges = np.flatnonzero(is_own[edges].all(1))
        self._ends, self._middles = edges[own_edges], own_edges + topology.num_vertices
        self._rest = topology.neutral[self._rows].astype(np.float64)

    def round(self, positions: np.ndarray, normals: np.ndarray) -> None:
        """Put the middles on the sphere, and all normals outwards, in place."""
        centre = _sphere_centre(positions[self._rows])
        out = positions[self._ends] - centre
        middle = _unit(out.sum(1))
        positions[self._middles] = centre + middle * np.linalg.norm(out, axis=2).mean(1, keepdims=True)
        normals[self._middles] = middle
        normals[self._rows] = _unit(positions[self._rows] - centre)

    def posed(self, vertices: np.ndarray) -> Eyeball:
        """Where it is now."""
        now = vertices[self._rows].astype(np.float64)
        centre = _sphere_centre(now)
        u, _, vt = np.linalg.svd((self._rest - self._rest.mean(0)).T @ (now - now.mean(0)))
        u[:, 2] *= np.sign(np.linalg.det(u @ vt))
        gaze = (u @ vt)[2]  # it looks along +z at rest
        radius_cm = float(np.linalg.norm(now - centre, axis=1).mean())
        return Eyeball(centre.astype(np.float32), gaze.astype(np.float32), radius_cm)


def _edges(faces: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """[E, 2] vertex pairs, [F, 3] which of them are a face's sides ab, bc, ca, [E] how many faces share each."""
    sides = np.sort(np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]), axis=1)
    edges, rows, counts = np.unique(sides, axis=0, return_inverse=True, return_counts=True)
    return edges, rows.reshape(3, -1).T, counts


def _cut(topology: Topology, is_halved: np.ndarray, middles: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The surface's faces, uv_faces and uv.

    Args:
        topology: Of the mesh.
        is_halved: [F, 3] bool, of each face's sides ab, bc, ca.
        middles: [F, 3], the number of each side's middle; read where it is halved.
    """
    uv_edges, uv_edge_of_side, _ = _edges(topology.uv_faces)
    is_uv_halved = np.zeros(len(uv_edges), bool)
    is_uv_halved[uv_edge_of_side[is_halved]] = True
    uv = np.concatenate([topology.uv, topology.uv[uv_edges[is_uv_halved]].mean(1)])
    uv_middles = (np.cumsum(is_uv_halved) - 1)[uv_edge_of_side]
    corners = np.concatenate([topology.faces, middles + topology.num_vertices], axis=1)  # [F, 6]
    uv_corners = np.concatenate([topology.uv_faces, uv_middles + len(topology.uv)], axis=1)
    pattern = is_halved @ np.array([1, 2, 4])
    faces, uv_faces = [], []
    for bits, triangles in enumerate(_CUTS):
        rows = np.flatnonzero(pattern == bits)[:, None, None]
        faces.append(corners[rows, np.array(triangles)].reshape(-1, 3))
        uv_faces.append(uv_corners[rows, np.array(triangles)].reshape(-1, 3))
    return np.concatenate(faces).astype(np.int32), np.concatenate(uv_faces).astype(np.int32), uv.astype(np.float32)


def _straight_edges(topology: Topology, edge_of_side: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """[E] bool: borders and creases, as the mesh is at rest."""
    a, b, c = topology.neutral.astype(np.float64)[topology.faces.T]
    total = np.zeros((len(counts), 3))
    np.add.at(total, edge_of_side, _unit(np.cross(b - a, c - a))[:, None])
    cosine = (total**2).sum(1) / 2 - 1  # between two unit normals, from the length of their sum
    return np.asarray((counts != 2) | (cosine < _CREASE_COSINE))


def _sphere_centre(points: np.ndarray) -> np.ndarray:
    """[3] of the least-squares sphere: |p|^2 = 2 p.c + k."""
    origin = points.mean(0, dtype=np.float64)
    local = points - origin
    system = np.column_stack([2 * local, np.ones(len(local))])
    return np.asarray(origin + np.linalg.lstsq(system, (local**2).sum(1), rcond=None)[0][:3])


def _unit(vectors: np.ndarray) -> np.ndarray:
    return np.asarray(vectors / np.maximum(np.sqrt(np.einsum("ij,ij->i", vectors, vectors)), 1e-9)[:, None])
