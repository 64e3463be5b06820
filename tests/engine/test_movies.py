import resource
import signal
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from engine.errors import CameraError, StorageError
from engine.movies import MovieReader, MovieWriter
from engine.timecode import Timecode

RATE = Fraction(30)
RAMP = np.tile(np.arange(256, dtype=np.uint8), (64, 1))


def write(path: Path, pictures: list[np.ndarray], **options: object) -> Path:
    height, width = pictures[0].shape[:2]
    with MovieWriter(path, width, height, RATE, is_gray=pictures[0].ndim == 2, **options) as movie:  # type: ignore[arg-type]
        for picture in pictures:
            movie.write(picture)
    return path


def test_a_gray_movie_gives_back_the_levels_it_was_given(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", [RAMP] * 3, crf=0)
    with MovieReader(path, as_gray=True) as movie:
        pictures = list(movie)
    assert [picture.shape for picture in pictures] == [(64, 256)] * 3
    assert np.abs(pictures[1].astype(int) - RAMP).max() <= 1


def test_a_colour_movie_comes_back_blue_green_red(tmp_path: Path) -> None:
    blue = np.zeros((64, 64, 3), np.uint8)
    blue[..., 0] = 200
    path = write(tmp_path / "a.mkv", [blue])
    with MovieReader(path) as movie:
        (picture,) = movie
    np.testing.assert_allclose(picture.mean((0, 1)), [200, 0, 0], atol=6)


def test_writing_colour_neither_darkens_nor_tints(tmp_path: Path) -> None:
    skin = np.clip(np.random.default_rng(0).normal([110, 140, 190], 20, (8, 8, 3)), 0, 255)
    skin = np.kron(skin, np.ones((16, 16, 1))).astype(np.uint8)  # patches, so that nothing is lost between pixels
    path = write(tmp_path / "a.mp4", [skin], crf=1)
    with av.open(str(path)) as container:
        planes = next(container.decode(video=0)).to_ndarray(format="yuv420p")
    luma, (cb, cr) = planes[:128].astype(float), planes[128:].reshape(2, -1).mean(1)
    blue, green, red = skin.reshape(-1, 3).mean(0)
    assert luma.mean() == pytest.approx(16 + (65.481 * red + 128.553 * green + 24.966 * blue) / 255, abs=0.3)
    assert cb == pytest.approx(128 + (-37.797 * red - 74.203 * green + 112.0 * blue) / 255, abs=0.3)
    assert cr == pytest.approx(128 + (112.0 * red - 93.786 * green - 18.214 * blue) / 255, abs=0.3)


def test_the_same_pictures_make_the_same_file_whatever_their_size(tmp_path: Path) -> None:
    # With B frames, x264 read beyond the edge of widths that are no multiple of 16: what lay there got into the file.
    rng, made, kept = np.random.default_rng(0), set(), []
    pictures = [rng.integers(0, 256, (600, 450), dtype=np.uint8) for _ in range(8)]
    for _ in range(8):
        with MovieWriter(tmp_path / "a.mp4", 450, 600, RATE, is_gray=True, num_threads=1, crf=16) as movie:
            for picture in pictures:
                movie.write(picture)
                kept.append(rng.bytes(int(rng.integers(1_000, 900_000))))  # other memory lies around each time
        made.add((tmp_path / "a.mp4").read_bytes())
    assert len(made) == 1


def test_facts_name_size_rate_count_and_timecode(tmp_path: Path) -> None:
    start = Timecode.parse("10:11:12:13", RATE)
    with MovieReader(write(tmp_path / "a.mp4", [RAMP] * 5, timecode=start)) as movie:
        facts = movie.facts
    assert (facts.width_px, facts.height_px, facts.rate, facts.num_frames) == (256, 64, RATE, 5)
    assert facts.timecode == start


def test_rewinding_starts_again_at_the_first_picture(tmp_path: Path) -> None:
    pictures = [np.full((32, 32), level, np.uint8) for level in (20, 120, 220)]
    with MovieReader(write(tmp_path / "a.mp4", pictures, crf=1), as_gray=True) as movie:
        first = [int(picture.mean()) for picture in movie]
        movie.rewind()
        again = [int(picture.mean()) for picture in movie]
    assert first == again
    assert len(first) == 3


def test_a_movie_whose_writing_failed_leaves_no_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"

    def interrupted() -> None:
        with MovieWriter(path, 64, 64, RATE) as movie:
            movie.write(np.zeros((64, 64, 3), np.uint8))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not path.exists()


def test_a_full_disk_ends_in_one_error_and_a_writer_that_refuses_more(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    movie = MovieWriter(path, 256, 256, RATE, crf=1)
    noise = np.random.default_rng(0)

    def write_until_full() -> None:
        for _ in range(200):
            movie.write(noise.integers(0, 256, (256, 256, 3), dtype=np.uint8))

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # then writing fails as on a full disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, before[1]))
    try:
        with pytest.raises(StorageError, match="frames so far, could not be written"):
            write_until_full()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert not path.exists()
    with pytest.raises(ValueError, match="closed"):
        movie.write(np.zeros((256, 256, 3), np.uint8))


def test_a_closed_writer_refuses_more_pictures(tmp_path: Path) -> None:
    movie = MovieWriter(tmp_path / "a.mp4", 64, 64, RATE)
    movie.write(np.zeros((64, 64, 3), np.uint8))
    movie.close()
    with pytest.raises(ValueError, match="closed"):
        movie.write(np.zeros((64, 64, 3), np.uint8))
    movie.close()
    assert (tmp_path / "a.mp4").exists()


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        MovieWriter(tmp_path / "nowhere" / "a.mp4", 64, 64, RATE)


def test_a_name_that_is_no_movies_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"ending in \.mp4"):
        MovieWriter(tmp_path / "a.docx", 64, 64, RATE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "words"), [(None, "no movie"), (b"", "empty"), (b"once upon a time " * 40, "not a movie")]
)
def test_what_is_not_a_movie_is_refused_in_one_sentence(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "a.mp4"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CameraError, match=words):
        MovieReader(path)


def test_a_movie_cut_in_the_middle_is_refused(tmp_path: Path) -> None:
    noise = [np.random.default_rng(i).integers(0, 256, (64, 64), dtype=np.uint8) for i in range(20)]
    path = write(tmp_path / "a.mp4", noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CameraError):
        MovieReader(path)


def test_what_lay_there_stays_until_the_new_movie_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", [RAMP] * 2)
    before = path.read_bytes()
    movie = MovieWriter(path, 64, 64, RATE)
    movie.write(np.zeros((64, 64, 3), np.uint8))
    assert path.read_bytes() == before
    movie.close()
    assert path.read_bytes() != before
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]
