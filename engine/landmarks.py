"""dlib's frontal face detector and its 68-point predictor (the iBUG 300-W points) on single pictures."""

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import TrackerError
from engine.model_files import ModelFile

NUM_POINTS = 68
INSTALL = "Run: pip install 'livedouble[stabilise]'."
POINTS_68 = ModelFile(
    "dlib's 68-point predictor",
    (("face_recognition_models", "models/shape_predictor_68_face_landmarks.dat"),),
    "fbdc2cb80eb9aa7a758672cbfdda32ba6300efe9b6e6c7a299ff7e736b11b92f",
    INSTALL,
)


class FaceLandmarks:
    """Finds a face and its 68 points. One thread at a time.

    Pictures are [H, W] or [H, W, 3] (red-green-blue) uint8, contiguous.

    Args:
        model: The user's own `.dat` file; by default the one that lies in `face-recognition-models`.

    Raises:
        TrackerError: dlib or the model is not installed, or the model does not open.
    """

    def __init__(self, model: Path | None = None) -> None:
        if find_spec("dlib") is None:
            raise TrackerError("dlib, which finds the 68 points of a face, is not installed.", INSTALL)
        try:
            self._dlib = import_module("dlib")
        except (ImportError, OSError) as error:
            raise TrackerError(f"dlib is installed but does not load ({error}).", INSTALL) from error
        self._predict = _predictor(model)
        self._detect = self._dlib.get_frontal_face_detector()

    def detect(self, picture: np.ndarray, least_confidence: float = 0.0) -> np.ndarray | None:
        """The surest face: [4] float left, top, right, bottom in pixels, or None.

        Args:
            picture: Faces smaller than 80 pixels are not seen.
            least_confidence: Above 0 the detector sees fewer faces, below 0 more.
        """
        boxes, confidences, _ = self._detect.run(picture, 0, least_confidence)
        if not boxes:
            return None
        best = boxes[int(np.argmax(confidences))]
        return np.array([best.left(), best.top(), best.right(), best.bottom()], float)

    def points(self, picture: np.ndarray, box: np.ndarray) -> np.ndarray:
        """[68, 2] whole pixels (x, y) of the face in `box`, which is [4] as `detect` gives it."""
        rectangle = self._dlib.rectangle(*(round(float(side)) for side in box))
        return np.array([(point.x, point.y) for point in self._predict(picture, rectangle).parts()], float)


@lru_cache(maxsize=1)  # 100 MB that take seconds to read and are never changed
def _predictor(model: Path | None) -> Callable[..., Any]:
    path = POINTS_68.locate(model)
    try:
        predictor: Callable[..., Any] = import_module("dlib").shape_predictor(str(path))
    except RuntimeError as error:
        raise TrackerError(f"{path} does not open as a shape predictor: {error}.", INSTALL) from error
    return predictor
