"""Movies of every codec and depth become 8-bit pictures, every one of them, or are refused."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange

from engine.errors import CameraError, LiveDoubleError
from tests.ingest.head import HEIGHT_PX, NUM_FRAMES, WIDTH_PX, picture, write_movie
from training.ingest.footage import MovieFootage
from training.ingest.levels import eight_bits, luma_limits, srgb

_CODECS = [
    ("a.mp4", "libx264", "yuv420p", 8),
    ("b.mp4", "libx264", "yuv420p10le", 10),
    ("c.mov", "libx264", "yuv422p10le", 10),
    ("d.mp4", "libx265", "yuv420p", 8),
    ("e.mp4", "libx265", "yuv420p10le", 10),
    ("f.mp4", "libx265", "yuv422p12le", 12),
    ("g.mov", "prores_ks", "yuv422p10le", 10),
    ("h.mov", "prores_ks", "yuv444p10le", 12),
    ("i.mov", "mjpeg", "yuvj422p", 8),
    ("j.mkv", "ffv1", "yuv422p10le", 10),
    ("k.mkv", "ffv1", "yuv444p12le", 12),
    ("l.mkv", "ffv1", "gbrp12le", 12),
    ("m.mkv", "ffv1", "gray16le", 16),
    ("n.mkv", "ffv1", "yuv444p", 8),
]


@pytest.mark.parametrize(("name", "codec", "pixel_format", "bits"), _CODECS)
@pytest.mark.parametrize("is_gray", [False, True])
def test_every_codec_and_depth_gives_the_levels_that_were_filmed(
    name: str, codec: str, pixel_format: str, bits: int, is_gray: bool, tmp_path: Path
) -> None:
    options = {"qmin": "1", "qmax": "1"} if codec == "mjpeg" else None
    footage = MovieFootage(
        write_movie(tmp_path / name, codec=codec, pixel_format=pixel_format, options=options, is_colour=not is_gray),
        is_gray=is_gray,
    )
    facts = footage.facts
    assert (facts.num_frames, facts.num_bits, facts.rate) == (NUM_FRAMES, bits, 30)
    assert str(facts.timecode) == "01:00:00:00"
    pictures = list(footage.pictures())
    assert len(pictures) == NUM_FRAMES
    for index, image in enumerate(pictures):
        assert image.dtype == np.uint8
        assert (image.ndim == 2) == (is_gray or pixel_format.startswith("gray"))
        wanted = picture(index) * 255
        error = (image if image.ndim == 2 else image[..., 1]).astype(float) - wanted
        assert np.abs(error).mean() < 2.0
        assert np.abs(error[8 * index + 2 : 8 * index + 6]).mean() < 3.0, "the bar tells which picture it is"


@pytest.mark.parametrize(
    ("codec", "pixel_format"),
    [("libx264", "yuvj420p"), ("libx264", "yuv420p"), ("prores_ks", "yuv422p10le"), ("ffv1", "gbrp12le")],
)
@pytest.mark.parametrize("is_colour", [False, True])
def test_a_monochrome_camera_is_recognised_whatever_the_format(
    codec: str, pixel_format: str, is_colour: bool, tmp_path: Path
) -> None:
    path = write_movie(tmp_path / "a.mkv", codec=codec, pixel_format=pixel_format, is_colour=is_colour)
    assert MovieFootage(path).facts.is_gray is not is_colour


def test_a_black_movie_is_not_taken_for_a_monochrome_one(tmp_path: Path) -> None:
    _write_plane(tmp_path / "a.mkv", "yuv444p10le", np.full((HEIGHT_PX, WIDTH_PX), 64), ColorRange.MPEG)
    assert not MovieFootage(tmp_path / "a.mkv").facts.is_gray


@pytest.mark.parametrize(("codec", "bits"), [("libx264", 10), ("ffv1", 16)])
def test_deep_gray_is_rounded_to_the_nearest_level(codec: str, bits: int, tmp_path: Path) -> None:
    levels = np.resize(np.arange(1 << min(bits, 12)), (HEIGHT_PX, WIDTH_PX)) << max(0, bits - 12)
    _write_plane(tmp_path / "a.mkv", f"gray{bits}le", levels, ColorRange.JPEG, codec=codec)
    (image,) = MovieFootage(tmp_path / "a.mkv", is_gray=True).pictures()
    np.testing.assert_array_equal(image, np.floor(levels * 255 / ((1 << bits) - 1) + 0.5).astype(np.uint8))


@pytest.mark.parametrize("is_full", [False, True])
def test_the_luma_of_deep_colour_is_rounded_to_the_nearest_level(is_full: bool, tmp_path: Path) -> None:
    levels = np.resize(np.arange(1024), (HEIGHT_PX, WIDTH_PX))
    _write_plane(tmp_path / "a.mkv", "yuv444p10le", levels, ColorRange.JPEG if is_full else ColorRange.MPEG)
    (image,) = MovieFootage(tmp_path / "a.mkv", is_gray=True).pictures()
    black, white = (0, 1023) if is_full else (64, 940)
    wanted = np.clip(np.floor((levels - black) * 255 / (white - black) + 0.5), 0, 255)
    np.testing.assert_array_equal(image, wanted.astype(np.uint8))


def test_levels_are_those_of_the_standards() -> None:
    assert luma_limits(8, is_full_range=False) == (16, 235)
    assert luma_limits(10, is_full_range=False) == (64, 940)
    assert luma_limits(12, is_full_range=True) == (0, 4095)
    np.testing.assert_array_equal(eight_bits(np.array([-5, 0, 500, 65535, 70000]), 0, 65535), [0, 0, 2, 255, 255])
    curved = srgb(np.array([-1.0, 0.0, 0.001, 0.18, 1.0, 9.0])) * 255
    np.testing.assert_allclose(curved, [0, 0, 3.29, 117.6, 255, 255], atol=0.1)


def test_only_plain_h264_and_hevc_are_taken_as_they_are(tmp_path: Path) -> None:
    plain = MovieFootage(write_movie(tmp_path / "a.mp4")).facts
    deep = MovieFootage(write_movie(tmp_path / "b.mp4", pixel_format="yuv420p10le")).facts
    other = MovieFootage(write_movie(tmp_path / "c.mkv", codec="ffv1", options={})).facts
    assert (plain.is_copyable, deep.is_copyable, other.is_copyable) == (True, False, False)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".mxf"])
def test_timecode_is_found_wherever_the_container_keeps_it(suffix: str, tmp_path: Path) -> None:
    codec = {"codec": "mpeg2video", "pixel_format": "yuv422p", "options": {"b": "20M"}, "rate": Fraction(25)}
    path = write_movie(tmp_path / f"a{suffix}", timecode="10:11:12:13", **(codec if suffix == ".mxf" else {}))  # type: ignore[arg-type]
    assert str(MovieFootage(path).facts.timecode) == "10:11:12:13"


def test_drop_frame_timecode_is_read_at_its_rate(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mov", timecode="01:00:59;28", rate=Fraction(30000, 1001))
    timecode = MovieFootage(path).facts.timecode
    assert timecode is not None
    assert timecode.is_drop_frame
    assert str(timecode.plus(2)) == "01:01:00;02"


def test_a_movie_marked_as_logarithmic_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    _write_plane(path, "yuv444p10le", np.full((HEIGHT_PX, WIDTH_PX), 500), ColorRange.MPEG, curve=9)
    (note,) = MovieFootage(path).facts.notes
    assert "logarithmic" in note


def test_a_movie_filmed_on_its_side_is_put_upright(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mp4", num_frames=3)
    upright = next(MovieFootage(path).pictures())
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    matrix = np.array([0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30], ">i4")  # a quarter turn clockwise
    data[at : at + 36] = matrix.tobytes()
    path.write_bytes(data)
    footage = MovieFootage(path)
    assert (footage.facts.width_px, footage.facts.height_px) == (HEIGHT_PX, WIDTH_PX)
    np.testing.assert_array_equal(next(footage.pictures()), np.rot90(upright, -1))
    assert not footage.facts.is_copyable


def test_a_movie_with_a_missing_tail_is_refused_with_the_counts(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mkv", 90, options={"crf": "0", "g": "1"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(CameraError, match=r"breaks off: \d+ of 90 pictures"):
        MovieFootage(path)


def test_a_movie_whose_end_is_overwritten_is_refused(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mp4", 60, options={"crf": "0", "g": "1", "movflags": "faststart"})
    data = bytearray(path.read_bytes())
    half = len(data) // 2
    data[half : half + 3000] = bytes(3000)
    path.write_bytes(data)
    with pytest.raises(CameraError, match=r"damaged|breaks off"):
        list(MovieFootage(path).pictures())


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ([index + 3 * (index >= 12) for index in range(20)], "at about 30 frames/s, .* is at picture 13"),
        ([index + index // 15 for index in range(60)], "at about 30 frames/s, .* is at picture 16"),
        ([index + index % 2 / 2 for index in range(60)], "do not follow evenly"),
        ([index * (1 + index / 300) for index in range(60)], "do not follow evenly"),
    ],
    ids=["a gap", "now and then one lost", "long and short in turn", "ever slower"],
)
@pytest.mark.parametrize(("suffix", "codec"), [(".mkv", "ffv1"), (".mov", "prores_ks")])
def test_a_movie_of_varying_rate_or_with_dropped_frames_is_refused(
    suffix: str, codec: str, places: list[float], words: str, tmp_path: Path
) -> None:
    path = tmp_path / f"a{suffix}"
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv422p10le"
        stream.codec_context.time_base = Fraction(1, 6000)
        for place in places:
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64), np.uint8), format="gray")
            frame.pts, frame.time_base = round(place * 200), Fraction(1, 6000)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    with pytest.raises(LiveDoubleError, match=words):
        MovieFootage(path)
    taken = MovieFootage(path, may_vary=True)  # as they come, and it is said
    assert sum(1 for _ in taken.pictures()) == taken.facts.num_frames == len(places)
    assert "do not follow evenly" in " ".join(taken.facts.notes)


def test_times_stored_coarsely_are_not_taken_for_a_varying_rate(tmp_path: Path) -> None:
    for rate in (Fraction(240), Fraction(24000, 1001)):  # Matroska counts milliseconds
        path = write_movie(tmp_path / f"{rate.numerator}.mkv", 90, rate=rate, timecode=None)
        assert MovieFootage(path).facts.num_frames == 90


def test_an_unknown_codec_is_named_as_the_reason(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "a.mov", codec="mjpeg", pixel_format="yuvj420p", options={})
    data = path.read_bytes()
    assert data.count(b"jpeg")
    path.write_bytes(data.replace(b"jpeg", b"zzzz"))
    with pytest.raises(CameraError, match="codec that this build of FFmpeg does not know"):
        MovieFootage(path)


@pytest.mark.parametrize(("content", "words"), [(b"", "empty"), (b"no movie at all\n" * 99, "not a movie")])
def test_what_is_no_movie_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    path = tmp_path / "a.mov"
    path.write_bytes(content)
    with pytest.raises(CameraError, match=words):
        MovieFootage(path)


def _write_plane(
    path: Path, pixel_format: str, levels: np.ndarray, color_range: ColorRange, *, curve: int = 2, codec: str = "ffv1"
) -> None:
    """A lossless movie of one picture whose first plane holds exactly these levels."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=30, options={"qp": "0"} if codec == "libx264" else {})
        stream.width, stream.height, stream.pix_fmt = WIDTH_PX, HEIGHT_PX, pixel_format
        stream.codec_context.color_range = color_range
        stream.codec_context.color_trc = curve
        frame = av.VideoFrame(WIDTH_PX, HEIGHT_PX, pixel_format)
        for number, plane in enumerate(frame.planes):
            values = np.zeros((plane.height, plane.line_size // 2), np.uint16)
            values[:, : plane.width] = levels if number == 0 else 512
            plane.update(values.tobytes())
        frame.color_range = color_range
        for packet in [*stream.encode(frame), *stream.encode()]:
            container.mux(packet)
