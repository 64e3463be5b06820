import logging
import threading
import time
from collections.abc import Iterator

import numpy as np
import pytest

from engine import line
from engine.backends import Solution
from engine.bundle import ActorBundle
from engine.crop import largest_crop
from engine.errors import BackendError, CameraError, LiveDoubleError
from engine.frames import CropRect, Frame, MeshFrame
from engine.handoff import EndOfStream, Latest
from engine.session import Session
from tests.fakes import TINY_CROP, FakeBackend, FakeCamera, FakeClock, frame

SOON_S = 5.0
GIVES_UP = CameraError("The cable came off.", "Plug it in.")


def numbered(count: int, start: int = 0) -> list[Frame]:
    return [frame(index) for index in range(start, start + count)]


def drain(slot: Latest) -> tuple[list, LiveDoubleError | None]:
    """Everything until the end, and the error at the end."""
    items = []
    while True:
        try:
            item = slot.take(SOON_S)
        except EndOfStream:
            return items, None
        except LiveDoubleError as error:
            return items, error
        assert item is not None, "the line stands still"
        items.append(item)


class StepCamera(FakeCamera):
    """Gives the next frame only when the last one has been solved, so that nothing is dropped."""

    def __init__(self, items: list[Frame | CameraError]) -> None:
        super().__init__(items)
        self.is_free = threading.Semaphore(1)

    def read(self, timeout_s: float) -> Frame | None:
        assert self.is_free.acquire(timeout=SOON_S)
        return super().read(timeout_s)


def run_in_step(camera: StepCamera, bundle: ActorBundle, backend: FakeBackend) -> tuple[Session, list[MeshFrame]]:
    session = Session(camera, bundle, backend)
    meshes: list[MeshFrame] = []
    ended = threading.Event()

    def take() -> None:
        try:
            mesh = session.meshes.take(0.0)
        except (EndOfStream, LiveDoubleError):
            ended.set()
            return
        if mesh is not None:
            meshes.append(mesh)
            session.displayed(mesh)
            camera.is_free.release()

    session.meshes.on_filled = take
    session.start()
    assert ended.wait(SOON_S)
    session.stop()
    return session, meshes


@pytest.fixture
def hanging(tiny: ActorBundle) -> Iterator[tuple[Session, FakeCamera]]:
    """A session whose camera has given two frames and then nothing more."""
    camera = FakeCamera(numbered(2), hangs=True)
    session = Session(camera, tiny, FakeBackend(tiny))
    session.start()
    yield session, camera
    session.stop()


# The line


def test_every_frame_becomes_a_mesh_when_there_is_time(tiny: ActorBundle) -> None:
    session, meshes = run_in_step(StepCamera(numbered(7)), tiny, FakeBackend(tiny))
    assert [mesh.frame.index for mesh in meshes] == list(range(7))
    for mesh in meshes:
        assert mesh.latent[0] == mesh.frame.image[0, 0]
        np.testing.assert_array_equal(mesh.vertices, tiny.vertices(mesh.latent))
    statistics = session.statistics()
    assert (statistics.frames, statistics.solved, statistics.displayed, statistics.errors) == (7, 7, 7, 0)
    assert statistics.dropped.total == 0
    assert session.error is None


def test_meshes_cannot_be_written_to(tiny: ActorBundle) -> None:
    _, meshes = run_in_step(StepCamera(numbered(1)), tiny, FakeBackend(tiny))
    for array in (meshes[0].vertices, meshes[0].latent, meshes[0].frame.image):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_a_camera_failure_reaches_both_consumers_after_the_last_frame(tiny: ActorBundle) -> None:
    session, meshes = run_in_step(StepCamera([*numbered(3), GIVES_UP]), tiny, FakeBackend(tiny))
    assert [mesh.frame.index for mesh in meshes] == [0, 1, 2]
    assert drain(session.meshes) == ([], GIVES_UP)
    frames, error = drain(session.frames)
    assert [shown.index for shown in frames] == [2]
    assert error is GIVES_UP
    assert session.error is GIVES_UP
    assert session.statistics().errors == 1


def test_a_backend_failure_ends_the_meshes_and_the_camera_view_goes_on(tiny: ActorBundle) -> None:
    failure = BackendError("The device is gone.", "Start again.")
    camera = FakeCamera(numbered(1), hangs=True)
    session = Session(camera, tiny, FakeBackend(tiny, failure))
    session.start()
    assert drain(session.meshes) == ([], failure)
    assert session.frames.take(SOON_S).index == 0
    assert not session.frames.is_closed
    session.stop()
    assert drain(session.frames) == ([], None)
    assert session.error is failure


def test_a_mistake_of_ours_in_the_solver_reaches_the_consumer(tiny: ActorBundle, caplog) -> None:
    session = Session(FakeCamera(numbered(1)), tiny, FakeBackend(tiny, ZeroDivisionError("oh")))
    with caplog.at_level(logging.ERROR):
        session.start()
        _, error = drain(session.meshes)
        session.stop()
    assert "ZeroDivisionError" in error.reason
    caplog.clear()


def test_frames_the_solver_had_no_time_for_are_counted(tiny: ActorBundle) -> None:
    has_first, all_came = threading.Event(), threading.Event()

    class SlowBackend(FakeBackend):
        """Works on the first frame until the camera has given its last."""

        def run(self, crops: np.ndarray) -> Solution:
            has_first.set()
            assert all_came.wait(SOON_S)
            return super().run(crops)

    class EagerCamera(FakeCamera):
        """Goes on as soon as the solver has the first frame."""

        def read(self, timeout_s: float) -> Frame | None:
            if len(self._items) == 9:
                assert has_first.wait(SOON_S)
            item = super().read(timeout_s)
            if item is None:
                all_came.set()
            return item

    session = Session(EagerCamera(numbered(10)), tiny, SlowBackend(tiny))
    session.start()
    assert session.wait(SOON_S)
    session.stop()
    statistics = session.statistics()
    assert (statistics.frames, statistics.solved) == (10, 2)
    assert statistics.dropped.solver_busy == 8
    assert statistics.dropped.display_busy == 1  # nobody took the first mesh; the second still waits
    assert session.meshes.take(0.0).frame.index == 9


def test_gaps_in_the_index_are_the_cameras_losses(tiny: ActorBundle) -> None:
    session, _ = run_in_step(StepCamera([*numbered(3), *numbered(2, start=8)]), tiny, FakeBackend(tiny))
    dropped = session.statistics().dropped
    assert (dropped.camera, dropped.solver_busy, dropped.display_busy) == (5, 0, 0)


def test_the_error_against_the_truth_is_counted_where_the_camera_knows_it(tiny: ActorBundle) -> None:
    backend = FakeBackend(tiny)
    latent = np.zeros(tiny.num_latents, np.float32)
    truthful = []
    for index in range(3):
        latent[0] = frame(index).image[0, 0]
        truthful.append(frame(index, truth=tiny.vertices(latent) + np.float32([0.3, 0.4, 0.0])))
    session, _ = run_in_step(StepCamera([*truthful, frame(3)]), tiny, backend)
    assert session.statistics().rmse_mm == pytest.approx(5.0, abs=1e-3)


def test_without_truth_there_is_no_error_figure(tiny: ActorBundle) -> None:
    session, _ = run_in_step(StepCamera(numbered(2)), tiny, FakeBackend(tiny))
    assert session.statistics().rmse_mm is None


def test_a_limit_ends_the_stream_after_so_many_frames(tiny: ActorBundle) -> None:
    camera = FakeCamera(numbered(50), hangs=True)
    session = Session(camera, tiny, FakeBackend(tiny), limit_frames=4)
    session.start()
    assert session.wait(SOON_S)
    session.stop()
    statistics = session.statistics()
    assert statistics.frames == 4
    assert statistics.solved + statistics.dropped.solver_busy == 4
    assert session.error is None
    assert not camera.is_open


# Stopping


def test_a_stop_ends_a_waiting_line_and_closes_the_camera(hanging: tuple[Session, FakeCamera]) -> None:
    session, camera = hanging
    session.stop()
    assert not camera.is_open
    assert session.meshes.is_closed
    assert session.frames.is_closed
    assert session.error is None
    session.stop()


def test_a_stop_takes_less_than_two_seconds_while_the_driver_hangs(tiny: ActorBundle, caplog) -> None:
    camera = FakeCamera(numbered(1), hangs=True, ignores_limits=True)
    session = Session(camera, tiny, FakeBackend(tiny))
    session.start()
    assert session.meshes.take(SOON_S) is not None
    started_s = time.monotonic()
    session.stop()
    # The promise of the design, with the driver hanging for thirty seconds; not a measurement.
    assert time.monotonic() - started_s < 2.0
    assert "does not come back" in str(session.error)
    assert "does not come back" in caplog.text
    assert session.meshes.is_closed
    camera.release.set()
    assert session._capture.join(SOON_S)


def test_a_session_that_never_started_can_be_stopped(tiny: ActorBundle) -> None:
    Session(FakeCamera([]), tiny, FakeBackend(tiny)).stop()


def test_the_statistics_of_an_ended_line_stand_still(tiny: ActorBundle) -> None:
    session, _ = run_in_step(StepCamera(numbered(5)), tiny, FakeBackend(tiny))
    assert session.statistics() == session.statistics()
    assert session.statistics().fps.solve > 0


# Starting


def test_a_camera_that_does_not_open_is_the_callers_error(tiny: ActorBundle) -> None:
    session = Session(FakeCamera([], failure=GIVES_UP), tiny, FakeBackend(tiny))
    with pytest.raises(CameraError, match="cable"):
        session.start()
    session.stop()


def test_the_actors_own_crop_is_used_with_the_picture_it_was_trained_for(hanging) -> None:
    session, _ = hanging
    assert session.crop == TINY_CROP
    assert session.notes == ()


def test_another_picture_size_takes_the_largest_crop_and_says_so(tiny: ActorBundle) -> None:
    camera = FakeCamera([Frame(np.zeros((288, 360), np.uint8), 0, 0)])
    camera.facts = type(camera.facts)("webcam", 360, 288, None, True, None)
    session = Session(camera, tiny, FakeBackend(tiny))
    session.start()
    meshes, error = drain(session.meshes)
    session.stop()
    assert (len(meshes), error) == (1, None)
    assert session.crop == largest_crop(360, 288) == meshes[0].crop
    assert "360x288" in session.notes[0]
    assert session.notes == session.statistics().notes


def test_a_given_crop_outside_the_picture_is_refused_and_the_camera_closed(tiny: ActorBundle) -> None:
    camera = FakeCamera([])
    session = Session(camera, tiny, FakeBackend(tiny), CropRect(100, 100, 240, 320))
    with pytest.raises(CameraError, match="leaves the 300x400 picture"):
        session.start()
    assert not camera.is_open


def test_a_crop_of_another_shape_is_used_and_the_stretch_is_told(tiny: ActorBundle) -> None:
    session = Session(FakeCamera([]), tiny, FakeBackend(tiny), CropRect(0, 0, 300, 300))
    session.start()
    session.stop()
    assert "stretched by 1.33" in session.notes[0]


def test_a_new_crop_is_used_from_the_next_frame_on(tiny: ActorBundle) -> None:
    halves = np.zeros((400, 300), np.uint8)
    halves[:, 150:] = 200
    camera = StepCamera([Frame(halves, index, 0) for index in range(2)])
    camera.is_free.acquire()
    session = Session(camera, tiny, FakeBackend(tiny), CropRect(0, 0, 150, 200))
    session.start()
    camera.is_free.release()
    assert session.meshes.take(SOON_S).latent[0] == 0
    session.set_crop(CropRect(150, 0, 150, 200))
    camera.is_free.release()
    mesh = session.meshes.take(SOON_S)
    assert mesh.crop == session.crop == CropRect(150, 0, 150, 200)
    assert mesh.latent[0] == 200
    camera.is_free.release()
    session.stop()


def test_a_new_crop_outside_the_picture_is_refused_and_changes_nothing(hanging) -> None:
    session, _ = hanging
    with pytest.raises(CameraError, match="leaves the 300x400 picture"):
        session.set_crop(CropRect(200, 0, 240, 320))
    assert session.crop == TINY_CROP


# The capture loop by itself


def test_a_camera_that_falls_silent_has_failed_after_a_while(tiny: ActorBundle) -> None:
    class SilentCamera(FakeCamera):
        """Time passes while it gives nothing."""

        def read(self, timeout_s: float) -> Frame | None:
            clock.advance(timeout_s)
            raise line.CameraTimeout("fake gave no picture.", "Wait.")

    clock, camera = FakeClock(), SilentCamera([])
    camera.open()
    with pytest.raises(CameraError, match="no picture for 5 s"):
        line.capture(camera, (), threading.Event(), line.CaptureCounts(), clock)
    assert not camera.is_open


def test_a_report_names_what_the_command_line_promises(tiny: ActorBundle) -> None:
    session, _ = run_in_step(StepCamera(numbered(30)), tiny, FakeBackend(tiny))
    report = session.statistics().to_json()
    assert {"frames", "solved", "errors", "dropped", "backend", "precision", "rmse_mm"} <= set(report)
    assert set(report["fps"]) == {"camera", "solve", "display"}
    assert set(report["latency_ms"]) == {"p50", "p95", "p99"}
    assert set(report["dropped"]) == {"camera", "solver_busy", "display_busy"}
    assert report["fps"]["solve"] > 0
