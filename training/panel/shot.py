"""What the panel measures: a shot's true and solved meshes, frames in order.

Rule: one shot is in memory at a time; within it only slices are copied.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

_SLICE_FRAMES = 64


@dataclass(frozen=True, slots=True, eq=False)
class SolvedShot:
    """One shot, solved.

    Args:
        name: Of the shot.
        rate: Frames per second.
        truth: [N, V, 3] float32 cm, may be mapped.
        solved: [N, V, 3] float32 cm.
        expected_error_mm: [N, V] float32 mm, the distance to the truth that the solver expects of
            itself on average; None where it foretells none.
        first_frame: Of the shot, where only a stretch of it was solved.
    """

    name: str
    rate: Fraction
    truth: np.ndarray
    solved: np.ndarray
    expected_error_mm: np.ndarray | None = None
    first_frame: int = 0

    def __post_init__(self) -> None:
        if self.truth.ndim != 3 or self.truth.shape[2] != 3 or self.truth.shape != self.solved.shape:
            raise ValueError(f"truth and solved must both be [N, V, 3], got {self.truth.shape} and {self.solved.shape}")
        expected = self.expected_error_mm
        if expected is not None and expected.shape != self.truth.shape[:2]:
            raise ValueError(f"expected_error_mm must be [N, V] {self.truth.shape[:2]}, got {expected.shape}")

    @property
    def num_frames(self) -> int:
        """N."""
        return len(self.truth)

    def slices(self, overlap: int = 0) -> Iterator[slice]:
        """Stretches of frames that together are the shot; each but the first begins `overlap` frames early."""
        for first in range(0, self.num_frames, _SLICE_FRAMES):
            yield slice(max(0, first - overlap), min(first + _SLICE_FRAMES, self.num_frames))
