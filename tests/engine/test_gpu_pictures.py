"""Pictures on their way through a pretended GPU: copies, kernel, network and waiting, whoever is quicker."""

import sys
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from engine import line
from engine.backends import Backend, Solution
from engine.backends.backend import TakesPictures
from engine.backends.swap import SwappingBackend
from engine.backends.trt import TrtBackend
from engine.bundle import ActorBundle
from engine.crop import crop_for_network, to_gray
from engine.errors import BackendError, CameraError, LiveDoubleError
from engine.frames import CropRect, Frame, MeshFrame
from engine.gpu import preparation
from engine.gpu.driver import DeviceMemory, Event, Gpu, PinnedArray, Stream
from engine.gpu.ring import PictureRing
from engine.handoff import EndOfStream, Latest
from engine.head_finder import pose_of
from engine.solver import Solver
from engine.stabilise import HeadPose, Stabiliser, cut, placement
from engine.statistics import Meter
from tests.engine.fake_gpu import FACTS, FakeDriver, FakeTensorrt, Schedule
from tests.engine.kernel_on_host import natural
from tests.fakes import FakeBackend, tiny_bundle

WIDTH, HEIGHT = 400, 500
CROP, ASIDE = CropRect(20, 30, 300, 400), CropRect(95, 77, 288, 384)
COLOUR = np.random.default_rng(8).integers(0, 256, (6, HEIGHT, WIDTH, 3), np.uint8)
GRAY = np.ascontiguousarray(COLOUR[..., 1])


@pytest.fixture(params=list(Schedule), ids=lambda schedule: schedule.name.lower())
def driver(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> FakeDriver:
    driver = FakeDriver(schedule=request.param)
    monkeypatch.setitem(sys.modules, "cuda.bindings.driver", driver)
    monkeypatch.setitem(sys.modules, "tensorrt", FakeTensorrt(driver))
    for module in ("engine.backends.trt", "engine.gpu.driver"):
        monkeypatch.setattr(f"{module}.probe_gpu", lambda: FACTS)
    monkeypatch.setattr(preparation, "compiled", lambda architecture: b"code")
    return driver


@pytest.fixture
def backend(tiny: ActorBundle, driver: FakeDriver, tmp_path: Path) -> Iterator[TrtBackend]:
    with closing(TrtBackend(tiny, "float16", 1, tmp_path)) as backend:
        yield backend


def by_crop(backend: Backend, image: np.ndarray, crop: CropRect) -> Solution:
    return backend.run(crop_for_network(image, crop)[None, None])


def assert_same(solved: Solution, expected: Solution) -> None:
    np.testing.assert_array_equal(solved.latents, expected.latents)
    np.testing.assert_array_equal(solved.vertices, expected.vertices)


# Order


@pytest.mark.parametrize("images", [GRAY, COLOUR], ids=["gray", "colour"])
def test_pictures_are_solved_in_order_as_the_processors_crops_are(backend: TrtBackend, images: np.ndarray) -> None:
    pictures = backend.pictures(images[0], CROP)
    pictures.submit(images[0], CROP)
    for before, image in pairwise(images):
        pictures.submit(image, CROP)
        assert_same(pictures.collect(), by_crop(backend, before, CROP))
    assert_same(pictures.collect(), by_crop(backend, images[-1], CROP))


def test_a_crop_that_moves_is_followed_at_that_frame_and_nothing_is_recorded_anew(
    backend: TrtBackend, driver: FakeDriver
) -> None:
    pictures = backend.pictures(GRAY[0], CROP)
    num_recordings = driver.num_recordings
    crops = [CROP, ASIDE, ASIDE, CROP, CropRect(0, 0, WIDTH, HEIGHT), ASIDE]
    pictures.submit(GRAY[0], crops[0])
    for index in range(1, len(crops)):
        pictures.submit(GRAY[index], crops[index])
        assert_same(pictures.collect(), by_crop(backend, GRAY[index - 1], crops[index - 1]))
    assert_same(pictures.collect(), by_crop(backend, GRAY[5], ASIDE))
    assert driver.num_recordings == num_recordings
    assert backend.pictures(GRAY[0], ASIDE) is pictures


def test_only_the_crops_pixels_are_copied_up(backend: TrtBackend, driver: FakeDriver) -> None:
    pictures = backend.pictures(COLOUR[0], CROP)
    driver.copied_bytes.clear()
    for crop in (CROP, ASIDE):
        pictures.submit(COLOUR[0], crop)
        pictures.collect()
    assert driver.copied_bytes == [3 * 300 * 400, 3 * 288 * 384]


def test_pictures_are_solved_in_8_bits_as_the_processors_crops_are(
    tiny_int8: ActorBundle, driver: FakeDriver, tmp_path: Path
) -> None:
    with closing(TrtBackend(tiny_int8, "int8", 1, tmp_path)) as backend:
        pictures = backend.pictures(GRAY[0], CROP)
        assert pictures is not None
        pictures.submit(GRAY[0], CROP)
        assert_same(pictures.collect(), by_crop(backend, GRAY[0], CROP))


def test_a_picture_is_the_callers_again_when_it_is_submitted(backend: TrtBackend) -> None:
    pictures = backend.pictures(GRAY[0], CROP)
    image = GRAY[1].copy()
    pictures.submit(image, CROP)
    image[:] = 0
    assert_same(pictures.collect(), by_crop(backend, GRAY[1], CROP))


def test_a_solution_is_the_callers(backend: TrtBackend) -> None:
    pictures = backend.pictures(GRAY[0], CROP)
    pictures.submit(GRAY[0], CROP)
    first = pictures.collect()
    kept = first.vertices.copy()
    for image in GRAY[1:5]:
        pictures.submit(image, CROP)
        pictures.collect()
    np.testing.assert_array_equal(first.vertices, kept)


def test_a_picture_is_copied_while_the_one_before_is_solved(tiny: ActorBundle, backend: TrtBackend, driver) -> None:
    solver = Solver(tiny, backend)
    solver.solve(Frame(GRAY[0], 0, 0), CROP)
    driver.asked.clear()
    run_line(solver, [Frame(image, index, 0) for index, image in enumerate(GRAY[:3])])
    assert driver.asked == ["copy", "solve", "copy", "solve", "wait", "copy", "solve", "wait", "wait"]


def test_more_pictures_than_buffers_are_refused(backend: TrtBackend) -> None:
    pictures = backend.pictures(GRAY[0], CROP)
    for image in GRAY[:3]:
        pictures.submit(image, CROP)
    with pytest.raises(ValueError, match="3 pictures are under way"):
        pictures.submit(GRAY[3], CROP)
    for image in GRAY[:3]:
        assert_same(pictures.collect(), by_crop(backend, image, CROP))
    with pytest.raises(ValueError, match="no picture is under way"):
        pictures.collect()


def test_a_crop_that_leaves_the_picture_is_refused_and_the_next_is_solved(backend: TrtBackend) -> None:
    pictures = backend.pictures(GRAY[0], CROP)
    with pytest.raises(CameraError, match="leaves the 400x500 picture"):
        pictures.submit(GRAY[0], CropRect(200, 0, 300, 400))
    pictures.submit(GRAY[1], CROP)
    assert_same(pictures.collect(), by_crop(backend, GRAY[1], CROP))


def test_another_size_waits_until_the_pictures_before_are_collected(backend: TrtBackend) -> None:
    pictures, small = backend.pictures(GRAY[0], CROP), GRAY[0, :400, :300].copy()
    pictures.submit(GRAY[0], CROP)
    whole = CropRect(0, 0, 300, 400)
    assert backend.pictures(small, whole) is None
    pictures.collect()
    others = backend.pictures(small, whole)
    others.submit(small, whole)
    assert_same(others.collect(), by_crop(backend, small, whole))


def test_other_views_are_absent(driver: FakeDriver, tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    bundle = tiny_bundle(tmp_path / "actor", cameras=("front", "side"), has_errors=True)
    with closing(TrtBackend(bundle, "float16", 1, tmp_path)) as backend:
        pictures = backend.pictures(GRAY[0], CROP)
        pictures.submit(GRAY[0], CROP)
        solved = pictures.collect()
        seen = crop_for_network(GRAY[0], CROP)
        expected = backend.run(np.stack([seen, np.zeros_like(seen)])[None])
    assert_same(solved, expected)
    np.testing.assert_array_equal(solved.errors_mm, expected.errors_mm)


# A head held still


SMOOTH = np.stack([natural(WIDTH, HEIGHT, 3, seed) for seed in range(3)])
HEADS = [pose_of(np.array(head), CROP) for head in ((0.5, 0.54, 0.0), (0.42, 0.6, 0.2), (0.6, 0.5, -0.15))]


def assert_held_still(backend: Backend, latents: np.ndarray, image: np.ndarray, head: HeadPose) -> None:
    """But for a gray level here and there: places are told in 65536ths of a pixel."""
    expected = held_still(backend, image, head).latents
    moved = np.linalg.norm(by_crop(backend, image, CROP).latents - expected)
    assert np.linalg.norm(latents - expected) < 0.05 * moved


def held_still(backend: Backend, image: np.ndarray, head: HeadPose) -> Solution:
    return backend.run(cut(to_gray(image), CROP, head, (240, 320), (0, 0))[None, None])


@pytest.mark.parametrize("images", [SMOOTH[..., 1].copy(), SMOOTH], ids=["gray", "colour"])
def test_a_head_that_moves_is_held_still_at_that_frame_and_nothing_is_recorded_anew(
    backend: TrtBackend, driver: FakeDriver, images: np.ndarray
) -> None:
    pictures = backend.pictures(images[0], CROP)
    num_recordings = driver.num_recordings
    for image, head in zip(images, HEADS, strict=False):
        pictures.submit(image, CROP, placement(CROP, head, (240, 320)))
        assert_held_still(backend, pictures.collect().latents, image, head)
    pictures.submit(images[0], CROP)
    assert_same(pictures.collect(), by_crop(backend, images[0], CROP))
    assert driver.num_recordings == num_recordings


def test_only_the_pixels_that_the_head_is_cut_from_are_copied_up(backend: TrtBackend, driver: FakeDriver) -> None:
    pictures = backend.pictures(COLOUR[0], CROP)
    driver.copied_bytes.clear()
    pictures.submit(COLOUR[0], CROP, placement(CROP, HEADS[0], (240, 320)))
    pictures.collect()
    assert 3 * 300 * 400 <= driver.copied_bytes[0] <= 3 * 304 * 404


def test_an_actor_that_holds_its_head_still_has_its_pictures_cut_on_the_gpu(
    tiny: ActorBundle, backend: TrtBackend, driver: FakeDriver
) -> None:
    class Nodding:
        """Finds the head elsewhere in each frame."""

        def __init__(self) -> None:
            self.heads = iter(HEADS)

        def find(self, gray: np.ndarray, crop: CropRect) -> HeadPose:
            assert gray.shape == (HEIGHT, WIDTH)
            return next(self.heads)

    solver = Solver(tiny, backend)
    solver._preparation = Stabiliser(Nodding())
    driver.asked.clear()
    meshes = run_line(solver, [Frame(image, index, 0) for index, image in enumerate(SMOOTH)])
    assert driver.asked.count("solve") >= 3
    for mesh, image, head in zip(meshes, SMOOTH, HEADS, strict=True):
        assert_held_still(backend, mesh.latent[None], image, head)


# What it holds, and what it refuses


def test_closing_gives_everything_back(tiny: ActorBundle, driver: FakeDriver, tmp_path: Path) -> None:
    backend = TrtBackend(tiny, "float16", 1, tmp_path)
    backend.pictures(GRAY[0], CROP).submit(GRAY[0], CROP)  # and nobody collects it
    assert (len(driver.events), driver.num_modules, driver.num_streams) == (6, 3, 2)
    backend.close()
    left = driver.blocks, driver.pinned, driver.graphs, driver.streams, driver.events
    assert left == ({}, set(), {}, {}, {})
    assert (driver.num_contexts, driver.num_modules) == (0, 0)


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_a_kernel_that_prepares_wrongly_is_not_used_and_its_place_taken_by_the_processor(
    request: pytest.FixtureRequest,
    driver: FakeDriver,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    precision: str,
) -> None:
    driver._kernel_gain = 0.9
    actor = request.getfixturevalue("tiny_int8" if precision == "int8" else "tiny")
    with closing(TrtBackend(actor, precision, 1, tmp_path)) as backend:
        before = set(driver.blocks)
        mesh = Solver(actor, backend).solve(Frame(GRAY[0], 0, 0), CROP)
        np.testing.assert_array_equal(mesh.latent, by_crop(backend, GRAY[0], CROP).latents[0])
        assert "prepared on the processor: NVIDIA Pretend, TensorRT 11.0.0 prepares a picture" in backend.provider
        assert set(driver.blocks) == before
    assert "Pictures are prepared on the processor" in caplog.text


def test_without_the_run_time_compiler_pictures_are_prepared_on_the_processor_and_it_is_said(
    backend: TrtBackend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def absent(architecture: int) -> bytes:
        raise BackendError("NVIDIA's run-time compiler is not installed.", "Install it.")

    monkeypatch.setattr(preparation, "compiled", absent)
    assert backend.pictures(GRAY[0], CROP) is None
    assert backend.provider.endswith("on the processor: NVIDIA's run-time compiler is not installed.")
    assert len(caplog.records) == 1
    assert backend.pictures(GRAY[0], CROP) is None  # and it is not asked again
    assert len(caplog.records) == 1


# The line


class Queue:
    """Gives frames at once, then nothing for a moment, then the end."""

    def __init__(self, frames: list[Frame], error: LiveDoubleError | None = None) -> None:
        self._frames, self._error = list(frames), error
        self.timeouts_s: list[float] = []

    def take(self, timeout_s: float) -> Frame | None:
        self.timeouts_s.append(timeout_s)
        if self._frames:
            return self._frames.pop(0)
        raise self._error or EndOfStream


class All:
    """Keeps every mesh."""

    def __init__(self) -> None:
        self.meshes: list[MeshFrame] = []

    def put(self, mesh: MeshFrame) -> bool:
        self.meshes.append(mesh)
        return True


def run_line(solver: Solver, frames: list[Frame], error: LiveDoubleError | None = None) -> list[MeshFrame]:
    meshes, crops = All(), Latest()
    crops.put(CROP)
    with pytest.raises(EndOfStream if error is None else type(error)):
        line.solve(Queue(frames, error), meshes, crops, solver, Meter())
    return meshes.meshes


@pytest.mark.parametrize("error", [None, CameraError("The cable came off.", "Plug it in.")], ids=["end", "error"])
def test_what_is_under_way_when_the_frames_end_is_handed_on(
    tiny: ActorBundle, backend: TrtBackend, error: CameraError | None
) -> None:
    frames = [Frame(image, index, 0) for index, image in enumerate(GRAY)]
    meshes = run_line(Solver(tiny, backend), frames, error)
    assert [mesh.frame.index for mesh in meshes] == list(range(6))
    for mesh, image in zip(meshes, GRAY, strict=True):
        np.testing.assert_array_equal(mesh.vertices, by_crop(backend, image, CROP).vertices[0])


def test_a_frame_is_not_held_back_for_the_next_one(tiny: ActorBundle, backend: TrtBackend, driver: FakeDriver) -> None:
    class Slow(Queue):
        """After each frame there is nothing for a while."""

        def take(self, timeout_s: float) -> Frame | None:
            if len(self.timeouts_s) % 2:
                self.timeouts_s.append(timeout_s)
                return None
            return super().take(timeout_s)

    meshes, crops = All(), Latest()
    crops.put(CROP)
    frames = Slow([Frame(image, index, 0) for index, image in enumerate(GRAY[:2])])
    solver = Solver(tiny, backend)
    solver.solve(Frame(GRAY[0], 0, 0), CROP)
    driver.asked.clear()
    with pytest.raises(EndOfStream):
        line.solve(frames, meshes, crops, solver, Meter())
    assert driver.asked == ["copy", "solve", "wait", "copy", "solve", "wait"]
    assert [timeout_s > 0 for timeout_s in frames.timeouts_s] == [True, False, True, False, True]


@pytest.mark.usefixtures("driver")
def test_pictures_are_taken_whole_once_the_gpus_backend_has_taken_over(tiny: ActorBundle, tmp_path: Path) -> None:
    swapping = SwappingBackend(FakeBackend(tiny), "tensorrt", lambda: TrtBackend(tiny, "float16", 1, tmp_path))
    assert isinstance(swapping, TakesPictures)
    solver, frame = Solver(tiny, swapping), Frame(GRAY[0], 0, 0)
    assert swapping._worker.join(30)
    solver.solve(frame, CROP)
    assert swapping.name == "tensorrt"
    assert swapping.pictures(GRAY[0], CROP) is not None
    swapping.close()


def test_a_backend_of_crops_has_one_frame_under_way(tiny: ActorBundle) -> None:
    solver, frame = Solver(tiny, FakeBackend(tiny)), Frame(GRAY[0], 0, 0)
    solver.submit(frame, CROP)
    assert solver.is_full
    with pytest.raises(ValueError, match="1 frames are under way"):
        solver.submit(frame, CROP)
    with pytest.raises(ValueError, match="another frame is under way"):
        solver.solve(frame, CROP)
    assert solver.collect().frame is frame
    assert not solver.is_full


# The pretended GPU itself: does it show a wrong order?


@pytest.mark.parametrize("driver", [Schedule.LATE], indirect=True)  # the other copies before the kernel is asked for
def test_a_kernel_that_does_not_wait_for_its_picture_is_noticed(
    backend: TrtBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = backend.pictures(GRAY[0], CROP)
    monkeypatch.setattr(Stream, "follow", lambda stream, event: None)
    pictures.submit(GRAY[0], CROP)
    assert not np.array_equal(pictures.collect().latents, by_crop(backend, GRAY[0], CROP).latents)


def test_a_buffer_that_is_written_to_before_its_picture_is_solved_is_noticed(backend: TrtBackend) -> None:
    pictures = backend.pictures(GRAY[0], CROP)
    ring: PictureRing = pictures._ring
    ring._buffers = ring._buffers[:1] * 3
    pictures.submit(GRAY[0], CROP)
    pictures.submit(GRAY[1], CROP)
    assert not np.array_equal(pictures.collect().latents, by_crop(backend, GRAY[0], CROP).latents)


def test_results_that_nobody_waited_for_are_noticed(backend: TrtBackend, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = backend.pictures(GRAY[0], CROP)
    monkeypatch.setattr(Event, "wait", lambda event: None)
    pictures.submit(GRAY[1], CROP)
    assert not np.array_equal(pictures.collect().latents, by_crop(backend, GRAY[1], CROP).latents)


def test_an_event_orders_two_streams(driver: FakeDriver) -> None:
    gpu = Gpu()
    first, second, event = Stream(gpu), Stream(gpu), Event(gpu)
    there, here, back = DeviceMemory(gpu, 4), PinnedArray(gpu, (4,)), PinnedArray(gpu, (4,))
    here.array[:] = [1, 2, 3, 4]
    back.array[:] = 0
    event.wait()  # nothing was marked: at once
    first.upload(there, here)
    first.mark(event)
    second.follow(event)
    second.download(back, there)
    second.wait()
    assert back.array.tolist() == [1, 2, 3, 4]
    for held in (event, event, there, here, back, first, second):
        held.close()
    gpu.close()
    assert (driver.events, driver.blocks, driver.streams) == ({}, {}, {})
