"""Which contact pairs tell anything: those that part.

Rule: decided once for a data set, over all its validation frames, so that every figure of it judges the same pairs.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.mesh import MM_PER_CM, Topology
from training.panel.contact import CONTACT_MM

_NEVER_PARTS = 0.99  # of all frames in contact
_SETS = ("lip_pairs", "lid_pairs")


def with_pairs_that_part(topology: Topology, meshes: Sequence[np.ndarray]) -> Topology:
    """The same without pairs that are in contact in nearly all frames, as at the corners of the eyes.

    A face that never moves would be right on them.

    Args:
        topology: Of the meshes.
        meshes: True ones of every validation shot, [N, V, 3] cm each.
    """
    sets = dict(topology.sets)
    for name in _SETS:
        pairs = topology.sets.get(name)
        if pairs is None or not pairs.size or not meshes:
            continue
        share = np.mean(np.concatenate([_are_in_contact(shot, pairs) for shot in meshes]), axis=0)
        sets[name] = np.ascontiguousarray(pairs[share < _NEVER_PARTS])
    return replace(topology, sets=sets)


def _are_in_contact(meshes: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """[N, pairs] bool."""
    upper, lower = (np.asarray(meshes[:, column]) for column in pairs.T)
    return np.asarray(np.linalg.norm(upper - lower, axis=2) * MM_PER_CM < CONTACT_MM)
