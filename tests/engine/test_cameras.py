import shutil
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from engine.cameras import Camera, CameraTimeout, open_camera
from engine.cameras.movie import MovieCamera
from engine.cameras.pattern import number_on
from engine.cameras.usb import UsbCamera
from engine.clock import NS_PER_S
from engine.errors import CameraError, LiveDoubleError, ShotError
from engine.frames import Frame
from engine.movies import MovieWriter
from engine.points import pack_points
from engine.shots import Role, Shot, ShotFacts
from engine.timecode import Timecode
from tests.fakes import FakeClock, picture, tiny_topology

NUM_PICTURES = 5
RATE = Fraction(25)
LONG_S = 10.0


@pytest.fixture
def movie_path(tmp_path: Path) -> Path:
    """Five gray pictures, each 40 levels brighter."""
    path = tmp_path / "clip.mp4"
    start = Timecode.parse("01:00:00:00", RATE)
    with MovieWriter(path, 64, 96, RATE, crf=0, is_gray=True, timecode=start) as movie:
        for number in range(NUM_PICTURES):
            movie.write(picture(40 * number, 64, 96))
    return path


@pytest.fixture
def shot_folder(movie_path: Path) -> Path:
    neutral = tiny_topology().neutral
    truth = np.stack([neutral + np.float32(number) for number in range(NUM_PICTURES)])
    pack_points(movie_path.parent / "points.npz", truth)
    facts = ShotFacts(
        name="test",
        role=Role.VALIDATION,
        num_frames=NUM_PICTURES,
        num_vertices=len(neutral),
        rate=(25, 1),
        timecode="01:00:00:00",
        movies={"front": movie_path.name},
        points="points.npz",
    )
    Shot.write_facts(movie_path.parent, facts)
    return movie_path.parent


def read_all(camera: Camera, limit: int = 100) -> list[Frame]:
    camera.open()
    frames: list[Frame] = []
    while len(frames) < limit and (frame := camera.read(LONG_S)) is not None:
        frames.append(frame)
    camera.close()
    return frames


# Every camera


@pytest.fixture(params=["movie", "shot", "pattern"])
def camera(request: pytest.FixtureRequest, shot_folder: Path) -> Camera:
    spec = {"movie": f"movie:{shot_folder / 'clip.mp4'}", "shot": f"shot:{shot_folder}", "pattern": "pattern:80x64@25"}
    return open_camera(spec[request.param], clock=FakeClock())


def test_frames_come_numbered_paced_and_of_the_promised_size(camera: Camera) -> None:
    frames = read_all(camera, limit=4)
    assert [frame.index for frame in frames] == [0, 1, 2, 3]
    times_ns = np.array([frame.captured_ns for frame in frames])
    np.testing.assert_allclose(np.diff(times_ns), NS_PER_S / 25, atol=2)
    assert {(frame.width_px, frame.height_px) for frame in frames} == {(camera.facts.width_px, camera.facts.height_px)}
    assert camera.facts.rate == RATE
    assert camera.facts.is_gray == (frames[0].image.ndim == 2)


def test_a_read_that_is_too_early_times_out_and_loses_nothing(camera: Camera) -> None:
    camera.open()
    assert camera.read(0.0).index == 0
    with pytest.raises(CameraTimeout):
        camera.read(0.001)
    assert camera.read(LONG_S).index == 1
    camera.close()


def test_a_camera_can_be_closed_twice_and_unopened(camera: Camera) -> None:
    camera.close()
    camera.open()
    camera.close()
    camera.close()


def test_a_source_that_stalls_goes_on_at_its_rate_without_a_burst(shot_folder: Path) -> None:
    clock = FakeClock()
    camera = open_camera(f"shot:{shot_folder}", clock=clock)
    camera.open()
    camera.read(LONG_S)
    clock.advance(3.0)
    times_ns = [camera.read(LONG_S).captured_ns for _ in range(3)]
    camera.close()
    np.testing.assert_allclose(np.diff(times_ns), NS_PER_S / 25, atol=2)


def test_a_source_that_is_a_little_late_catches_up(shot_folder: Path) -> None:
    clock = FakeClock()
    camera = open_camera(f"shot:{shot_folder}", clock=clock)
    camera.open()
    first_ns = camera.read(LONG_S).captured_ns
    clock.advance(0.06)
    camera.read(LONG_S)
    assert camera.read(LONG_S).captured_ns - first_ns == 2 * NS_PER_S // 25
    camera.close()


# Movies and shots


def test_a_movie_delivers_every_picture_once_with_its_timecode(movie_path: Path) -> None:
    camera = open_camera(f"movie:{movie_path}", clock=FakeClock())
    assert camera.facts.num_frames == NUM_PICTURES
    frames = read_all(camera)
    assert [int(frame.image.mean()) for frame in frames] == [0, 40, 80, 120, 160]
    assert [str(frame.timecode) for frame in frames][-1] == "01:00:00:04"
    assert all(frame.truth is None for frame in frames)


def test_a_looping_movie_starts_again_and_counts_on(movie_path: Path) -> None:
    camera = open_camera(f"movie:{movie_path}", is_looping=True, clock=FakeClock())
    assert camera.facts.num_frames is None
    frames = read_all(camera, limit=12)
    assert [frame.index for frame in frames] == list(range(12))
    assert [int(frame.image.mean()) for frame in frames] == [0, 40, 80, 120, 160] * 2 + [0, 40]
    assert str(frames[5].timecode) == "01:00:00:00"


def test_a_shot_loops_and_knows_the_truth_of_every_picture(shot_folder: Path) -> None:
    frames = read_all(open_camera(f"shot:{shot_folder}", clock=FakeClock()), limit=7)
    offsets = [float((frame.truth - tiny_topology().neutral).mean()) for frame in frames]
    np.testing.assert_allclose(offsets, [0, 1, 2, 3, 4, 0, 1], atol=1e-3)
    assert frames[0].truth.dtype == np.float32
    assert not frames[0].truth.flags.writeable


def test_the_shot_of_a_monochrome_camera_stays_gray(shot_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(shot_folder, tmp_path / "gray"))
    facts = Shot.open(folder).facts
    Shot.write_facts(folder, replace(facts, is_gray=True))
    camera = open_camera(f"shot:{folder}", clock=FakeClock())
    assert camera.facts.is_gray
    assert read_all(camera, limit=2)[1].image.ndim == 2


def test_a_shot_that_must_not_loop_ends(shot_folder: Path) -> None:
    camera = open_camera(f"shot:{shot_folder}", is_looping=False, clock=FakeClock())
    assert len(read_all(camera)) == NUM_PICTURES


def test_a_movie_that_was_cut_off_is_refused(movie_path: Path) -> None:
    data = movie_path.read_bytes()
    movie_path.with_name("cut.mp4").write_bytes(data[: len(data) // 2])
    with pytest.raises(CameraError, match=r"cut\.mp4"):
        read_all(open_camera(f"movie:{movie_path.with_name('cut.mp4')}", clock=FakeClock()))


def test_reading_before_opening_is_a_programming_mistake(movie_path: Path) -> None:
    with pytest.raises(ValueError, match="before it is opened"):
        MovieCamera(movie_path).read(0.0)


# The test card


def test_every_card_shows_its_number() -> None:
    frames = read_all(open_camera("pattern:320x240@50", clock=FakeClock()), limit=9)
    assert [number_on(frame.image) for frame in frames] == list(range(9))


def test_the_card_is_full_size_at_sixty_by_default() -> None:
    facts = open_camera("pattern:").facts
    assert (facts.width_px, facts.height_px, facts.rate) == (1200, 1600, 60)


def test_the_rate_of_a_card_may_be_a_fraction() -> None:
    assert open_camera("pattern:@30000/1001").facts.rate == Fraction(30000, 1001)
    assert open_camera("pattern:640x480@29.97").facts.rate == Fraction(2997, 100)


# What a user can get wrong


@pytest.mark.parametrize(
    "spec",
    ["", "banana", "movie", "movie:", "shot:", "webcam:0", "http://host/stream", "-1", "0x1",
     "pattern:0x0", "pattern:1200x1600@0", "pattern:9x9", "pattern:1200x", "pattern:99999x99999", "pattern:@1/0"],
)  # fmt: skip
def test_a_spec_that_means_nothing_is_refused_with_the_ones_that_do(spec: str) -> None:
    with pytest.raises(CameraError, match=r"Give (one of|a size)"):
        open_camera(spec)


@pytest.mark.parametrize("content", [b"", b"This is a text file, not a movie.\n" * 50])
def test_a_file_that_is_no_movie_is_refused_quietly(
    tmp_path: Path, content: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "not-a-movie.mp4"
    path.write_bytes(content)
    with pytest.raises(CameraError, match=r"not-a-movie\.mp4"):
        open_camera(f"movie:{path}")
    assert capfd.readouterr() == ("", "")


def test_a_missing_movie_is_named(tmp_path: Path) -> None:
    with pytest.raises(CameraError, match="There is no movie"):
        open_camera(f"movie:{tmp_path / 'nothing.mp4'}")


def test_a_folder_that_is_no_shot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ShotError, match="is not a shot"):
        open_camera(f"shot:{tmp_path}")


@pytest.mark.parametrize("spec", ["63", "/dev/video99", "/dev/null", "/dev/no-such-thing"])
def test_a_device_that_is_not_there_is_named_quietly(spec: str, capfd: pytest.CaptureFixture[str]) -> None:
    camera = open_camera(spec)
    with pytest.raises(CameraError, match=spec):
        camera.open()
    camera.close()
    assert capfd.readouterr() == ("", "")


# Devices


class FakeDevice:
    """A driver that hands out numbered pictures as fast as it is asked, then fails."""

    def __init__(self, num_pictures: int, is_open: bool = True) -> None:
        self._levels = iter(range(num_pictures))
        self._is_open = is_open
        self.is_released = False

    def isOpened(self) -> bool:
        return self._is_open

    def read(self) -> tuple[bool, np.ndarray | None]:
        level = next(self._levels, None)
        return (False, None) if level is None else (True, picture(level, 64, 48))

    def get(self, property_id: int) -> float:
        return 30.0

    def set(self, property_id: int, value: float) -> bool:
        raise AssertionError("a camera without JPEGs is left as it is")

    def release(self) -> None:
        self.is_released = True


def drained(camera: UsbCamera) -> tuple[list[Frame], LiveDoubleError | None]:
    frames: list[Frame] = []
    while True:
        try:
            frame = camera.read(LONG_S)
        except CameraError as error:
            return frames, error
        if frame is None:
            return frames, None
        frames.append(frame)


def test_a_device_gives_its_newest_picture_and_gaps_in_the_index_tell_the_lost_ones() -> None:
    device = FakeDevice(6)
    camera = UsbCamera("7", FakeClock(), lambda name: device)
    camera.open()
    assert (camera.facts.width_px, camera.facts.height_px, camera.facts.rate) == (64, 48, 30)
    frames, error = drained(camera)
    assert frames[-1].index == 4  # the first picture told the size
    assert all(frame.image[0, 0] == frame.index + 1 for frame in frames)
    assert "stopped" in str(error)
    camera.close()
    assert device.is_released


def test_a_device_without_pictures_is_refused_and_released() -> None:
    for device in (FakeDevice(0), FakeDevice(3, is_open=False)):
        camera = UsbCamera("7", FakeClock(), lambda name, device=device: device)
        with pytest.raises(CameraError, match="does not give a picture"):
            camera.open()
        camera.close()
        assert device.is_released


def test_a_movie_that_breaks_off_says_so_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "cut.mkv"
    noise = np.random.default_rng(1)
    with MovieWriter(path, 128, 160, RATE) as movie:
        for _ in range(60):
            movie.write(noise.integers(0, 256, (160, 128, 3), dtype=np.uint8))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CameraError, match=r"breaks off: \d+ of 60"):
        read_all(open_camera(f"movie:{path}", clock=FakeClock()))
