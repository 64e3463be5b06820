"""Whether a point cache is the actor's own: another head on the same topology has another skull and fits no frame.

Rule: a solver's noise is rough and a head's shape is smooth, so distances are taken after smoothing along the surface.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import ShotError
from engine.mesh import MM_PER_CM, Topology
from training.ingest.neighbours import Neighbours
from training.ingest.rigid import fit, skull_fit

_SMOOTHING = 12  # steps along the edges: some hundred vertices
_LEAST_STILL = 0.1  # of the vertices; with fewer, those that fit best stand for the skull
# The rendered actors: 0.0 against themselves, at most 0.8 with 3 mm of noise along every axis, even if it is the same
# in all meshes; 0.9 to 8 between two, 1.6 or more in 95 of 100.
_SAME_SKULL_MM = 1.5
_SAME_ACTOR_MM = 1.0  # likewise 0.3, in one hard frame alone 0.9; 1.1 to 11 between two
_SAME_SCALE = 0.02


@dataclass(frozen=True, slots=True)
class Likeness:
    """How meshes compare with the actor's face at rest.

    Args:
        skull_mm: Median distance of what no expression moves, after the best fit, scale included.
        nearest_mm: Median over all vertices of the distance where each lies closest, without scaling.
        size: Of the head, in the actor's.
    """

    skull_mm: float
    nearest_mm: float
    size: float

    @property
    def is_other(self) -> bool:
        """Whether neither expression nor scale explains the difference."""
        return self.skull_mm > _SAME_SKULL_MM

    @property
    def notes(self) -> tuple[str, ...]:
        """What to say of it, one sentence each."""
        if self.is_other:
            return (f"This looks like another actor: {self._skull_words}, whatever the scale.",)
        if abs(self.size - 1) > _SAME_SCALE:
            return (f"The head is {self.size:.3f} times the actor's size: all shots must have one scale.",)
        if self.nearest_mm > _SAME_ACTOR_MM:
            return (
                f"This may be another actor: half of the vertices never come closer than {self.nearest_mm:.1f} mm to"
                " the actor's neutral mesh. Give each actor a data set of their own.",
            )
        return ()

    def check(self, *, is_insisted: bool = False) -> None:
        """Refuse another actor, unless somebody insists that it is the same.

        Raises:
            ShotError: It is one.
        """
        if self.is_other and not is_insisted:
            raise ShotError(
                f"The point cache is of another actor: {self._skull_words}, whatever the scale.",
                "Give each actor a data set of their own, or insist with --same-actor.",
            )

    @property
    def _skull_words(self) -> str:
        return f"what no expression moves lies {self.skull_mm:.1f} mm from the actor's neutral mesh"


def likeness_of(meshes: Sequence[np.ndarray], topology: Topology) -> Likeness:
    """Compare meshes with the topology's neutral one.

    Args:
        meshes: [V, 3] cm each, one or more, best spread over the cache.
        topology: The actor's.
    """
    rest = topology.neutral.astype(np.float64)
    around = Neighbours.of(topology.faces, rest)
    total, least = np.zeros_like(rest), np.full(len(rest), np.inf)
    for mesh in meshes:
        best, _ = skull_fit(mesh.astype(np.float64), rest)
        laid = mesh @ best.rotation.T + best.shift
        total += laid
        least = np.minimum(least, np.linalg.norm(around.smooth(laid - rest, _SMOOTHING), axis=1))
    mean = total / len(meshes)
    rows = _skull(topology, mean)
    best = fit(mean[rows], rest[rows], has_scale=True)
    moved = best.scale * mean @ best.rotation.T + best.shift - rest
    skull = np.linalg.norm(around.smooth(moved, _SMOOTHING)[rows], axis=1)
    return Likeness(float(np.median(skull)) * MM_PER_CM, float(np.median(least)) * MM_PER_CM, 1 / best.scale)


def _skull(topology: Topology, mean: np.ndarray) -> np.ndarray:
    """[n] rows of what does not move: all that is not named animated, or what fits best."""
    still = np.setdiff1d(np.arange(topology.num_vertices), topology.sets.get("animated", np.empty(0, np.int32)))
    has_names = "animated" in topology.sets and len(still) >= max(12, _LEAST_STILL * topology.num_vertices)
    return still if has_names else skull_fit(mean, topology.neutral.astype(np.float64))[1]
