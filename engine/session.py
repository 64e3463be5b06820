"""A running line: camera, solver and what they count. The face that the window and the command line see.

Rule: stopping goes source first; each room finishes what it was given, and all is over within two seconds.
"""

import logging
from threading import Event

from engine.backends import Backend
from engine.bundle import ActorBundle
from engine.cameras import Camera, CameraFacts
from engine.clock import SYSTEM_CLOCK, Clock
from engine.crop import check_crop
from engine.crop_choice import choose_crop
from engine.errors import BackendError, CameraError, LiveDoubleError
from engine.frames import CropRect, Frame, MeshFrame
from engine.handoff import Latest
from engine.line import CaptureCounts, capture, solve
from engine.solver import Solver
from engine.statistics import Drops, Meter, Percentiles, Rates, Statistics, TruthMeter, latency_ms
from engine.views import absent_note
from engine.worker import Worker

_CAPTURE_JOIN_S = 1.2
_SOLVE_JOIN_S = 0.6

_log = logging.getLogger(__name__)


class Session:
    """One run of the line; a new run is a new session.

    `frames` and `meshes` are for one consumer each, on any thread; they end, with the error if there was one, after
    their last item. The backend stays the caller's, who closes it after `stop`.

    Args:
        camera: Not opened yet; the session opens and closes it.
        bundle: The actor.
        backend: Runs that actor's network.
        crop: What the network sees, camera pixels; by default the actor's own, or the largest that fits when the
            camera's picture has another size than the actor was trained with (then `notes` says so). The camera is the
            actor's first view; others are absent, which `notes` says too.
        others: Why other backends do not run, for whoever asks.
        limit_frames: End the stream after so many frames of the camera.
        clock: Time.
    """

    def __init__(
        self,
        camera: Camera,
        bundle: ActorBundle,
        backend: Backend,
        crop: CropRect | None = None,
        *,
        others: tuple[str, ...] = (),
        limit_frames: int | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.frames: Latest[Frame] = Latest()
        self.meshes: Latest[MeshFrame] = Latest()
        self.notes: tuple[str, ...] = ()
        self._camera, self._bundle, self._backend = camera, bundle, backend
        self._crop, self._limit_frames, self._clock, self._others = crop, limit_frames, clock, others
        self._to_solve: Latest[Frame] = Latest()
        self._crops: Latest[CropRect] = Latest()
        self._stopping = Event()
        self._solver = Solver(bundle, backend, clock)
        self._captured, self._solved, self._displayed = CaptureCounts(), Meter(), Meter()
        self._truth = TruthMeter(bundle.topology.animated)
        self._capture_error: LiveDoubleError | None = None
        self._solve_error: LiveDoubleError | None = None
        self._ended_ns: int | None = None
        self._capture = Worker("capture", self._run_capture, self._capture_ended)
        self._solve = Worker("solve", self._run_solve, self._solve_ended)

    @property
    def camera_facts(self) -> CameraFacts:
        """Of the camera; final after `start`. Any thread."""
        return self._camera.facts

    @property
    def crop(self) -> CropRect:
        """What the network sees, from the next frame on; the actor's own before `start`. Any thread."""
        return self._crop or self._bundle.crop

    @property
    def error(self) -> LiveDoubleError | None:
        """What ended the line, if something did. Any thread."""
        return self._capture_error or self._solve_error

    def start(self) -> None:
        """Open the camera and begin. Once; any one thread, which may wait for the camera's driver.

        Raises:
            CameraError: The camera does not open, or the crop leaves its picture.
        """
        try:
            self._camera.open()
            facts = self._camera.facts
            choice = choose_crop(self._bundle, self._crop, facts.width_px, facts.height_px)
        except LiveDoubleError:
            self._camera.close()
            raise
        absent = absent_note(self._bundle.views, [self._bundle.views[0].camera])
        self._crop, self.notes = choice.crop, (*choice.notes, *absent)
        self._crops.put(choice.crop)
        self._solve.start()
        self._capture.start()

    def stop(self) -> None:
        """End the line, source first, in less than two seconds; may be called again. The thread that started it."""
        self._stopping.set()
        if not self._capture.join(_CAPTURE_JOIN_S):
            name = self._camera.facts.name
            _log.warning("%s does not come back; it is left behind", name)
            self._capture_ended(CameraError(f"{name} does not come back.", "Replug the camera before using it again."))
        if not self._solve.join(_SOLVE_JOIN_S):
            name = self._backend.name
            _log.warning("%s does not come back; it is left behind", name)
            self._solve_ended(BackendError(f"The backend {name} does not come back.", "Start LiveDouble again."))

    def wait(self, timeout_s: float) -> bool:
        """Wait for the line to end by itself; whether it has. Any thread."""
        # The solver ends last, after what it was given.
        return self._solve.join(timeout_s)

    def set_crop(self, crop: CropRect) -> None:
        """Let the network see another part of the picture, from the next frame on. One thread, after `start`.

        Raises:
            CameraError: The crop leaves the picture.
        """
        facts = self._camera.facts
        check_crop(crop, facts.width_px, facts.height_px)
        self._crop = crop
        self._crops.put(crop)

    def displayed(self, mesh: MeshFrame) -> None:
        """Count a mesh that has just been shown, once. The thread that shows them."""
        now_ns = self._clock.now_ns()
        self._displayed.add(now_ns, latency_ms(mesh.frame.captured_ns, now_ns))
        truth = mesh.frame.truth
        if truth is not None and truth.shape == mesh.vertices.shape:
            self._truth.add(mesh.vertices, truth)

    def statistics(self) -> Statistics:
        """The line now; of a line that has ended, as it was then. Any thread."""
        captured, solved, displayed = self._captured.meter, self._solved, self._displayed
        now_ns, int8 = self._ended_ns or self._clock.now_ns(), self._bundle.int8
        return Statistics(
            frames=captured.count,
            solved=solved.count,
            displayed=displayed.count,
            errors=len({id(error) for error in (self._capture_error, self._solve_error) if error is not None}),
            dropped=Drops(self._captured.num_lost, self._to_solve.num_overwritten, self.meshes.num_overwritten),
            fps=Rates(captured.rate(now_ns), solved.rate(now_ns), displayed.rate(now_ns)),
            mean_fps=Rates(captured.mean_rate(), solved.mean_rate(), displayed.mean_rate()),
            solve_latency_ms=solved.durations(),
            display_latency_ms=displayed.durations(),
            crop_ms=Percentiles.of(self._solver.crop_ms.samples()),
            network_ms=Percentiles.of(self._solver.network_ms.samples()),
            rmse_mm=self._truth.rmse_mm,
            backend=self._backend.name,
            precision=self._backend.precision,
            provider=self._backend.provider,
            notes=self.notes,
            others=self._others,
            worst_loss_mm=int8.worst_mm if int8 is not None and self._backend.precision == "int8" else None,
        )

    def _run_capture(self) -> None:
        outlets = (self._to_solve, self.frames)
        capture(self._camera, outlets, self._stopping, self._captured, self._clock, self._limit_frames)

    def _run_solve(self) -> None:
        solve(self._to_solve, self.meshes, self._crops, self._solver, self._solved)

    def _capture_ended(self, error: LiveDoubleError | None) -> None:
        self._capture_error = self._capture_error or error
        self._to_solve.close(error)
        self.frames.close(error)

    def _solve_ended(self, error: LiveDoubleError | None) -> None:
        self._solve_error = self._solve_error or error
        self._ended_ns = self._ended_ns or self._clock.now_ns()
        self._to_solve.close(error)
        self.meshes.close(error)
