"""The two loops of the line: capture reads the camera, solve turns frames into meshes. Each runs on its own thread.

Rule: a loop ends by its source ending; it never waits without a time limit.
"""

from collections.abc import Sequence
from threading import Event
from typing import Protocol

from engine.cameras import Camera, CameraTimeout
from engine.clock import NS_PER_S, Clock
from engine.errors import CameraError, LiveDoubleError
from engine.frames import CropRect, Frame, MeshFrame
from engine.handoff import EndOfStream, Latest
from engine.solver import Solver
from engine.statistics import Meter, latency_ms

READ_TIMEOUT_S = 0.2  # how long a stop may have to wait for a silent camera
SILENCE_S = 5.0  # a camera that gives nothing for so long has failed
_SILENT_PERIODS = 3
_TAKE_TIMEOUT_S = 0.5


class Outlet(Protocol):
    """Where captured frames go; a handoff is one."""

    def put(self, item: Frame) -> bool:
        """Offer a frame; False where nobody will take it any more. The capture thread."""
        ...


class CaptureCounts:
    """What capture counts. The capture thread writes, any reads."""

    def __init__(self) -> None:
        self.meter = Meter()
        self.num_lost = 0


def capture(
    camera: Camera,
    outlets: Sequence[Outlet],
    stopping: Event,
    counts: CaptureCounts,
    clock: Clock,
    limit_frames: int | None = None,
) -> None:
    """Read an open camera until it ends, fails, is told to stop, or has given `limit_frames`; then close it.

    Raises:
        CameraError: The camera failed, or gave nothing for too long.
    """
    next_index: int | None = None
    rate = camera.facts.rate
    silence_ns = int(NS_PER_S * max(SILENCE_S, _SILENT_PERIODS / rate if rate else 0.0))
    heard_ns = clock.now_ns()
    try:
        while not stopping.is_set():
            try:
                frame = camera.read(READ_TIMEOUT_S)
            except CameraTimeout as error:
                if clock.now_ns() - heard_ns > silence_ns:
                    raise CameraError(
                        f"{camera.facts.name} has given no picture for {silence_ns / NS_PER_S:g} s.",
                        "Check the camera and its cable, then start again.",
                    ) from error
                continue
            if frame is None:
                return
            heard_ns = clock.now_ns()
            if next_index is not None:
                counts.num_lost += max(0, frame.index - next_index)
            next_index = frame.index + 1
            for outlet in outlets:
                outlet.put(frame)
            counts.meter.add(heard_ns, latency_ms(frame.captured_ns, heard_ns))
            if limit_frames is not None and counts.meter.count >= limit_frames:
                return
    finally:
        camera.close()


def solve(
    frames: Latest[Frame], meshes: Latest[MeshFrame], crops: Latest[CropRect], solver: Solver, meter: Meter
) -> None:
    """Solve the newest frame, again and again, until the frames end. The first crop must already be waiting.

    Raises:
        EndOfStream: The frames ended and all are solved.
        LiveDoubleError: What ended the frames, or what ended the solver.
    """
    crop = crops.take(0.0)
    if crop is None:
        raise ValueError("there is no crop to start with")
    while True:
        try:
            # While a frame is under way, the next one is begun only if it is here already.
            frame = frames.take(0.0 if solver.num_waiting else _TAKE_TIMEOUT_S)
        except (EndOfStream, LiveDoubleError):
            while solver.num_waiting:
                _hand_on(solver, meshes, meter)
            raise
        if frame is not None:
            # A command takes effect here, between two frames.
            crop = crops.take(0.0) or crop
            solver.submit(frame, crop)
        if solver.is_full or (frame is None and solver.num_waiting):
            _hand_on(solver, meshes, meter)


def _hand_on(solver: Solver, meshes: Latest[MeshFrame], meter: Meter) -> None:
    mesh = solver.collect()
    meter.add(mesh.solved_ns, latency_ms(mesh.frame.captured_ns, mesh.solved_ns))
    meshes.put(mesh)
