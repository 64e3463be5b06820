"""MediaPipe's face landmarker: 478 points and 51 expression scores of a single picture.

Rule: no picture, and no word about one, leaves this machine.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from engine.model_files import short_checksum
from training.trackers.models import FACE_LANDMARKER, INSTALL
from training.trackers.tracker import Reading, TrackerError, as_rgb

_NOT_AN_EXPRESSION = "_neutral"
_NOBODY = "http://127.0.0.1:9"  # the discard port: connections are refused at once


class MediaPipeLandmarker:
    """The `Tracker` on MediaPipe.

    Args:
        model: The user's own `.task` file; by default the one that `make install-trackers` brought.
        most_faces: To look for; the largest is read.

    Raises:
        TrackerError: MediaPipe or the model is not installed, or the model does not open.
    """

    name = "MediaPipe"

    def __init__(self, model: Path | None = None, most_faces: int = 1) -> None:
        if find_spec("mediapipe") is None:
            raise TrackerError("MediaPipe is not installed.", INSTALL)
        path = FACE_LANDMARKER.locate(model)
        self.identity = f"{self.name}, model {short_checksum(path)}"
        # Its library reports its use to its vendor over HTTPS and offers no switch; a proxy that answers nobody is one.
        os.environ["https_proxy"] = os.environ["HTTPS_PROXY"] = _NOBODY
        with _silence():
            import mediapipe
            from mediapipe.tasks.python import vision
            from mediapipe.tasks.python.core.base_options import BaseOptions

            options = vision.FaceLandmarkerOptions(
                base_options=BaseOptions(model_asset_path=str(path)),
                output_face_blendshapes=True,
                num_faces=most_faces,
            )
            try:
                self._landmarker = vision.FaceLandmarker.create_from_options(options)
            except (RuntimeError, ValueError) as error:
                recovery = INSTALL if model is None else "Give another model, or none: ours is taken then."
                raise TrackerError(
                    f"{path} does not open as a face landmarker: {str(error).rstrip('.')}.", recovery
                ) from error
            self._mediapipe = mediapipe
            self.find(np.zeros((64, 64), np.uint8))  # the rest of what it says at its first picture

    def find(self, picture: np.ndarray) -> Reading | None:
        """See `Tracker.find`."""
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=as_rgb(picture))
        found = self._landmarker.detect(image)
        if not found.face_landmarks:
            return None
        height_px, width_px = picture.shape[:2]
        faces = [
            np.array([(point.x * width_px, point.y * height_px) for point in face]) for face in found.face_landmarks
        ]
        largest = int(np.argmax([np.ptp(face, axis=0).max() for face in faces]))
        scores = {score.category_name: float(score.score) for score in found.face_blendshapes[largest]}
        scores.pop(_NOT_AN_EXPRESSION, None)
        return Reading(faces[largest], scores, len(faces))

    def close(self) -> None:
        """See `Tracker.close`."""
        self._landmarker.close()


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the library's start-up chatter, which no option turns off, from the user's error stream."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
