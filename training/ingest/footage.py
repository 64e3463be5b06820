"""A studio's movie, whatever its codec and depth, as 8-bit pictures; and what all footage has in common.

Rule: a movie is counted before anything is written, and every picture must come: none missing, repeated or concealed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av
import numpy as np
from av.video.reformatter import ColorRange, ColorTrc
from av.video.stream import VideoStream

from engine.crop import to_gray
from engine.errors import CameraError, ShotError
from engine.timecode import Timecode
from training.ingest.levels import eight_bits, luma_limits

_COPYABLE_CODECS = frozenset({"h264", "hevc"})
_COPYABLE_SUFFIXES = frozenset({".mp4", ".mov", ".mkv"})
_CURVES = {
    ColorTrc.LINEAR: "linear light", ColorTrc.LOG: "logarithmic", ColorTrc.LOG_SQRT: "logarithmic",
    ColorTrc.SMPTE2084: "PQ", ColorTrc.ARIB_STD_B67: "HLG",
}  # fmt: skip
_NUM_SAMPLES = 5  # pictures by which colour is looked for
_NEUTRAL, _NEUTRAL_ERROR = 128, 1  # chroma without colour, and how rounding moves it
_DARK = 32  # a picture without a brighter level tells nothing of its colour
_TOLERATED = 2  # pictures by which a duration may be off the count
_UNEVEN_PLACE, _UNEVEN_STEP = 0.75, 0.4  # of a picture's time: off its place, and longer or shorter than usual
_AS_IF_EVEN = (
    "They are taken one by one as if they were even: what a picture shows stays true, lengths of time are a little off."
    " A camera or a recorder set to a constant rate avoids it."
)
_MOSTLY = 0.8  # of the steps are as usual: some were dropped; otherwise the rate varies


@dataclass(frozen=True, slots=True)
class FootageFacts:
    """What footage says of itself.

    Args:
        path: As given.
        width_px: Of every picture, upright.
        height_px: Of every picture, upright.
        num_frames: Counted, not claimed.
        rate: Frames per second; None where nothing says it.
        is_gray: Without colour.
        codec: For people, such as `prores` or `exr`.
        num_bits: Of each sample.
        timecode: Of the first picture.
        number: Of the first file of a sequence.
        is_copyable: Our own reader gives the same pictures, so the file can be taken as it is.
        notes: What a user should know, one sentence each.
    """

    path: Path
    width_px: int
    height_px: int
    num_frames: int
    rate: Fraction | None
    is_gray: bool
    codec: str
    num_bits: int
    timecode: Timecode | None = None
    number: int | None = None
    is_copyable: bool = False
    notes: tuple[str, ...] = ()


class Footage(Protocol):
    """Pictures that follow each other."""

    @property
    def facts(self) -> FootageFacts:
        """Known from the start."""
        ...

    def pictures(self) -> Iterator[np.ndarray]:
        """All, in order: [H, W] uint8 for gray footage, else [H, W, 3] blue-green-red.

        Raises:
            LiveDoubleError: A picture is missing or damaged.
        """
        ...


class MovieFootage:
    """A movie file.

    Args:
        path: Anything FFmpeg opens that has a picture track.
        is_gray: Take the luma alone, as for a monochrome camera whose file does not say so.
        may_vary: Take pictures as they come where they do not follow evenly, as a telephone's; a note says so.

    Raises:
        CameraError: The file is missing, empty, not a movie, cut off, or of a codec this build does not know.
        ShotError: Pictures do not follow evenly, and they must.
    """

    def __init__(self, path: Path, *, is_gray: bool = False, may_vary: bool = False) -> None:
        self._path = path
        with _opened(path) as container:
            self.facts = _movie_facts(path, container, is_gray, may_vary)

    def pictures(self) -> Iterator[np.ndarray]:
        """All, in order."""
        num_frames = self.facts.num_frames
        num_done = 0
        try:
            with _opened(self._path) as container:
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                for picture in container.decode(stream):
                    if picture.is_corrupt:
                        raise _damaged(self._path, f"picture {num_done + 1} is corrupt")
                    yield np.rot90(_eight_bit_picture(picture, self.facts.is_gray), picture.rotation // 90)
                    num_done += 1
        except av.FFmpegError as error:
            raise _damaged(self._path, f"{error.strerror} at picture {num_done + 1}") from error
        if num_done != num_frames:
            raise _breaks_off(self._path, num_done, num_frames)


def _opened(path: Path) -> "av.container.InputContainer":
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise CameraError(f"The movie {path} {what}.", "Give a movie file, or a numbered image sequence.")
    if path.stat().st_size == 0:
        raise CameraError(f"The movie {path} is empty (0 bytes).", "Copy or record it again.")
    try:
        container = av.open(str(path))
    except (av.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CameraError(
            f"{path} is not a movie that can be read ({reason}).", "Copy it again, or give a movie such as MP4 or MOV."
        ) from error
    streams = container.streams.video
    context = streams[0].codec_context if streams else None
    if context is None or not context.codec:
        container.close()
        what = "is of a codec that this build of FFmpeg does not know" if streams else "has no picture track"
        raise CameraError(f"The movie {path} {what}.", "Convert it to ProRes, FFV1, H.264 or HEVC.")
    return container


def _movie_facts(path: Path, container: "av.container.InputContainer", is_gray: bool, may_vary: bool) -> FootageFacts:
    stream = container.streams.video[0]
    context = stream.codec_context
    rate = Fraction(stream.average_rate or stream.guessed_rate or 0)
    if not rate or context.format is None or not stream.width:
        raise _damaged(path, "its first pictures cannot be understood")
    depth = max(component.bits for component in context.format.components)
    claimed = stream.frames or round(Fraction(container.duration or 0, av.time_base) * rate)
    times, num_stored = _times(path, container, stream)
    num_frames, trouble = len(times), _unevenness(path, times, float(stream.time_base or 0), float(rate))
    if trouble is not None and not may_vary:
        raise ShotError(trouble, "Give the camera's original, or conform the movie to a constant rate.")
    # Where pictures come unevenly, a duration tells nothing of their number.
    if num_stored < claimed - (0 if stream.frames else _TOLERATED) and (stream.frames or trouble is None):
        raise _breaks_off(path, num_stored, claimed)
    first = _first_picture(path)
    is_gray = is_gray or context.format.name.startswith("gray") or has_no_colour(_samples(path, num_frames, rate))
    is_turned = first.rotation % 180 != 0
    width, height = (stream.height, stream.width) if is_turned else (stream.width, stream.height)
    timecode, timecode_notes = _timecode(stream, container, rate)
    is_plain = depth == 8 and first.rotation == 0 and context.name in _COPYABLE_CODECS
    return FootageFacts(
        path, width, height, num_frames, rate, is_gray, context.name, depth, timecode,
        is_copyable=is_plain and path.suffix.lower() in _COPYABLE_SUFFIXES,
        notes=(*_notes(first), *timecode_notes, *([f"{trouble} {_AS_IF_EVEN}"] if trouble else [])),
    )  # fmt: skip


def _times(path: Path, container: "av.container.InputContainer", stream: VideoStream) -> tuple[list[float | None], int]:
    """When pictures are shown, in seconds and in their stored order, and how many are stored, without decoding them.

    An edit list may hide pictures.
    """
    times = []
    num_hidden = 0
    try:
        for packet in container.demux(stream):
            num_hidden += packet.is_discard
            if packet.size and not packet.is_discard:
                stamp = packet.pts if packet.pts is not None else packet.dts
                times.append(None if stamp is None else float(stamp * packet.time_base))
    except av.FFmpegError as error:
        raise _damaged(path, f"{error.strerror} after {len(times)} pictures") from error
    if not times:
        raise CameraError(f"The movie {path} holds no picture.", "Copy or record it again.")
    return times, len(times) + num_hidden


def _unevenness(path: Path, stamps: list[float | None], stamp_s: float, rate: float) -> str | None:
    """What is wrong where pictures do not follow evenly, one sentence.

    Args:
        path: For the message.
        stamps: [N] seconds, when pictures are shown; where one is unknown, nothing can be said.
        stamp_s: The finest step that times are stored in.
        rate: Pictures per second, on average.
    """
    known = [stamp for stamp in stamps if stamp is not None]
    if len(known) < len(stamps) or len(known) < 2:
        return None
    times = np.sort(known)
    steps = np.diff(times)
    usual = float(np.median(steps))
    late = np.abs((times - times[0]) * rate - np.arange(len(times))) > _UNEVEN_PLACE
    gaps = np.abs(steps - usual) > _UNEVEN_STEP * usual + 2 * stamp_s
    if not (late.any() or gaps.any()):
        return None
    is_usual = np.abs(steps - usual) < 0.25 * usual + stamp_s
    meant = 1 / float(steps[is_usual].mean()) if is_usual.mean() > _MOSTLY else rate
    first = np.flatnonzero(gaps)[0] + 2 if gaps.any() else np.flatnonzero(late)[0] + 1
    return (
        f"The pictures of {path} do not follow evenly at about {meant:.3g} frames/s, the first gap or repetition is at"
        f" picture {first}: frames were dropped or the rate varies."
    )


def _first_picture(path: Path) -> av.VideoFrame:
    try:
        with _opened(path) as container:
            return next(container.decode(container.streams.video[0]))
    except (av.FFmpegError, StopIteration) as error:
        raise _damaged(path, "its first picture cannot be decoded") from error


def sample_places(num_frames: int) -> list[int]:
    """The pictures by which colour is looked for."""
    return sorted({int(place) for place in np.linspace(0, num_frames - 1, _NUM_SAMPLES)})


def _samples(path: Path, num_frames: int, rate: Fraction) -> Iterator[np.ndarray]:
    """Pictures at and around some places, [3, H, W] uint8 luma and chroma."""
    try:
        for place in sample_places(num_frames):
            with _opened(path) as container:
                container.seek(int(place / rate * av.time_base))
                picture = next(container.decode(container.streams.video[0]), None)
                if picture is not None:
                    yield picture.to_ndarray(format="yuv444p").reshape(3, picture.height, picture.width)
    except av.FFmpegError:
        return  # said with its picture's number when all are read


def has_no_colour(samples: Iterable[np.ndarray]) -> bool:
    """Whether pictures [3, H, W] uint8 of luma and chroma were filmed by a monochrome camera, whatever their format."""
    num_bright = 0
    for luma, *chroma in samples:
        if np.abs(np.asarray(chroma, np.int16) - _NEUTRAL).max() > _NEUTRAL_ERROR:
            return False
        num_bright += int(luma.max()) > _DARK
    return num_bright > 0


def _timecode(
    stream: VideoStream, container: "av.container.InputContainer", rate: Fraction
) -> tuple[Timecode | None, tuple[str, ...]]:
    # On the stream (MOV, MP4; there also on its data track), on the container (MXF), or as TIMECODE (MKV).
    places = [stream.metadata, container.metadata, *(other.metadata for other in container.streams)]
    labels = [value for place in places for key, value in place.items() if key.lower() == "timecode"]
    try:
        return (Timecode.parse(labels[0].replace(".", ";"), rate) if labels else None), ()
    except ValueError as error:
        return None, (f"The movie's timecode is not used: {error}.",)


def _notes(first: av.VideoFrame) -> tuple[str, ...]:
    notes = []
    if first.interlaced_frame:
        notes.append("The movie is interlaced: every picture holds two moments. Film progressively.")
    if first.color_trc in _CURVES:
        notes.append(
            f"The movie's levels are {_CURVES[ColorTrc(first.color_trc)]}; they are taken as they are, so the live"
            " camera must be graded the same way."
        )
    if first.rotation:
        notes.append(f"The movie was turned by {first.rotation} degrees, as it asks for.")
    return tuple(notes)


def _eight_bit_picture(picture: av.VideoFrame, is_gray: bool) -> np.ndarray:
    kind = picture.format
    bits = max(component.bits for component in kind.components)
    if bits <= 8:  # as our own reader gives them
        return np.asarray(picture.to_ndarray(format="gray" if is_gray else "bgr24"))
    if is_gray and not kind.is_rgb:
        plane = picture.planes[0]
        luma = np.frombuffer(memoryview(plane), np.uint16).reshape(plane.height, -1)[:, : plane.width]
        is_full = picture.color_range == ColorRange.JPEG or kind.name.startswith("gray")
        return eight_bits(luma, *luma_limits(bits, is_full))
    colour = picture.to_ndarray(format="rgb48le")[..., ::-1]
    return to_gray_if(eight_bits(colour, 0, 65535), is_gray)


def to_gray_if(image: np.ndarray, is_gray: bool) -> np.ndarray:
    """A blue-green-red picture, or its luma where gray is wanted."""
    return to_gray(np.ascontiguousarray(image)) if is_gray else image


def _damaged(path: Path, what: str) -> CameraError:
    return CameraError(f"The movie {path} is damaged: {what}.", "Copy it again, or cut the damaged part.")


def _breaks_off(path: Path, num_frames: int, claimed: int) -> CameraError:
    return CameraError(
        f"The movie {path} breaks off: {num_frames} of {claimed} pictures are there.",
        "Copy it again, or cut the damaged part.",
    )
