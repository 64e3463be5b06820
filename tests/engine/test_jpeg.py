"""JPEG pictures from the camera to the network, the eye and the disk."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.cameras import open_camera
from engine.cameras.usb import UsbCamera
from engine.crop import crop_for_network
from engine.errors import CameraError, StorageError
from engine.frames import CropRect, Frame
from engine.jpeg import colour_picture, decode_gray, is_gray_jpeg, whole_jpeg
from engine.jpeg_movie import JpegMovieWriter
from engine.movies import MovieReader
from engine.recording import Recorder
from engine.timecode import Timecode
from tests.engine.kernel_on_host import PICTURES, natural
from tests.fakes import FakeClock

WIDTH, HEIGHT = 300, 400
RATE = Fraction(30000, 1001)
LONG_S = 10.0
_SAMPLING = {"4:2:0": 0x221111, "4:2:2": 0x211111, "4:4:4": 0x111111}


def packed(image: np.ndarray, sampling: str = "4:2:2") -> bytes:
    options = [cv2.IMWRITE_JPEG_QUALITY, 88, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, _SAMPLING[sampling]]
    return cv2.imencode(".jpg", image, options)[1].tobytes()


def numbered(count: int) -> list[bytes]:
    """Even colours, each brighter than the one before: 20, 22, 24 …"""
    return [packed(np.full((HEIGHT, WIDTH, 3), 20 + 2 * number, np.uint8)) for number in range(count)]


def without_tables(jpeg: bytes) -> bytes:
    """As many webcams send them: the usual Huffman tables are left out."""
    kept, start = jpeg[:2], 2
    while jpeg[start + 1] != 0xDA:
        end = start + 2 + int.from_bytes(jpeg[start + 2 : start + 4], "big")
        kept += jpeg[start:end] if jpeg[start + 1] != 0xC4 else b""
        start = end
    return kept + jpeg[start:]


# The pictures


@pytest.mark.parametrize("sampling", list(_SAMPLING))
@pytest.mark.parametrize("kind", list(PICTURES))
def test_the_network_sees_in_gray_what_it_would_see_in_the_colours(kind: str, sampling: str) -> None:
    jpeg = packed(PICTURES[kind](1200, 1600, 3), sampling)
    crop = CropRect(150, 200, 900, 1200)
    seen = crop_for_network(decode_gray(jpeg), crop).astype(int)
    apart = np.abs(seen - crop_for_network(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), crop))
    # Beyond what a screen can show, colours are cut off, which gray is not.
    assert np.mean(apart) < (0.01 if kind == "natural" else 0.5)
    assert apart.max() <= (1 if kind == "natural" else 8)


def test_a_picture_without_its_huffman_tables_is_the_same_picture() -> None:
    jpeg = packed(natural(WIDTH, HEIGHT, 3))
    bare = without_tables(jpeg)
    assert len(bare) < len(jpeg) - 300
    np.testing.assert_array_equal(decode_gray(whole_jpeg(bare)), decode_gray(jpeg))


def test_what_a_drivers_buffer_holds_behind_a_picture_is_cut_off() -> None:
    jpeg, older = packed(natural(WIDTH, HEIGHT, 3)), packed(natural(WIDTH, HEIGHT, 3, seed=9))
    for behind in (b"", b"\0" * 999, older[len(older) // 2 :], older):
        assert whole_jpeg(jpeg + behind) == jpeg


@pytest.mark.parametrize("keep", [0, 1, 2, 3, 4, 11, 200, 800, -2])
def test_a_picture_that_is_cut_off_is_none(keep: int) -> None:
    assert whole_jpeg(packed(natural(WIDTH, HEIGHT, 3))[:keep]) is None


def test_what_is_no_jpeg_is_none() -> None:
    assert whole_jpeg(bytes(5000)) is None
    assert whole_jpeg(b"\xff\xd8" + bytes(5000)) is None
    assert decode_gray(b"\xff\xd8" + bytes(5000)) is None


@pytest.mark.parametrize(
    ("least_width_px", "width_px"),
    [(None, 1200), (1200, 1200), (601, 1200), (600, 600), (301, 600), (300, 300), (151, 300), (150, 150), (3, 150)],
)
def test_eyes_get_colours_of_no_fewer_columns_than_they_need(least_width_px: int | None, width_px: int) -> None:
    image = natural(1200, 1600, 3)
    jpeg = packed(image)
    seen = colour_picture(Frame(decode_gray(jpeg), 0, 0, jpeg=jpeg), least_width_px)
    assert seen.shape == (width_px * 4 // 3, width_px, 3)
    small = cv2.resize(image, (150, 200), interpolation=cv2.INTER_AREA).astype(int)
    assert np.abs(cv2.resize(seen, (150, 200), interpolation=cv2.INTER_AREA) - small).mean() < 2


def test_a_monochrome_cameras_jpeg_stays_gray() -> None:
    jpeg = packed(natural(WIDTH, HEIGHT, 1))
    frame = Frame(decode_gray(jpeg), 0, 0, jpeg=jpeg)
    assert is_gray_jpeg(jpeg)
    assert not is_gray_jpeg(packed(natural(WIDTH, HEIGHT, 3)))
    assert colour_picture(frame) is frame.image


# A device that sends them


class JpegDevice:
    """A driver like V4L2's: decodes unless it is asked not to; then a picture is a row of bytes in a larger buffer."""

    def __init__(self, jpegs: list[bytes], *, obeys: bool = True) -> None:
        self._jpegs, self._obeys = list(jpegs), obeys
        self._decodes = True
        self.is_released = False

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, np.ndarray | None]:
        if not self._jpegs:
            return False, None
        data = np.frombuffer(self._jpegs.pop(0) + b"\0" * 4096, np.uint8)
        return True, cv2.imdecode(data, cv2.IMREAD_COLOR) if self._decodes else data[None]

    def get(self, property_id: int) -> float:
        return {cv2.CAP_PROP_FOURCC: float(cv2.VideoWriter.fourcc(*"MJPG")), cv2.CAP_PROP_FPS: 30.0}[property_id]

    def set(self, property_id: int, value: float) -> bool:
        assert property_id == cv2.CAP_PROP_CONVERT_RGB
        if self._obeys or value:
            self._decodes = bool(value)
        return self._obeys

    def release(self) -> None:
        self.is_released = True


def newest(camera: UsbCamera) -> list[Frame]:
    """All that are read until the driver fails."""
    frames: list[Frame] = []
    with pytest.raises(CameraError, match="stopped"):
        frames.extend(iter(lambda: camera.read(LONG_S), None))
    return frames


def test_a_camera_that_sends_jpegs_hands_them_on_as_they_came() -> None:
    jpegs = numbered(40)
    device = JpegDevice(jpegs)
    camera = UsbCamera("7", FakeClock(), lambda name: device)
    camera.open()
    facts = camera.facts
    assert (facts.width_px, facts.height_px, facts.rate, facts.is_gray) == (WIDTH, HEIGHT, 30, False)
    frames = newest(camera)
    camera.close()
    assert device.is_released
    assert frames[-1].index == 37  # the first two told what the camera is
    for frame in frames:
        assert frame.jpeg == jpegs[frame.index + 2]
        assert frame.image.shape == (HEIGHT, WIDTH)
        assert abs(int(frame.image[0, 0]) - (20 + 2 * (frame.index + 2))) <= 1
        assert colour_picture(frame).shape == (HEIGHT, WIDTH, 3)


def test_a_driver_that_decodes_all_the_same_is_taken_as_it_is() -> None:
    for obeys in (True, False):
        device = JpegDevice(numbered(5), obeys=obeys)
        if obeys:  # it says yes and does not
            device.set = lambda property_id, value: True
        camera = UsbCamera("7", FakeClock(), lambda name, device=device: device)
        camera.open()
        assert not camera.facts.is_gray
        for frame in newest(camera):
            assert frame.jpeg is None
            assert frame.image.shape == (HEIGHT, WIDTH, 3)
        camera.close()


def test_a_damaged_picture_is_lost_and_its_index_too() -> None:
    jpegs = numbered(4)
    camera = UsbCamera("7", FakeClock(), lambda name: JpegDevice([*jpegs[:3], jpegs[3][:-300]]))
    camera.open()
    assert [frame.index for frame in newest(camera)] in ([0], [])
    camera.close()


# Movies of them


@pytest.fixture(params=["mkv", "mov", "mp4"])
def movie(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"clip.{request.param}"
    with JpegMovieWriter(path, WIDTH, HEIGHT, RATE, timecode=Timecode.parse("01:00:00:00", RATE)) as writer:
        for jpeg in numbered(6):
            writer.write(jpeg)
    return path


def test_a_movie_holds_the_jpegs_byte_for_byte(movie: Path) -> None:
    with MovieReader(movie) as reader:
        assert list(reader.packets()) == numbered(6)
        facts = reader.facts
        assert (facts.width_px, facts.height_px, facts.codec) == (WIDTH, HEIGHT, "mjpeg")
        assert abs(float(facts.rate / RATE) - 1) < 1e-3
        assert str(facts.timecode) == "01:00:00:00"
        reader.rewind()
        levels = [float(picture.mean()) for picture in reader]
    np.testing.assert_allclose(levels, [20 + 2 * number for number in range(6)], atol=2)


def test_a_movie_of_jpegs_is_a_camera_that_sends_them(movie: Path) -> None:
    camera = open_camera(f"movie:{movie}", is_looping=True, clock=FakeClock())
    camera.open()
    frames = [camera.read(LONG_S) for _ in range(8)]
    camera.close()
    jpegs = numbered(6)
    assert [frame.jpeg for frame in frames] == [*jpegs, *jpegs[:2]]
    assert [frame.index for frame in frames] == list(range(8))
    for frame in frames:
        np.testing.assert_array_equal(frame.image, decode_gray(frame.jpeg))
    assert str(frames[5].timecode) == "01:00:00:05"


def test_a_damaged_picture_of_a_movie_ends_it_with_its_number(tmp_path: Path) -> None:
    with JpegMovieWriter(tmp_path / "clip.mkv", WIDTH, HEIGHT, RATE) as writer:
        for jpeg in (*numbered(2), numbered(1)[0][:-200]):
            writer.write(jpeg)
    camera = open_camera(f"movie:{tmp_path / 'clip.mkv'}", clock=FakeClock())
    camera.open()
    assert [camera.read(LONG_S).index for _ in range(2)] == [0, 1]
    with pytest.raises(CameraError, match="picture 2 is no whole JPEG"):
        camera.read(LONG_S)
    camera.close()


def test_what_cannot_be_written_is_told_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"Give a name ending in \.mp4, \.mov or \.mkv"):
        JpegMovieWriter(tmp_path / "clip.unknown", WIDTH, HEIGHT, RATE)
    writer = JpegMovieWriter(tmp_path / "clip.mkv", WIDTH, HEIGHT, RATE)
    writer.write(numbered(1)[0])
    writer.discard()
    with pytest.raises(ValueError, match="is closed"):
        writer.write(numbered(1)[0])
    assert list(tmp_path.iterdir()) == []


def test_a_recording_holds_what_the_camera_sent(movie: Path, tmp_path: Path) -> None:
    camera = open_camera(f"movie:{movie}")
    recorder = Recorder(camera, tmp_path / "me.mkv")
    recorder.resume()
    recorder.start()
    assert recorder.wait(20)
    recorder.stop()
    assert (recorder.num_written, recorder.error) == (6, None)
    with MovieReader(tmp_path / "me.mkv") as reader:
        assert list(reader.packets()) == numbered(6)
