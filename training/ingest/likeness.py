"""Whether a point cache is the actor's own: another head on the same topology fits no frame of it.

Rule: a face returns to rest, part by part; so each vertex counts by the frame in which it lies closest.
"""

from collections.abc import Callable

import numpy as np

from engine.mesh import MM_PER_CM
from training.ingest.rigid import skull_fit

_MAX_LOOKED_AT = 24  # meshes
_SAME_ACTOR_MM = 1.0  # the rendered actors: 0.3 against themselves, 0.9 in one hard frame alone, 1.2 to 9 between two


def unlikeness_mm(frame: Callable[[int], np.ndarray], num_frames: int, neutral: np.ndarray) -> float:
    """How far the meshes stay from the actor's face at rest: the median over all vertices of the least distance.

    Args:
        frame: Gives [V, 3] cm of mesh `index`.
        num_frames: There are so many.
        neutral: [V, 3] cm.
    """
    rest = neutral.astype(np.float64)
    least = np.full(len(rest), np.inf)
    for index in np.unique(np.linspace(0, num_frames - 1, min(num_frames, _MAX_LOOKED_AT)).astype(int)):
        mesh = frame(int(index)).astype(np.float64)
        if not np.isfinite(mesh).all():
            continue  # refused with its frame's number when it is written
        best, _ = skull_fit(mesh, rest)
        least = np.minimum(least, np.linalg.norm(mesh @ best.rotation.T + best.shift - rest, axis=1))
    return float(np.median(least)) * MM_PER_CM


def likeness_notes(distance_mm: float) -> tuple[str, ...]:
    """What to say of a cache that lies so far from the actor's face at rest."""
    if distance_mm <= _SAME_ACTOR_MM:
        return ()
    return (
        f"This looks like another actor: half of the vertices never come closer than {distance_mm:.1f} mm to the"
        " actor's neutral mesh. Give each actor a data set of their own.",
    )
