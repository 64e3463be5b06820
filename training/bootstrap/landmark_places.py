"""Where the face landmarker's 478 points lie on the virtual actor's mesh.

Rule: places were measured, not drawn: `training/bootstrap/place_landmarks.py` shows the virtual actors to the tracker.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from engine.frames import frozen

PLACES_FILE = Path(__file__).with_name("landmark_places.npz")
# The outer corners of the right and the left eye: their distance is the unit in which faces are measured.
OUTER_CORNERS = (33, 263)
# Along the inner edges of the lips, which hide while the mouth is shut.
INNER_LIPS = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 95, 88, 178, 87, 14, 317, 402, 318, 324)


@dataclass(frozen=True, slots=True, eq=False)
class LandmarkPlaces:
    """Points on the mesh.

    Args:
        numbers: [n] int, the tracker's own numbers of its landmarks.
        corners: [n, 3] int, vertices of the triangle that each lies in.
        shares: [n, 3] float, of these.
        spread: [n] float, how far from here it is seen on other heads and poses (root mean square), in distances
            between the outer corners of the eyes.
    """

    numbers: np.ndarray
    corners: np.ndarray
    shares: np.ndarray
    spread: np.ndarray

    def __post_init__(self) -> None:
        count = len(self.numbers)
        if not self.corners.shape == self.shares.shape == (count, 3) or self.spread.shape != (count,):
            raise ValueError(f"expected {count} places, got {self.corners.shape}, {self.shares.shape}")
        for name in ("numbers", "corners", "shares", "spread"):
            object.__setattr__(self, name, frozen(getattr(self, name)))

    def on(self, vertices: np.ndarray) -> np.ndarray:
        """[n, 3] of a mesh [V, 3]; or [..., n, 3] of [..., V, 3]."""
        return np.asarray(np.einsum("nk,...nkc->...nc", self.shares, vertices[..., self.corners, :]))

    def row(self, number: int) -> int:
        """Where the landmark of this number stands here.

        Raises:
            KeyError: It has no place.
        """
        found = np.flatnonzero(self.numbers == number)
        if not len(found):
            raise KeyError(number)
        return int(found[0])


@lru_cache(maxsize=1)
def landmark_places() -> LandmarkPlaces:
    """Those that come along."""
    with np.load(PLACES_FILE) as arrays:
        return LandmarkPlaces(
            arrays["numbers"].astype(np.int64),
            arrays["corners"].astype(np.int64),
            arrays["shares"].astype(np.float64),
            arrays["spread"].astype(np.float64),
        )
