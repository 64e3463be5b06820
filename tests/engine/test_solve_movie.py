"""Whole movies: every frame, in order, whatever the batch; one file, whole or absent."""

import errno
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.backends import Solution
from engine.bundle import ActorBundle, sha256_of
from engine.crop import crop_for_network
from engine.errors import BackendError, CameraError, StorageError
from engine.frames import CropRect
from engine.movies import MovieReader, MovieWriter
from engine.solved import VERTICES_LIMIT_BYTES, SolvedMovie, bytes_needed, check_space, find_result, is_with_vertices
from engine.timecode import Timecode
from engine.unfinished import Unfinished, frames_kept
from tests.engine.solving import solve_whole
from tests.fakes import TINY_CROP, TINY_FRAME_HEIGHT_PX, TINY_FRAME_WIDTH_PX, tiny_bundle

_RATE = Fraction(25)
_NUM_FRAMES = 10


class MeanBackend:
    """Answers every crop with its mean gray level in all latents."""

    name, precision, provider = "mean", "float32", "none"

    def __init__(self, fails_at: int | None = None) -> None:
        self.batches: list[int] = []
        self._fails_at = fails_at

    def run(self, crops: np.ndarray) -> Solution:
        if self._fails_at == len(self.batches):
            raise BackendError("The device is gone.", "Plug it in.")
        self.batches.append(len(crops))
        levels = crops.reshape(len(crops), -1).mean(1, dtype=np.float64).astype(np.float32)
        return Solution(np.repeat(levels[:, None], 160, axis=1), np.zeros((len(crops), 50, 3), np.float32))

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> ActorBundle:
    pytest.importorskip("onnx", reason="the tiny actor is made with onnx")
    return tiny_bundle(tmp_path_factory.mktemp("actors") / "tiny")


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Frame n has the gray level 20 n."""
    path = tmp_path_factory.mktemp("movies") / "levels.mov"
    start = Timecode.parse("01:00:00:00", _RATE)
    with MovieWriter(
        path, TINY_FRAME_WIDTH_PX, TINY_FRAME_HEIGHT_PX, _RATE, crf=0, is_gray=True, timecode=start
    ) as writer:
        for index in range(_NUM_FRAMES):
            writer.write(np.full((TINY_FRAME_HEIGHT_PX, TINY_FRAME_WIDTH_PX), 20 * index, np.uint8))
    return path


@pytest.fixture
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the rows of an unfinished movie lie."""
    return tmp_path_factory.mktemp("rows") / "unfinished"


def _solve(rows: Path, movie: Path, bundle: ActorBundle, backend: MeanBackend | None = None) -> SolvedMovie:
    with MovieReader(movie) as reader:
        return solve_whole(rows, reader, bundle, backend or MeanBackend(), TINY_CROP)


@pytest.mark.parametrize("batch_size", [1, 3, 4, 10, 64])
def test_every_frame_is_solved_in_order_whatever_the_batch(
    rows: Path, movie: Path, bundle: ActorBundle, batch_size: int
) -> None:
    backend = MeanBackend()
    told: list[int] = []
    with MovieReader(movie) as reader:
        solved = solve_whole(rows, reader, bundle, backend, TINY_CROP, batch_size, told.append)
    with MovieReader(movie) as reader:
        expected = [crop_for_network(image, TINY_CROP).mean() for image in reader]
    np.testing.assert_allclose(solved.latents[:, 0], expected, atol=1e-3)
    assert solved.latents.shape == (_NUM_FRAMES, 160)
    assert solved.latents.dtype == np.float32
    assert told == backend.batches
    assert max(told) == min(batch_size, _NUM_FRAMES)


def test_the_file_holds_what_the_formats_page_says(
    rows: Path, movie: Path, bundle: ActorBundle, tmp_path: Path
) -> None:
    solved = _solve(rows, movie, bundle)
    solved.save(tmp_path / "solved.npz", has_vertices=True)
    with np.load(tmp_path / "solved.npz") as file:
        np.testing.assert_array_equal(file["latents"], solved.latents)
        np.testing.assert_array_equal(file["vertices"], bundle.vertices(solved.latents))
        assert file["vertices"].dtype == np.float32
        rebuilt = (file["latents"] @ file["basis"] + file["mean"]).reshape(_NUM_FRAMES, -1, 3)
        np.testing.assert_array_equal(rebuilt, file["vertices"])
        np.testing.assert_array_equal(file["faces"], bundle.topology.faces)
        assert tuple(file["crop"]) == (TINY_CROP.x, TINY_CROP.y, TINY_CROP.width, TINY_CROP.height)
        assert tuple(file["rate"]) == (25, 1)
        assert str(file["timecode"]) == "01:00:00:00"
        assert (str(file["actor"]), str(file["checksum"])) == ("tiny", bundle.checksum)
    assert [path.name for path in tmp_path.iterdir()] == ["solved.npz"]


def test_vertices_can_be_left_out(rows: Path, movie: Path, bundle: ActorBundle, tmp_path: Path) -> None:
    _solve(rows, movie, bundle).save(tmp_path / "solved.npz", has_vertices=False)
    with np.load(tmp_path / "solved.npz") as file:
        assert "vertices" not in file


def test_many_frames_are_written_in_pieces(bundle: ActorBundle, tmp_path: Path) -> None:
    latents = np.random.default_rng(1).standard_normal((1000, 160)).astype(np.float32)
    SolvedMovie(latents, bundle, TINY_CROP, _RATE, "").save(tmp_path / "solved.npz", has_vertices=True)
    with np.load(tmp_path / "solved.npz") as file:
        np.testing.assert_allclose(file["vertices"], bundle.vertices(latents), atol=1e-5)


def test_long_movies_carry_vertices_only_when_asked(bundle: ActorBundle) -> None:
    limit = VERTICES_LIMIT_BYTES // bundle.mean.nbytes
    assert is_with_vertices(None, limit, bundle)
    assert not is_with_vertices(None, limit + 1, bundle)
    assert is_with_vertices(True, limit + 1, bundle)
    assert not is_with_vertices(False, 1, bundle)


def test_a_crop_outside_the_picture_is_refused(rows: Path, movie: Path, bundle: ActorBundle) -> None:
    with MovieReader(movie) as reader, pytest.raises(CameraError, match="leaves the 300x400 picture"):
        solve_whole(rows, reader, bundle, MeanBackend(), CropRect(100, 0, 240, 320))


def test_a_backend_that_fails_ends_the_solve_and_its_thread(rows: Path, movie: Path, bundle: ActorBundle) -> None:
    with pytest.raises(BackendError, match="gone"):
        _solve(rows, movie, bundle, MeanBackend(fails_at=1))


def test_a_movie_that_breaks_off_ends_the_solve_with_its_error(
    rows: Path, movie: Path, bundle: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: MovieReader, first: int) -> object:
        yield np.zeros((TINY_FRAME_HEIGHT_PX, TINY_FRAME_WIDTH_PX), np.uint8)
        raise CameraError("The movie is damaged.", "Copy it again.")

    monkeypatch.setattr(MovieReader, "pictures", broken)
    with pytest.raises(CameraError, match="damaged"):
        _solve(rows, movie, bundle)


def test_a_movie_without_pictures_is_refused(
    rows: Path, movie: Path, bundle: ActorBundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MovieReader, "pictures", lambda *_: iter(()))
    with pytest.raises(CameraError, match="no pictures"):
        _solve(rows, movie, bundle)


def test_too_little_space_is_seen_before_the_work(bundle: ActorBundle, tmp_path: Path) -> None:
    check_space(tmp_path / "solved.npz", bytes_needed(100, bundle, has_vertices=True))
    with pytest.raises(StorageError, match="disk is full"):
        check_space(tmp_path / "solved.npz", bytes_needed(10**12, bundle, has_vertices=True))
    with pytest.raises(StorageError, match="cannot be written"):
        check_space(tmp_path / "missing" / "solved.npz", 100)
    assert list(tmp_path.iterdir()) == []


def test_nothing_half_written_is_left(
    rows: Path, movie: Path, bundle: ActorBundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_full(_: SolvedMovie) -> Iterator[np.ndarray]:
        yield np.zeros((1, 50, 3), np.float32)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(SolvedMovie, "_vertices", run_full)
    with pytest.raises(StorageError, match="disk is full"):
        _solve(rows, movie, bundle).save(tmp_path / "solved.npz", has_vertices=True)
    assert list(tmp_path.iterdir()) == []


# Going on


def test_what_was_stopped_goes_on_with_the_first_frame_that_is_missing(
    rows: Path, movie: Path, bundle: ActorBundle
) -> None:
    whole = _solve(rows.with_name("whole"), movie, bundle).latents
    with pytest.raises(BackendError):
        _solve(rows, movie, bundle, MeanBackend(fails_at=1))
    backend = MeanBackend()
    solved = _solve(rows, movie, bundle, backend)
    assert sum(backend.batches) == _NUM_FRAMES - 4, "frames were solved twice, or not at all"
    np.testing.assert_array_equal(solved.latents, whole)


def test_half_a_row_of_a_killed_process_is_cut_off(rows: Path, movie: Path, bundle: ActorBundle) -> None:
    whole = _solve(rows, movie, bundle).latents.copy()
    path = rows / "rows.bin"
    path.write_bytes(path.read_bytes()[:-100])
    assert frames_kept(rows, bundle) == _NUM_FRAMES - 1
    backend = MeanBackend()
    np.testing.assert_array_equal(_solve(rows, movie, bundle, backend).latents, whole)
    assert backend.batches == [1]


def test_rows_of_other_work_are_begun_anew(rows: Path, movie: Path, bundle: ActorBundle) -> None:
    _solve(rows, movie, bundle)
    kept = Unfinished(rows, "work", bundle, keeps_errors=True)
    assert kept.num_frames == _NUM_FRAMES
    kept.close()
    anew = Unfinished(rows, "other work", bundle, keeps_errors=True)
    assert anew.num_frames == 0
    anew.close()


@pytest.mark.parametrize("keeps_errors", [True, False])
def test_expected_errors_of_two_runs_make_one_movie(tmp_path: Path, keeps_errors: bool) -> None:
    bundle = tiny_bundle(tmp_path / "actor", has_errors=True)
    random = np.random.default_rng(2)
    latents = random.standard_normal((6, 160)).astype(np.float32)
    errors_mm = random.uniform(0, 2, (6, 50)).astype(np.float32)
    unfound = np.array([0, 1, 0, 0, 0, 1])
    for part in (slice(0, 4), slice(4, 6)):
        rows = Unfinished(tmp_path / "rows", "work", bundle, keeps_errors=keeps_errors)
        assert rows.num_frames == part.start
        rows.add(latents[part], unfound[part], errors_mm[part])
        rows.close()
        assert frames_kept(tmp_path / "rows", bundle) == part.stop
    np.testing.assert_array_equal(rows.latents(), latents)
    assert rows.num_unfound() == 2
    expected = rows.expected()
    assert expected is not None
    np.testing.assert_allclose(expected.frames_mm, errors_mm[:, bundle.topology.animated].mean(axis=1), rtol=1e-6)
    assert set(expected.regions_mm) == {"lips", "lids"}
    kept = rows.errors_mm()
    assert (kept is not None) is keeps_errors
    if kept is not None:
        np.testing.assert_allclose(kept, errors_mm, rtol=1e-3)


def test_a_result_is_known_again_only_while_it_is_whole(rows: Path, movie: Path, bundle: ActorBundle) -> None:
    path = rows.with_name("solved.npz")
    solved = _solve(rows, movie, bundle)
    checksum = solved.save(path, has_vertices=True)
    assert checksum == sha256_of(path)
    found = find_result(path)
    assert found is not None
    assert (found.work, found.num_frames, found.has_vertices) == ("work", _NUM_FRAMES, True)
    path.write_bytes(path.read_bytes()[:-50])
    assert find_result(path) is None
    assert find_result(rows.with_name("absent.npz")) is None
