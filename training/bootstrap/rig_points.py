"""A rig seen through the tracker's landmarks: where they are at some weights, and what a small change does.

Rule: places come from the rig itself, with all that anatomy has to say; slopes are measured once, near the face at
rest, and only tell a solver where to look next.
"""

from dataclasses import dataclass

import numpy as np

from training.actor.rig import Rig
from training.bootstrap.landmark_places import LandmarkPlaces

_STEP = 0.4  # of a unit's weight: slopes are those of the usual range
_JAW_OPEN_FOR_CLOSING = 0.4  # `mouthClose` closes what the jaw opened


@dataclass(frozen=True, slots=True, eq=False)
class RigPoints:
    """A head's landmarks.

    Args:
        rig: Of the head.
        places: On its mesh.
        slopes: [52, n, 3] float64, cm for a whole unit.
    """

    rig: Rig
    places: LandmarkPlaces
    slopes: np.ndarray

    @classmethod
    def of(cls, rig: Rig, places: LandmarkPlaces) -> "RigPoints":
        """Measure the slopes: 54 poses, a tenth of a second."""
        slopes = np.zeros((len(rig.units), len(places.numbers), 3))
        jaw, closing = rig.units.index("jawOpen"), rig.units.index("mouthClose")
        for unit in range(len(rig.units)):
            before = np.zeros(len(rig.units))
            before[jaw] = _JAW_OPEN_FOR_CLOSING if unit == closing else 0.0
            after = before.copy()
            after[unit] += _STEP
            low, high = (places.on(rig.pose(weights).astype(np.float64)) for weights in (before, after))
            slopes[unit] = (high - low) / _STEP
        return cls(rig, places, slopes)

    def at(self, weights: np.ndarray, lip_seal: float = 0.0) -> np.ndarray:
        """[n, 3] float64, cm, on the head-stabilised mesh at [52] weights."""
        return self.places.on(self.rig.pose(weights, lip_seal).astype(np.float64))
