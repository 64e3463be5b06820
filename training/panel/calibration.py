"""Are expected errors right? Foretold against true distances of the animated vertices.

Rule: an expected error is the mean of the distances seen where it is foretold; how they scatter is taken to be
exponential, which is the likelihood that networks learn them by.
"""

from dataclasses import dataclass

import numpy as np

from engine.mesh import MM_PER_CM
from training.panel.face import Face
from training.panel.shot import SolvedShot

_EDGES_MM = np.geomspace(0.01, 100.0, 33)  # eight bins a decade
_LEAST_SHARE = 0.001  # of all vertices and frames, for a bin to be told
_MULTIPLES = (1.0, 2.0, 3.0)


@dataclass(frozen=True, slots=True)
class Reliability:
    """Vertices of which about the same error was expected.

    Args:
        share: Of all vertices and frames, 0..1.
        expected_mm: Mean of what was expected.
        actual_mm: Mean of the true distances.
    """

    share: float
    expected_mm: float
    actual_mm: float


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many distances stay within a multiple of what was expected.

    Args:
        multiple: Of the expected error.
        share: Of the distances that are below, 0..1.
        ideal: What an exponential distribution has, 1 - exp(-multiple).
    """

    multiple: float
    share: float
    ideal: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well errors were foretold.

    Args:
        expected_mm: Mean over everything.
        actual_mm: Likewise.
        deviation: Mean of |expected - actual| / actual over the bins, weighed by their share: 0 is perfect.
        reliability: By what was expected, smallest first.
        coverage: By multiple.
    """

    expected_mm: float
    actual_mm: float
    deviation: float
    reliability: tuple[Reliability, ...]
    coverage: tuple[Coverage, ...]


class CalibrationTally:
    """Sums by expected error.

    Args:
        face: Which vertices.
    """

    def __init__(self, face: Face) -> None:
        self._rows = face.animated
        self._counts, self._expected_mm, self._actual_mm = (np.zeros(len(_EDGES_MM) + 1) for _ in range(3))
        self._within = np.zeros(len(_MULTIPLES))

    def add(self, shot: SolvedShot) -> None:
        """Add a shot; one without expected errors adds nothing."""
        if shot.expected_error_mm is None:
            return
        for part in shot.slices():
            error = (shot.solved[part] - shot.truth[part])[:, self._rows]
            actual = np.linalg.norm(error, axis=2).ravel() * MM_PER_CM
            expected = np.asarray(shot.expected_error_mm[part])[:, self._rows].ravel()
            bins = np.searchsorted(_EDGES_MM, expected)
            length = len(self._counts)
            self._counts += np.bincount(bins, minlength=length)
            self._expected_mm += np.bincount(bins, expected, minlength=length)
            self._actual_mm += np.bincount(bins, actual, minlength=length)
            self._within += [np.count_nonzero(actual <= multiple * expected) for multiple in _MULTIPLES]

    def result(self) -> Calibration | None:
        """None where nothing was expected."""
        total = self._counts.sum()
        if not total:
            return None
        told = np.flatnonzero(self._counts >= max(1.0, _LEAST_SHARE * total))
        rows = tuple(
            Reliability(
                share=float(self._counts[index] / total),
                expected_mm=float(self._expected_mm[index] / self._counts[index]),
                actual_mm=float(self._actual_mm[index] / self._counts[index]),
            )
            for index in told
        )
        deviations = [abs(row.expected_mm - row.actual_mm) / max(row.actual_mm, 1e-9) for row in rows]
        return Calibration(
            expected_mm=float(self._expected_mm.sum() / total),
            actual_mm=float(self._actual_mm.sum() / total),
            deviation=float(np.average(deviations, weights=[row.share for row in rows])),
            reliability=rows,
            coverage=tuple(
                Coverage(multiple, float(within / total), float(1 - np.exp(-multiple)))
                for multiple, within in zip(_MULTIPLES, self._within, strict=True)
            ),
        )
