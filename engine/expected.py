"""Errors that a network expects of itself over a movie, and the moments worth recording for its next training.

Rule: a frame is judged by its animated vertices.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from engine.mesh import Topology
from engine.timecode import Timecode

_REGIONS = ("lips", "lids", "brows", "jaw", "cheeks", "nose")
_NUM_MOMENTS = 6
_APART_S = 1.0


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame of which the network is unsure.

    Args:
        frame: Of the movie, from 0.
        timecode: Counted from midnight where the movie has none.
        expected_mm: Mean of its animated vertices.
        region: The part of the face that stands out most against its own median; empty for a face without regions.
        region_mm: Mean of that part's vertices.
    """

    frame: int
    timecode: str
    expected_mm: float
    region: str
    region_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class ExpectedErrors:
    """Of a movie.

    Args:
        frames_mm: [N] float32, mean of the animated vertices.
        regions_mm: By region, likewise [N].
    """

    frames_mm: np.ndarray
    regions_mm: dict[str, np.ndarray]

    def moments(self, rate: Fraction, first: Timecode | None) -> tuple[Moment, ...]:
        """The frames of the highest expected errors, spread apart, the worst first.

        Args:
            rate: Frames per second.
            first: Timecode of the first frame.
        """
        start = first or Timecode(0, rate)
        left = self.frames_mm.astype(np.float64)
        apart = max(1, round(_APART_S * rate))
        moments: list[Moment] = []
        while len(moments) < _NUM_MOMENTS and np.isfinite(left).any():
            frame = int(np.argmax(left))
            left[max(0, frame - apart + 1) : frame + apart] = -np.inf
            region, region_mm = self._region(frame)
            expected_mm = round(float(self.frames_mm[frame]), 4)
            moments.append(Moment(frame, str(start.plus(frame)), expected_mm, region, region_mm))
        return tuple(moments)

    def _region(self, frame: int) -> tuple[str, float]:
        if not self.regions_mm:
            return "", 0.0
        excess = {name: float(curve[frame] / np.median(curve)) for name, curve in self.regions_mm.items()}
        name = max(excess, key=excess.__getitem__)
        return name, round(float(self.regions_mm[name][frame]), 4)


class ErrorColumns:
    """What is kept of every frame's expected errors: a few means, in columns.

    Args:
        topology: Of the actor.
    """

    def __init__(self, topology: Topology) -> None:
        self._rows = {name: topology.sets[name] for name in _REGIONS if len(topology.sets.get(name, ()))}
        self._animated = topology.animated

    @property
    def num_columns(self) -> int:
        """One for the frame, and one for each region."""
        return 1 + len(self._rows)

    def of(self, errors_mm: np.ndarray) -> np.ndarray:
        """[B, num_columns] float32 of [B, V] float32 mm."""
        means = [errors_mm[:, rows].mean(axis=1) for rows in (self._animated, *self._rows.values())]
        return np.stack(means, axis=1)

    def read(self, columns: np.ndarray) -> ExpectedErrors:
        """What the columns [N, num_columns] of a whole movie tell."""
        frames_mm, *regions = np.array(columns, np.float32).T.copy()
        return ExpectedErrors(frames_mm, dict(zip(self._rows, regions, strict=True)))
