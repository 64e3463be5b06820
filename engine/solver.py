"""One frame in, one mesh out: its picture prepared, network, vertices. Each frame by itself.

Rule: meshes come in the order of their frames, whatever prepares and solves them.
"""

from collections import deque
from dataclasses import dataclass

from engine.backends import Backend
from engine.backends.backend import Pictures, Solution, TakesPictures
from engine.bundle import ActorBundle
from engine.clock import NS_PER_MS, SYSTEM_CLOCK, Clock
from engine.frames import CropRect, Frame, MeshFrame, frozen
from engine.preparation import open_preparation
from engine.statistics import Recent
from engine.views import stacked


class Solver:
    """Solves frames of one actor. One thread at a time.

    A backend that takes pictures whole has one copied while it solves the one before: `submit` and `collect` are apart.
    With every other backend a frame is solved when `submit` returns.

    Args:
        bundle: The actor.
        backend: Runs that actor's network.
        clock: Time.

    Raises:
        TrackerError: The actor's pictures are stabilised, and dlib is not installed.
    """

    def __init__(self, bundle: ActorBundle, backend: Backend, clock: Clock = SYSTEM_CLOCK) -> None:
        self._bundle, self._backend, self._clock = bundle, backend, clock
        self._preparation = open_preparation(bundle.preparation, bundle.stabiliser())
        self._taker = backend if isinstance(backend, TakesPictures) else None
        self._others = [None] * (len(bundle.views) - 1)
        self._waiting: deque[_Waiting] = deque()
        self._capacity = 1
        self.crop_ms = Recent()  # until the network can begin; any thread may read
        self.network_ms = Recent()  # from then until the vertices are here

    @property
    def num_waiting(self) -> int:
        """Frames that were submitted and not collected."""
        return len(self._waiting)

    @property
    def is_full(self) -> bool:
        """Whether a frame must be collected before the next is submitted."""
        return len(self._waiting) >= self._capacity

    def submit(self, frame: Frame, crop: CropRect) -> None:
        """Begin with a frame; not while `is_full`.

        Raises:
            CameraError: The crop leaves the picture.
            BackendError: The runtime failed.
        """
        if self.is_full:
            raise ValueError(f"{self._capacity} frames are under way; collect one first")
        size_px = self._bundle.input_width_px, self._bundle.input_height_px
        start_ns = self._clock.now_ns()
        pictures = self._taker.pictures(frame.image, crop) if self._taker is not None else None
        solved: Pictures | Solution
        if pictures is not None:
            placed = self._preparation.place(frame.image, crop, *size_px)
            pictures.submit(frame.image, crop, placed)
            prepared_ns, solved = self._clock.now_ns(), pictures
        else:
            seen = self._preparation.prepare(frame.image, crop, *size_px)
            # One camera: the first view. The others are absent.
            crops = stacked([seen, *self._others], *size_px)
            prepared_ns = self._clock.now_ns()
            solved = self._backend.run(crops[None])
        self._capacity = 1 if pictures is None else pictures.capacity
        self.crop_ms.add((prepared_ns - start_ns) / NS_PER_MS)
        self._waiting.append(_Waiting(frame, crop, prepared_ns, self._clock.now_ns(), solved))

    def collect(self) -> MeshFrame:
        """The mesh of the oldest frame that was submitted.

        Raises:
            BackendError: The runtime failed.
        """
        oldest = self._waiting.popleft()
        solved, solved_ns = oldest.solved, oldest.solved_ns
        if not isinstance(solved, Solution):
            solved, solved_ns = solved.collect(), self._clock.now_ns()
        self.network_ms.add((solved_ns - oldest.prepared_ns) / NS_PER_MS)
        errors_mm = None if solved.errors_mm is None else frozen(solved.errors_mm[0])
        latent, vertices = frozen(solved.latents[0]), frozen(solved.vertices[0])
        return MeshFrame(oldest.frame, oldest.crop, latent, vertices, solved_ns, errors_mm)

    def solve(self, frame: Frame, crop: CropRect) -> MeshFrame:
        """The mesh of `frame`; not while another is under way.

        Raises:
            CameraError: The crop leaves the picture.
            BackendError: The runtime failed.
        """
        if self._waiting:
            raise ValueError("another frame is under way")
        self.submit(frame, crop)
        return self.collect()


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    """A frame under way, and what will give its solution or has given it."""

    frame: Frame
    crop: CropRect
    prepared_ns: int
    solved_ns: int  # of a solution; pictures are done when they are collected
    solved: Pictures | Solution
