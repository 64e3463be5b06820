"""The host: whatever already tracks a face, frame by frame, and is good enough to learn from.

Rule: a host is asked for one picture at a time, in order; left and right are the actor's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from engine.frames import frozen
from training.trackers import Tracker
from training.trackers.shapes import NUM_MESH_POINTS


@dataclass(frozen=True, slots=True, eq=False)
class HostFrame:
    """What a host says of one picture.

    Args:
        landmarks: [478, 2] float32 pixels, MediaPipe's numbering.
        scores: Expressions in 0..1 by ARKit's names.
        num_faces: In the picture; the largest was read.
    """

    landmarks: np.ndarray
    scores: Mapping[str, float] = field(default_factory=dict)
    num_faces: int = 1

    def __post_init__(self) -> None:
        if self.landmarks.shape != (NUM_MESH_POINTS, 2):
            raise ValueError(f"landmarks must be [{NUM_MESH_POINTS}, 2], got {list(self.landmarks.shape)}")
        object.__setattr__(self, "landmarks", frozen(self.landmarks.astype(np.float32)))


class Host(Protocol):
    """Tracks a face through a clip; used on the thread that opened it."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def identity(self) -> str:
        """With its model: what one host says is never mixed with what another does."""

    def look(self, picture: np.ndarray, index: int) -> HostFrame | None:
        """Read the next picture of the clip.

        Args:
            picture: [H, W] gray or [H, W, 3] blue-green-red, uint8.
            index: Of it in the clip, from 0.

        Returns:
            None where there is no face.
        """

    def close(self) -> None:
        """Give back what it holds."""


class LandmarkerHost:
    """A tracker of MediaPipe's kind as the host.

    Args:
        tracker: Gives 478 landmarks, and scores.
    """

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.name, self.identity = tracker.name, tracker.identity

    def look(self, picture: np.ndarray, index: int) -> HostFrame | None:
        """See `Host.look`."""
        reading = self._tracker.find(picture)
        return None if reading is None else HostFrame(reading.landmarks, reading.scores, reading.num_faces)

    def close(self) -> None:
        """See `Host.close`."""
        self._tracker.close()
