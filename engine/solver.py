"""One frame in, one mesh out: its picture prepared, network, vertices. Each frame by itself."""

from engine.backends import Backend
from engine.bundle import ActorBundle
from engine.clock import NS_PER_MS, SYSTEM_CLOCK, Clock
from engine.frames import CropRect, Frame, MeshFrame, frozen
from engine.preparation import open_preparation
from engine.statistics import Recent
from engine.views import stacked


class Solver:
    """Solves frames of one actor. One thread at a time.

    Args:
        bundle: The actor.
        backend: Runs that actor's network.
        clock: Time.

    Raises:
        TrackerError: The actor's pictures are stabilised, and dlib is not installed.
    """

    def __init__(self, bundle: ActorBundle, backend: Backend, clock: Clock = SYSTEM_CLOCK) -> None:
        self._bundle, self._backend, self._clock = bundle, backend, clock
        self._prepare = open_preparation(bundle.preparation, bundle.stabiliser()).prepare
        self._others = [None] * (len(bundle.views) - 1)
        self.crop_ms = Recent()  # any thread may read
        self.network_ms = Recent()

    def solve(self, frame: Frame, crop: CropRect) -> MeshFrame:
        """The mesh of `frame`.

        Raises:
            CameraError: The crop leaves the picture.
            BackendError: The runtime failed.
        """
        start_ns = self._clock.now_ns()
        seen = self._prepare(frame.image, crop, self._bundle.input_width_px, self._bundle.input_height_px)
        # One camera: the first view. The others are absent.
        crops = stacked([seen, *self._others], self._bundle.input_width_px, self._bundle.input_height_px)
        cropped_ns = self._clock.now_ns()
        solved = self._backend.run(crops[None])
        solved_ns = self._clock.now_ns()
        self.crop_ms.add((cropped_ns - start_ns) / NS_PER_MS)
        self.network_ms.add((solved_ns - cropped_ns) / NS_PER_MS)
        errors_mm = None if solved.errors_mm is None else frozen(solved.errors_mm[0])
        return MeshFrame(frame, crop, frozen(solved.latents[0]), frozen(solved.vertices[0]), solved_ns, errors_mm)
