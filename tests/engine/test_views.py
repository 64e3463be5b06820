"""Several cameras: which frames belong together, what is absent, and what a network expects of itself."""

from collections.abc import Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.backends import Solution
from engine.bundle import ActorBundle
from engine.errors import CameraError
from engine.expected import ErrorColumns, ExpectedErrors
from engine.frames import CropRect
from engine.movies import MovieReader, MovieWriter
from engine.solver import Solver
from engine.timecode import Timecode
from engine.view_movies import Synchronous, ViewMovie
from engine.views import View, absent_note
from tests.engine.solving import solve_whole
from tests.fakes import TINY_CROP, FakeBackend, frame, tiny_bundle, tiny_topology

RATE = Fraction(25)
CAMERAS = ("front", "side")


class SeeingBackend(FakeBackend):
    """Keeps what it was shown."""

    def __init__(self, bundle: ActorBundle) -> None:
        super().__init__(bundle)
        self.seen: list[np.ndarray] = []

    def run(self, crops: np.ndarray) -> Solution:
        self.seen.append(crops.copy())
        return super().run(crops)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    pytest.importorskip("onnx", reason="the small network is made with the onnx package")
    return tiny_bundle(tmp_path_factory.mktemp("two") / "actor", cameras=CAMERAS, has_errors=True)


@pytest.fixture
def movie(tmp_path: Path):
    """Writes a movie whose frames have these gray levels, and opens it."""
    with ExitStack() as stack:

        def write(levels: Sequence[int], timecode: str = "", rate: Fraction = RATE, suffix: str = "mov") -> MovieReader:
            path = tmp_path / f"{len(list(tmp_path.iterdir()))}.{suffix}"
            start = Timecode.parse(timecode, rate) if timecode else None
            with MovieWriter(path, 300, 400, rate, crf=0, is_gray=True, timecode=start) as writer:
                for level in levels:
                    writer.write(np.full((400, 300), level, np.uint8))
            return stack.enter_context(MovieReader(path))

        yield write


def side_of(reader: MovieReader) -> ViewMovie:
    return ViewMovie(View("side", TINY_CROP, (300, 400)), reader, TINY_CROP)


def front_of(reader: MovieReader) -> ViewMovie:
    return ViewMovie(View("front", TINY_CROP, (300, 400)), reader, TINY_CROP)


def pairs(synchronous: Synchronous) -> list[tuple[int, ...]]:
    return [tuple(int(image.flat[0]) for image in images) for images in synchronous]


def test_movies_without_timecode_are_matched_by_number_which_is_said(movie) -> None:
    synchronous = Synchronous(front_of(movie([10, 20, 30])), [side_of(movie([110, 120, 130], "01:00:00:00"))])
    assert pairs(synchronous) == [(10, 110), (20, 120), (30, 130)]
    assert synchronous.notes == ("Frames are matched by their number: front has no timecode.",)


def test_a_camera_that_started_earlier_is_matched_by_timecode(movie) -> None:
    side = movie([100, 110, 120, 130, 140], "00:59:59:23")
    synchronous = Synchronous(front_of(movie([10, 20], "01:00:00:00")), [side_of(side)])
    assert pairs(synchronous) == [(10, 120), (20, 130)]
    assert synchronous.notes == ()


@pytest.mark.parametrize("start", ["01:00:00:01", "00:59:59:23"])
def test_a_camera_that_does_not_cover_the_shot_is_refused(movie, start: str) -> None:
    with pytest.raises(CameraError, match="does not cover the front movie"):
        Synchronous(front_of(movie([10, 20, 30], "01:00:00:00")), [side_of(movie([1, 2, 3], start))])


def test_other_lengths_and_rates_are_refused_before_the_work(movie) -> None:
    front = front_of(movie([10, 20, 30]))
    with pytest.raises(CameraError, match="side movie has 2 frames, the front movie 3"):
        Synchronous(front, [side_of(movie([1, 2]))])
    with pytest.raises(CameraError, match="side movie has 30 frames/s, the front movie 25"):
        Synchronous(front, [side_of(movie([1, 2, 3], rate=Fraction(30)))])


@pytest.mark.parametrize(("num_side", "says"), [(2, "ends after 2 frames, before"), (5, "goes on after 3 frames")])
def test_lengths_that_no_container_tells_are_compared_while_reading(movie, num_side: int, says: str) -> None:
    side = side_of(movie(range(num_side), suffix="mkv"))
    with pytest.raises(CameraError, match=says):
        pairs(Synchronous(front_of(movie([10, 20, 30], suffix="mkv")), [side]))


def test_a_solved_movie_saw_every_camera_at_its_place(movie, bundle: ActorBundle, tmp_path: Path) -> None:
    backend = SeeingBackend(bundle)
    front, side = movie([10, 20, 30]), movie([110, 120, 130])
    solved = solve_whole(tmp_path / "rows", front, bundle, backend, TINY_CROP, 2, others=[side_of(side)])
    crops = np.concatenate(backend.seen)
    assert crops.shape == (3, 2, 320, 240)
    assert crops[:, :, 0, 0].tolist() == [[10, 110], [20, 120], [30, 130]]
    assert solved.cameras == CAMERAS
    solved.save(tmp_path / "solved.npz", has_vertices=True)
    with np.load(tmp_path / "solved.npz") as file:
        assert file["cameras"].tolist() == ["front", "side"]
        assert (file["errors_mm"].shape, file["errors_mm"].dtype) == ((3, 50), np.float16)
        animated = file["errors_mm"][:, bundle.topology.animated].astype(np.float32)
        np.testing.assert_allclose(file["expected_mm"], animated.mean(axis=1), rtol=1e-3)


def test_a_view_without_a_movie_is_black_and_said_to_be_absent(movie, bundle: ActorBundle, tmp_path: Path) -> None:
    backend = SeeingBackend(bundle)
    front = movie([10, 20])
    solved = solve_whole(tmp_path / "rows", front, bundle, backend, TINY_CROP, keeps_errors=False)
    assert np.concatenate(backend.seen)[:, :, 0, 0].tolist() == [[10, 0], [20, 0]]
    assert solved.notes == ("The actor was trained with front and side: it is solved without side here.",)
    assert solved.expected is not None
    assert solved.errors_mm is None


def test_one_live_camera_is_the_first_view_and_its_mesh_carries_the_expected_errors(bundle: ActorBundle) -> None:
    backend = SeeingBackend(bundle)
    mesh = Solver(bundle, backend).solve(frame(20), TINY_CROP)
    assert backend.seen[0][0, :, 0, 0].tolist() == [70, 0]
    assert mesh.errors_mm is not None
    assert mesh.errors_mm.shape == (50,)
    with pytest.raises(ValueError, match="read-only"):
        mesh.errors_mm[0] = 1.0


def test_nothing_is_said_where_every_camera_is_there(bundle: ActorBundle) -> None:
    assert absent_note(bundle.views, CAMERAS) == ()


# What to record next


def expected_of(curve: Sequence[float]) -> ExpectedErrors:
    topology = tiny_topology()
    columns = ErrorColumns(topology)
    errors = np.repeat(np.array(curve, np.float32)[:, None], topology.num_vertices, axis=1)
    errors[30:33, topology.sets["lids"]] *= 3.0
    return columns.read(np.concatenate([columns.of(errors[first : first + 7]) for first in range(0, len(errors), 7)]))


def test_moments_are_found_from_any_first_one_on(movie) -> None:
    front, side = movie([10, 20, 30, 40], "01:00:00:00"), movie([99, 110, 120, 130, 140], "00:59:59:24")
    images = Synchronous(front_of(front), [side_of(side)]).moments(2)
    assert [tuple(int(image.flat[0]) for image in pair) for pair in images] == [(30, 130), (40, 140)]


def test_the_least_certain_moments_come_first_and_lie_apart() -> None:
    curve = np.full(100, 0.5)
    curve[[31, 32, 80]] = 2.0, 1.9, 1.5
    moments = expected_of(curve).moments(RATE, Timecode.parse("01:00:00:00", RATE))
    assert [moment.frame for moment in moments[:2]] == [31, 80]
    assert (moments[0].timecode, moments[0].region) == ("01:00:01:06", "lids")
    assert moments[0].region_mm == pytest.approx(6.0)
    frames = sorted(moment.frame for moment in moments)
    assert min(np.diff(frames)) >= 25


def test_a_movie_shorter_than_the_distance_has_one_moment() -> None:
    moments = expected_of([0.5, 0.7, 0.6]).moments(RATE, None)
    assert [(moment.frame, moment.timecode) for moment in moments] == [(1, "00:00:00:01")]


@pytest.mark.parametrize(
    ("size", "crop"),
    [
        ((600, 800), CropRect(75, 100, 450, 600)),
        ((1200, 1600), CropRect(150, 200, 900, 1200)),
        ((300, 401), CropRect(38, 50, 225, 301)),
        ((800, 600), None),
        ((600, 810), None),
    ],
)
def test_the_same_camera_in_another_size_is_seen_alike(size: tuple[int, int], crop: CropRect | None) -> None:
    assert View("front", CropRect(75, 100, 450, 600), (600, 800)).crop_in(*size) == crop
