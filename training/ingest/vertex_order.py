"""Whether vertex n of a point cache is the actor's vertex n, looked at vertex by vertex and piece by piece.

Rule: an expression moves a neighbourhood; a vertex that stands apart from everything around it in every mesh looked
at has another's number. Only what holds in all of them counts, since a face comes to rest region by region.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from engine.errors import ShotError
from engine.mesh import Topology
from training.ingest.neighbours import Neighbours, medians
from training.ingest.rigid import skull_fit

# The rendered actors with every unit at 1, singly and in wild mixtures: 0.40 cm apart, edges 1.45 cm longer, at most.
_APART_CM, _TORN_CM = 0.5, 1.6
_APART_EDGES = 0.6  # of the edges around: a mesh may be coarse
_FOLLOWS = 2.0  # a vertex may do so much more than what lies around it
# How near each other's place, of their distance; nearer ones cross by noise, and in a single mesh others do, too.
_CROSSED, _CROSSED_CM, _CROSSED_MESHES = 0.25, 0.2, 4
_DISPLACED_CM, _EXCHANGED = 0.4, 0.5  # from the piece's own place, and so much nearer another's
_KNOWN_CM = 1.0  # beyond it the mesh as a whole lies elsewhere, which `check_order` names
_FEW = 6
_WIDE = ("animated", "face")


def check_vertices(meshes: Sequence[np.ndarray], topology: Topology) -> None:
    """See that every vertex lies among its neighbours and every piece in its place.

    Args:
        meshes: [V, 3] cm each, some of the cache, best spread over it.
        topology: The actor's.

    Raises:
        ShotError: Vertices or pieces of the mesh have each other's numbers.
    """
    rest = topology.neutral.astype(np.float64)
    laid = [_laid_on(mesh, rest) for mesh in meshes]
    if not laid or np.median(np.linalg.norm(laid[0] - rest, axis=1)) > _KNOWN_CM:
        return
    around = Neighbours.of(topology.faces, rest)
    words = _exchanged(laid, rest, around, topology.sets) or _misplaced(laid, rest, around, topology.sets)
    if words:
        raise ShotError(
            f"The point cache has vertices in another order than the actor's topology: {words}.",
            "Export the mesh with the vertex order of the data set's topology.",
        )


def _laid_on(mesh: np.ndarray, rest: np.ndarray) -> np.ndarray:
    mesh = mesh.astype(np.float64)
    best, _ = skull_fit(mesh, rest)
    return np.asarray(mesh @ best.rotation.T + best.shift)


def _exchanged(
    laid: list[np.ndarray], rest: np.ndarray, around: Neighbours, sets: Mapping[str, np.ndarray]
) -> str | None:
    """Two loose pieces of the same kind that lie in each other's place, such as the eyeballs."""
    pieces = around.parts()[1:]  # the largest is what the others are held against

    def least_cm(rows: np.ndarray, places: np.ndarray) -> float:
        return float(min(np.median(np.linalg.norm(mesh[rows] - rest[places], axis=1)) for mesh in laid))

    away = [(rows, apart) for rows in pieces if (apart := least_cm(rows, rows)) > _DISPLACED_CM]
    for rows, apart in away:
        for other, _ in away:
            if other is rows or len(other) != len(rows):
                continue
            if least_cm(rows, other) < _EXCHANGED * apart:
                return f"{' and '.join(sorted(_piece_words(piece, sets) for piece in (rows, other)))} are exchanged"
    return None


def _misplaced(
    laid: list[np.ndarray], rest: np.ndarray, around: Neighbours, sets: Mapping[str, np.ndarray]
) -> str | None:
    """Vertices that are never where their neighbours say."""
    is_wrong = np.ones(len(rest), bool)
    is_crossed = np.full(len(around.edges), len(laid) >= _CROSSED_MESHES)
    lengths = _lengths(rest, around.edges)
    for mesh in laid:
        moved = mesh - rest
        apart = np.linalg.norm(moved - medians(around.first, moved), axis=1)
        usual = medians(around.second, np.linalg.norm(moved, axis=1)[:, None])[:, 0]
        torn = _median_at_ends(np.abs(_lengths(mesh, around.edges) - lengths), around)
        is_apart = apart - _FOLLOWS * usual > np.maximum(_APART_CM, _APART_EDGES * around.lengths)
        is_wrong &= is_apart | (torn > np.maximum(_TORN_CM, _APART_EDGES * around.lengths))
        is_crossed &= _crossed(mesh, rest + medians(around.second, moved), around.edges)
        if not is_wrong.any() and not is_crossed.any():
            return None
    return _vertex_words(np.union1d(np.flatnonzero(is_wrong), around.edges[is_crossed]), sets)


def _crossed(mesh: np.ndarray, foretold: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """[E] whether an edge's ends lie where the other's neighbourhood says."""
    one, other = edges.T
    gap = np.linalg.norm(foretold[one] - foretold[other], axis=1)
    off = np.linalg.norm(mesh[one] - foretold[other], axis=1) + np.linalg.norm(mesh[other] - foretold[one], axis=1)
    return np.asarray((off < 2 * _CROSSED * gap) & (gap > _CROSSED_CM))


def _lengths(mesh: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(mesh[edges[:, 0]] - mesh[edges[:, 1]], axis=1))


def _median_at_ends(values: np.ndarray, around: Neighbours) -> np.ndarray:
    """[V] the lower median over each vertex's edges of a value [E]."""
    ends = around.edges.ravel()
    order = np.lexsort((np.repeat(values, 2), ends))
    counts = np.bincount(ends, minlength=len(around.lengths))
    starts = np.cumsum(counts) - counts
    found = np.zeros(len(counts))
    found[counts > 0] = np.repeat(values, 2)[order][(starts + (counts - 1) // 2)[counts > 0]]
    return found


def _vertex_words(rows: np.ndarray, sets: Mapping[str, np.ndarray]) -> str:
    listed = ", ".join(str(row) for row in rows[:_FEW])
    if len(rows) == 1:
        words = f"vertex {listed} (from 0) is torn from its neighbours"
    elif len(rows) <= _FEW:
        words = f"the vertices {listed} (from 0) are torn from their neighbours"
    else:
        words = f"{len(rows)} vertices are torn from their neighbours (the first: {listed}, from 0)"
    shared = {
        name: len(both) / np.sqrt(indices.size)
        for name, indices in sets.items()
        if indices.ndim == 1 and name not in _WIDE and 2 * len(both := np.intersect1d(rows, indices)) > len(rows)
    }
    return f"{words}, most of them of the set '{max(shared, key=lambda name: shared[name])}'" if shared else words


def _piece_words(rows: np.ndarray, sets: Mapping[str, np.ndarray]) -> str:
    for name, indices in sets.items():
        if indices.ndim == 1 and np.array_equal(np.unique(indices), np.sort(rows)):
            return f"'{name}'"
    return f"the piece of vertex {rows.min()}"
