"""How a correction at a few vertices spreads over the skin around them: smooth weights, solved on the base anatomy.

Rule: weights are 1 at their own handle and 0 at the others and beyond the reach, with no crease at either border.
"""

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree

from training.actor.anatomy import load_anatomy

_STIFFNESS = 0.004  # a pull to zero; keeps far weights from swinging below it


def spread(handles: np.ndarray, reach_cm: float) -> sparse.csr_matrix:
    """[V, H] float32: what share of each handle's shift a vertex takes.

    Minimises the bending energy of the field (bilaplacian, edges weighted by inverse length).

    Args:
        handles: [n, H] vertex rows; the n vertices of a column move as one.
        reach_cm: Vertices further from every handle stay.
    """
    anatomy = load_anatomy()
    base, skin = anatomy.base, anatomy.parts["skin"]
    num_vertices = len(base)
    near = skin[cKDTree(base[handles.ravel()]).query(base[skin])[0] < reach_cm]
    free = np.setdiff1d(near, handles)

    edges = np.sort(np.stack([anatomy.quads, np.roll(anatomy.quads, 1, axis=1)], axis=2).reshape(-1, 2), axis=1)
    edges = np.unique(edges, axis=0)
    tightness = 1 / np.linalg.norm(base[edges[:, 0]] - base[edges[:, 1]], axis=1)
    links = sparse.coo_matrix((tightness, (edges[:, 0], edges[:, 1])), shape=(num_vertices, num_vertices))
    links = (links + links.T).tocsr()
    total = np.asarray(links.sum(1)).ravel()
    laplacian = sparse.diags(total) - links
    # Divided by the row's own total, a coarse region bends as readily as a fine one.
    bending = laplacian.T @ sparse.diags(1 / total) @ laplacian + _STIFFNESS * sparse.diags(total)

    given = np.zeros((num_vertices, handles.shape[1]))
    given[handles, np.arange(handles.shape[1])] = 1
    solved = splu(bending[free][:, free].tocsc()).solve(-(bending[free] @ given))
    given[free] = np.clip(solved, 0, 1)
    given[np.abs(given) < 1e-4] = 0
    return sparse.csr_matrix(given.astype(np.float32))
