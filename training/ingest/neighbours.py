"""A mesh's vertices and those around them: medians over a neighbourhood, and values smoothed along the surface."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from training.ingest.polygons import triangle_edges


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """Who lies beside whom.

    Args:
        edges: [E, 2] int64, each once.
        first: [V, V] boolean, joined by an edge.
        second: [V, V] boolean, joined by two edges at most; nobody is their own neighbour.
        lengths: [V] mean length of a vertex's edges, in the mesh's unit; 0 where it has none.
    """

    edges: np.ndarray
    first: sparse.csr_array
    second: sparse.csr_array
    lengths: np.ndarray

    @classmethod
    def of(cls, faces: np.ndarray, mesh: np.ndarray) -> "Neighbours":
        """Of the triangles [F, 3] of a mesh [V, 3]."""
        edges, num_vertices = triangle_edges(faces), len(mesh)
        both = np.concatenate([edges, edges[:, ::-1]])
        shape = num_vertices, num_vertices
        first = sparse.csr_array((np.ones(len(both), np.int32), (both[:, 0], both[:, 1])), shape=shape)
        reached = sparse.coo_array(first @ first + first)
        is_other = reached.row != reached.col
        second = sparse.csr_array((reached.data[is_other], (reached.row[is_other], reached.col[is_other])), shape=shape)
        lengths = np.linalg.norm(mesh[edges[:, 0]].astype(np.float64) - mesh[edges[:, 1]], axis=1)
        sums = np.bincount(edges.ravel(), np.repeat(lengths, 2), num_vertices)
        return cls(edges, first, second, sums / np.maximum(np.diff(first.indptr), 1))

    def parts(self) -> list[np.ndarray]:
        """The rows of every piece of the mesh that hangs together, the largest first."""
        _, labels = csgraph.connected_components(self.first, directed=False)
        order = np.argsort(labels, kind="stable")
        pieces = np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)
        return sorted(pieces, key=len, reverse=True)

    def smooth(self, values: np.ndarray, num_rounds: int) -> np.ndarray:
        """[V, k] averaged with what lies around: `num_rounds` steps along the edges."""
        counts = (np.diff(self.first.indptr) + 1)[:, None]
        for _ in range(num_rounds):
            values = (values + self.first @ values) / counts
        return values


def medians(ring: sparse.csr_array, values: np.ndarray) -> np.ndarray:
    """[V, k] the lower median of `values` [V, k] over each vertex's neighbours; 0 where it has none."""
    counts = np.diff(ring.indptr)
    group = np.repeat(np.arange(len(counts)), counts)
    middle = (ring.indptr[:-1] + (counts - 1) // 2)[counts > 0]
    found = np.zeros((len(counts), values.shape[1]))
    for column in range(values.shape[1]):
        around = values[ring.indices, column]
        found[counts > 0, column] = around[np.lexsort((around, group))][middle]
    return found
