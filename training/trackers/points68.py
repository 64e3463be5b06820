"""dlib's frontal face detector and its 68-point predictor (the iBUG 300-W points), picture by picture."""

from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from training.trackers.models import INSTALL, POINTS_68
from training.trackers.tracker import Reading, TrackerError, as_rgb

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
        if find_spec("dlib") is None:
            raise TrackerError("dlib is not installed.", INSTALL)
        path = POINTS_68.locate(model)
        import dlib

        self._dlib = dlib
        self._detect = dlib.get_frontal_face_detector()
        try:
            self._predict = dlib.shape_predictor(str(path))
        except RuntimeError as error:
            raise TrackerError(f"{path} does not open as a shape predictor: {error}.", INSTALL) from error

    def find(self, picture: np.ndarray) -> Reading | None:
        """See `Tracker.find`."""
        shrink = min(1.0, _DETECTION_SIDE_PX / max(picture.shape[:2]))
        small = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        boxes, confidences, _ = self._detect.run(as_rgb(small), 0, 0.0)
        if not boxes:
            return None
        best = boxes[int(np.argmax(confidences))]
        sides = (best.left(), best.top(), best.right(), best.bottom())
        box = self._dlib.rectangle(*(round(side / shrink) for side in sides))
        points = self._predict(as_rgb(picture), box).parts()
        return Reading(np.array([(point.x, point.y) for point in points]))

    def close(self) -> None:
        """See `Tracker.close`."""
