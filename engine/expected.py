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
        vertices_mm: [N, V] float16; None where they were not to be kept.
        frames_mm: [N] float32, mean of the animated vertices.
        regions_mm: By region, likewise [N].
    """

    vertices_mm: np.ndarray | None
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


class ExpectedTally:
    """Collects the expected errors of a movie, batch by batch.

    Args:
        topology: Of the actor.
        keeps_vertices: Whether every vertex's is kept, 2 bytes each.
    """

    def __init__(self, topology: Topology, *, keeps_vertices: bool) -> None:
        self._animated, self._keeps_vertices = topology.animated, keeps_vertices
        self._rows = {name: topology.sets[name] for name in _REGIONS if len(topology.sets.get(name, ()))}
        self._vertices: list[np.ndarray] = []
        self._frames: list[np.ndarray] = []
        self._regions: dict[str, list[np.ndarray]] = {name: [] for name in self._rows}

    def add(self, errors_mm: np.ndarray) -> None:
        """[B, V] float32 mm of the next frames."""
        if self._keeps_vertices:
            self._vertices.append(errors_mm.astype(np.float16))
        self._frames.append(errors_mm[:, self._animated].mean(axis=1))
        for name, rows in self._rows.items():
            self._regions[name].append(errors_mm[:, rows].mean(axis=1))

    def result(self) -> ExpectedErrors | None:
        """None where there were none."""
        if not self._frames:
            return None
        return ExpectedErrors(
            np.concatenate(self._vertices) if self._vertices else None,
            np.concatenate(self._frames),
            {name: np.concatenate(curve) for name, curve in self._regions.items()},
        )
