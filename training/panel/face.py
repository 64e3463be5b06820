"""Which vertices the panel looks at, read off a topology's named sets.

Rule: what a mesh does not name is not measured, and said to be missing; only `animated` falls back to all vertices.
"""

from dataclasses import dataclass

import numpy as np

from engine.mesh import Topology

ANIMATED = "animated"
REGIONS = ("lips", "lids", "brows", "jaw", "cheeks", "nose")
SIDES = ("left", "right")  # the actor's own; +x is the left


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """Rows of a mesh, int32.

    Args:
        neutral: [V, 3] float32 cm, the face at rest.
        animated: What moves and is measured.
        regions: Name and rows of each of `REGIONS` that the mesh has.
        lips: Empty where the mesh names none.
        upper_face: Brows, lids and all of the face above the middle of the lids; empty where it has no lids.
        lip_pairs: [n, 2] upper, lower.
        lid_pairs: Of the left and the right eye, [n, 2] upper, lower each.
        brows: Of the left and the right side.
    """

    neutral: np.ndarray
    animated: np.ndarray
    regions: tuple[tuple[str, np.ndarray], ...]
    lips: np.ndarray
    upper_face: np.ndarray
    lip_pairs: np.ndarray
    lid_pairs: tuple[np.ndarray, np.ndarray]
    brows: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, topology: Topology) -> "Face":
        """Read the sets."""
        neutral = np.asarray(topology.neutral)

        def named(name: str, num_columns: int = 1) -> np.ndarray:
            nothing = np.empty((0, num_columns) if num_columns > 1 else 0, np.int32)
            return topology.sets.get(name, nothing)

        lids, brows, pairs = named("lids"), named("brows"), named("lid_pairs", 2)
        is_left_pair = neutral[pairs[:, 0], 0] > 0
        is_left_brow = neutral[brows, 0] > 0
        everything = np.arange(topology.num_vertices, dtype=np.int32)
        return cls(
            neutral=neutral,
            animated=rows if (rows := named(ANIMATED)).size else everything,
            regions=tuple((name, rows) for name in REGIONS if (rows := named(name)).size),
            lips=named("lips"),
            upper_face=_upper_face(neutral, named("face"), lids, brows),
            lip_pairs=named("lip_pairs", 2),
            lid_pairs=(pairs[is_left_pair], pairs[~is_left_pair]),
            brows=(brows[is_left_brow], brows[~is_left_brow]),
        )


def _upper_face(neutral: np.ndarray, face: np.ndarray, lids: np.ndarray, brows: np.ndarray) -> np.ndarray:
    if not lids.size:
        return brows
    forehead = face[neutral[face, 1] > neutral[lids, 1].mean()]
    return np.unique(np.concatenate([lids, brows, forehead]))
