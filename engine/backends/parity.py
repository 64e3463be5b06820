"""How far every backend and precision that runs here is from ONNX Runtime in float32, in millimetres on real pictures.

Rule: it compares meshes, frame by frame of the same crops; that the reference itself is right is not its question.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

import numpy as np

from engine.backends.choice import REFERENCE, backend_report, open_backend
from engine.bundle import ActorBundle
from engine.errors import ShotError
from engine.mesh import distances_mm
from engine.preparation import open_preparation
from engine.shots import Shot
from engine.views import stacked

_BATCH_SIZE = 8


@dataclass(frozen=True, slots=True)
class Parity:
    """One backend's distance from ONNX Runtime in float32."""

    backend: str
    precision: str
    rms_mm: float  # of all vertices of all frames
    worst_mm: float  # any vertex of any frame
    num_frames: int


class Deviation:
    """Adds up how far meshes are from others; a coordinate that is no number stays one to the end."""

    def __init__(self) -> None:
        self.worst_mm, self.num_frames = 0.0, 0
        self._sum_of_squares, self._num_vertices = 0.0, 0

    def add(self, vertices: np.ndarray, expected: np.ndarray) -> None:
        """Both [B, V, 3] float32, cm."""
        wrong_mm = distances_mm(vertices, expected)
        self.worst_mm = float(np.maximum(self.worst_mm, wrong_mm.max()))
        self._sum_of_squares += float(np.square(wrong_mm, dtype=np.float64).sum())
        self._num_vertices += wrong_mm.size
        self.num_frames += len(wrong_mm)

    @property
    def rms_mm(self) -> float:
        """Root of the mean squared distance of a vertex.

        Raises:
            ValueError: Nothing was added.
        """
        if not self._num_vertices:
            raise ValueError("there is nothing to be the mean of")
        return float(np.sqrt(self._sum_of_squares / self._num_vertices))


def measure_parity(
    bundle: ActorBundle,
    crops: np.ndarray,
    num_threads: int | None = None,
    progress: Callable[[str, int], None] = lambda *_: None,
) -> tuple[Parity, ...]:
    """Solve the same crops with everything that runs here.

    Args:
        bundle: The actor.
        crops: [N, num_views, height, width] uint8 of the actor's input size, N >= 1.
        num_threads: Of the runtimes; by default all cores this process may use, 8 at most.
        progress: Told what solves and how many more frames it has solved; it solves `len(crops)`.

    Returns:
        One row for each backend and precision, the reference left out.

    Raises:
        BackendError: One fails.
    """
    with closing(open_backend(bundle, *REFERENCE, num_threads)) as reference:
        expected = [reference.run(batch).vertices for batch in _batches(crops)]
    rows = []
    for status in backend_report(bundle):
        for precision in status.precisions:
            if (status.name, precision) == REFERENCE:
                continue
            deviation = Deviation()
            with closing(open_backend(bundle, status.name, precision, num_threads)) as backend:
                for batch, vertices in zip(_batches(crops), expected, strict=True):
                    deviation.add(backend.run(batch).vertices, vertices)
                    progress(f"{status.name} {precision}", len(batch))
            rows.append(Parity(status.name, precision, deviation.rms_mm, deviation.worst_mm, deviation.num_frames))
    return tuple(rows)


def crops_of_shot(bundle: ActorBundle, shot: Shot, most_frames: int) -> np.ndarray:
    """[N, num_views, height, width] uint8: the first frames of a shot as the actor sees them, N `most_frames` at most.

    A camera of the actor that the shot lacks is an absent view.

    Raises:
        ShotError: The shot has none of the actor's cameras.
        LiveDoubleError: A movie does not decode, or what finds the head is missing.
    """
    size = bundle.input_width_px, bundle.input_height_px
    seen: list[list[np.ndarray] | None] = []
    for view in bundle.views:
        if view.camera not in shot.facts.movies:
            seen.append(None)
            continue
        prepare = open_preparation(bundle.preparation, bundle.stabiliser()).prepare
        with shot.pictures(view.camera) as movie:
            crop = view.crop_in(movie.facts.width_px, movie.facts.height_px) or view.crop
            seen.append([prepare(image, crop, *size) for image in islice(movie, most_frames)])
    num_frames = min((len(crops) for crops in seen if crops is not None), default=0)
    if not num_frames:
        raise ShotError(
            f"The shot {shot.folder} has no camera of the actor {bundle.name}.",
            f"It sees: {', '.join(view.camera for view in bundle.views)}.",
        )
    moments = [[None if crops is None else crops[frame] for crops in seen] for frame in range(num_frames)]
    return np.stack([stacked(moment, *size) for moment in moments])


def _batches(crops: np.ndarray) -> list[np.ndarray]:
    return [crops[first : first + _BATCH_SIZE] for first in range(0, len(crops), _BATCH_SIZE)]
