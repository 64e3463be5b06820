"""dlib's face detector and its 68-point predictor as a judge, picture by picture."""

from pathlib import Path

import cv2
import numpy as np

from engine.landmarks import FaceLandmarks
from engine.model_files import short_checksum
from training.trackers.tracker import Reading, as_rgb

_DETECTION_SIDE_PX = 640  # the detector was made for faces of 80 pixels; what is larger costs time alone


class DlibPoints:
    """The `Tracker` on dlib. It gives no scores: expressions show in how its points stand to each other.

    Args:
        model: The user's own `.dat` file; by default the one that `make install-trackers` brought.

    Raises:
        TrackerError: dlib or the model is not installed, or the model does not open.
    """

    name = "dlib"

    def __init__(self, model: Path | None = None) -> None:
        self._landmarks = FaceLandmarks(model)
        self.identity = self.name if model is None else f"{self.name}, model {short_checksum(model)}"

    def find(self, picture: np.ndarray) -> Reading | None:
        """See `Tracker.find`."""
        shrink = min(1.0, _DETECTION_SIDE_PX / max(picture.shape[:2]))
        small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        box = self._landmarks.detect(as_rgb(small))
        return None if box is None else Reading(self._landmarks.points(as_rgb(picture), box / shrink))

    def close(self) -> None:
        """See `Tracker.close`."""
