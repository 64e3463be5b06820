"""The drawn surface: subdivided where it bends, rounded by the vertex normals, through every vertex of the mesh.

Rule: the mesh stays exact. A drawn surface's first V positions are the mesh's own vertices, bit for bit.
"""

import numpy as np

from engine.mesh import Topology, VertexNormals
from engine.render.eyeballs import EYE_SETS, Eye, Eyeball, EyeMiddles, unit

_FINE_SETS = ("lips", "lids", *EYE_SETS)  # where every edge is halved once, because expressions bend it most
_STRAIGHT_WITHIN_PX = 0.3, 1.0  # in each round, an edge that bends less at rest is not halved
_LONGEST_CM = 1.5  # nor left whole when longer: light is summed at the vertices
_CREASE_COSINE = 0.2  # faces that meet at a sharper angle at rest keep their edge straight
_LARGEST_BULGE = 0.2  # of the edge's length: no normal can throw a middle out of its neighbourhood

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


class SmoothSurface:
    """Rounds a mesh as point-normal triangles do (Vlachos et al. 2001), evaluated at the middles of edges, twice.

    Eyeballs are spheres: their middles and normals are those of the sphere itself. Borders and creases stay straight,
    and edges that are as good as straight stay whole.

    Args:
        topology: Of the mesh.
        px_per_cm: How large it is drawn.

    Attributes:
        topology: Of the surface: the mesh's V vertices first, then the middles of halved edges.
    """

    def __init__(self, topology: Topology, px_per_cm: float = 50.0) -> None:
        self._normals_of = VertexNormals(topology.faces, topology.num_vertices)
        self._eyes = [Eye(topology, name) for name in EYE_SETS if name in topology.sets]
        self._rounds: list[_Halving] = []
        self.topology = topology
        normals = self._normals_of(topology.neutral)
        for number, straight_within_px in enumerate(_STRAIGHT_WITHIN_PX):
            fine_sets = _FINE_SETS if number == 0 else ()
            halving = _Halving(self.topology, normals, straight_within_px / px_per_cm, fine_sets)
            self._rounds.append(halving)
            self.topology, normals = halving.topology, halving(self.topology.neutral, normals)[1]

    def __call__(self, vertices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Positions and unit normals of the surface, each [V + M, 3] float32, of a pose.

        Args:
            vertices: [V, 3] float32, cm.
        """
        positions, normals = vertices, self._normals_of(vertices)
        for halving in self._rounds:
            positions, normals = halving(positions, normals)
        return positions, normals

    def eyeballs(self, vertices: np.ndarray) -> tuple[Eyeball, ...]:
        """Where the eyes are in a pose, left then right; none for a mesh without eyes."""
        return tuple(eye.posed(vertices) for eye in self._eyes)


class _Halving:
    """One round: which edges of a topology are halved, and what comes of it.

    Args:
        topology: Before.
        normals: [V, 3] at rest.
        straight_within_cm: Edges that bend less stay whole.
        fine_sets: Vertex sets whose edges are all halved.
    """

    def __init__(
        self, topology: Topology, normals: np.ndarray, straight_within_cm: float, fine_sets: tuple[str, ...]
    ) -> None:
        edges, edge_of_side, counts = _edges(topology.faces)
        num_vertices, neutral = topology.num_vertices, topology.neutral
        self._choose(topology, edges, _straight_edges(topology, edge_of_side, counts))
        bulges_cm = np.linalg.norm(self(neutral, normals)[0][num_vertices:] - neutral[edges].mean(1), axis=1)
        lengths_cm = np.linalg.norm(neutral[edges[:, 0]] - neutral[edges[:, 1]], axis=1)
        is_fine = np.zeros(num_vertices, bool)
        for name in fine_sets:
            is_fine[topology.sets.get(name, [])] = True
        is_halved = (bulges_cm > straight_within_cm) | (lengths_cm > _LONGEST_CM) | is_fine[edges].any(1)
        self._choose(topology, edges[is_halved], self._straight[is_halved])

        middle_of_edge = np.cumsum(is_halved) - 1
        faces, uv_faces, uv = _cut(topology, is_halved[edge_of_side], middle_of_edge[edge_of_side])
        self.topology = Topology(faces, uv, uv_faces, self(neutral, normals)[0], self._sets(topology))

    def _choose(self, topology: Topology, edges: np.ndarray, straight: np.ndarray) -> None:
        self._first, self._second, self._straight = edges[:, 0], edges[:, 1], straight
        self._eyes = [
            EyeMiddles(topology.sets[name], edges, topology.num_vertices) for name in EYE_SETS if name in topology.sets
        ]

    def _sets(self, topology: Topology) -> dict[str, np.ndarray]:
        """The vertex sets, with the middles that lie within each."""
        sets = {}
        for name, rows in topology.sets.items():
            if rows.ndim == 1:
                is_in = np.zeros(topology.num_vertices, bool)
                is_in[rows] = True
                middles = np.flatnonzero(is_in[self._first] & is_in[self._second]) + topology.num_vertices
                sets[name] = np.concatenate([rows, middles]).astype(np.int32)
        return sets

    def __call__(self, vertices: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The vertices and normals of a pose, and after them the middles and theirs."""
        start, end = vertices[self._first], vertices[self._second]
        normal, other = normals[self._first], normals[self._second]
        along = end - start
        length2 = np.maximum(np.einsum("ij,ij->i", along, along), 1e-12)
        # The cubic through both ends, upright on both normals, at its middle.
        rise, fall = np.einsum("ij,ij->i", along, normal), np.einsum("ij,ij->i", along, other)
        bulge = (fall[:, None] * other - rise[:, None] * normal) / 8
        bulge2 = np.maximum(np.einsum("ij,ij->i", bulge, bulge), 1e-12)
        bulge *= np.minimum(1, _LARGEST_BULGE * np.sqrt(length2 / bulge2))[:, None]
        bulge[self._straight] = 0
        middle = (start + end) / 2 + bulge
        # The quadratic normal: bent against the edge where the surface makes an S.
        both = normal + other
        across = both - (2 * np.einsum("ij,ij->i", along, both) / length2)[:, None] * along
        middle_normal = unit(both / 4 + unit(across) / 2)
        positions = np.concatenate([vertices, middle]).astype(np.float32, copy=False)
        directions = np.concatenate([normals, middle_normal]).astype(np.float32, copy=False)
        for eye in self._eyes:
            eye.round(positions, directions)
        return positions, directions


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
    np.add.at(total, edge_of_side, unit(np.cross(b - a, c - a))[:, None])
    cosine = (total**2).sum(1) / 2 - 1  # between two unit normals, from the length of their sum
    return np.asarray((counts != 2) | (cosine < _CREASE_COSINE))
