"""Movies in and out through PyAV: pictures one after the other, their rate and timecode.

Rule: a movie is decoded as it is, gray stays gray; what cannot be read or written raises one clear error.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, VideoReformatter
from av.video.stream import VideoStream

from engine.errors import CameraError
from engine.movie_file import MovieFile
from engine.timecode import Timecode

# libswscale's bilinear, full chroma in and out, accurate rounding: its fast default darkens a picture by a level.
_ACCURATE = 0x2 | 0x2000 | 0x4000 | 0x40000
_GRAY_FORMATS = ("gray", "gray10le", "gray12le", "gray16le")


@dataclass(frozen=True, slots=True)
class MovieFacts:
    """What a movie says of itself before its first picture is decoded."""

    width_px: int
    height_px: int
    rate: Fraction
    num_frames: int  # as the container claims, or by its duration; 0 where it says neither
    is_count_exact: bool  # a duration tells the count to a frame or two
    is_gray: bool
    codec: str
    timecode: Timecode | None


class MovieReader:
    """Decodes one movie from its start, picture by picture.

    Args:
        path: Anything FFmpeg opens that has a picture track.
        num_threads: Decoder threads; 0 lets FFmpeg choose.
        as_gray: Give the luma plane alone; for movies known to be without colour (a monochrome camera's), whose
            container does not say so.

    Raises:
        CameraError: The file is missing, empty, not a movie, or of a codec this build does not know.
    """

    def __init__(self, path: Path, num_threads: int = 0, *, as_gray: bool = False) -> None:
        self._path = path
        if path.is_dir():
            raise CameraError(f"{path} is a folder, not a movie.", "Give the movie file in it.")
        if not path.exists():
            raise CameraError(f"There is no movie {path}.", "Check the path.")
        if path.stat().st_size == 0:
            raise CameraError(f"The movie {path} is empty (0 bytes).", "Copy or record it again.")
        try:
            self._container = av.open(str(path))
        except av.FFmpegError as error:
            raise CameraError(
                f"{path} is not a movie that can be read ({error.strerror}).",
                "Give a movie file such as MP4, MOV or MKV.",
            ) from error
        if not self._container.streams.video:
            self._container.close()
            raise CameraError(f"{path} has no picture track.", "Give a movie with pictures.")
        self._stream: VideoStream = self._container.streams.video[0]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = num_threads
        rate = self._stream.average_rate or self._stream.guessed_rate or Fraction(25)
        self.facts = MovieFacts(
            width_px=self._stream.width,
            height_px=self._stream.height,
            rate=Fraction(rate),
            num_frames=self._stream.frames or self._frames_by_duration(Fraction(rate)),
            is_count_exact=self._stream.frames > 0,
            is_gray=as_gray or self._stream.codec_context.pix_fmt in _GRAY_FORMATS,
            codec=self._stream.codec_context.name,
            timecode=self._timecode(Fraction(rate)),
        )

    def _frames_by_duration(self, rate: Fraction) -> int:
        duration = self._container.duration  # in units of 1 / av.time_base seconds
        return round(Fraction(duration, av.time_base) * rate) if duration else 0

    def _timecode(self, rate: Fraction) -> Timecode | None:
        # It sits on the stream (MOV, MP4), on the container (MXF) or as TIMECODE (MKV).
        labels = [
            value
            for metadata in (self._stream.metadata, self._container.metadata)
            for key, value in metadata.items()
            if key.lower() == "timecode"
        ]
        try:
            return Timecode.parse(labels[0], rate) if labels else None
        except ValueError:
            return None

    def __iter__(self) -> Iterator[np.ndarray]:
        """Every picture, as `pictures` gives it."""
        return self.pictures()

    def pictures(self, first: int = 0) -> Iterator[np.ndarray]:
        """Pictures in order: [H, W] uint8 for gray movies, else [H, W, 3] blue-green-red.

        Args:
            first: Leave out as many; they are decoded, for only so a frame is surely the one of that number, but not
                converted.

        Raises:
            CameraError: The movie breaks off or is damaged.
        """
        pixel_format = "gray" if self.facts.is_gray else "bgr24"
        try:
            for number, picture in enumerate(self._container.decode(self._stream)):
                if number >= first:
                    yield picture.to_ndarray(format=pixel_format)
        except av.FFmpegError as error:
            raise self._damaged(str(error.strerror)) from error

    def packets(self) -> Iterator[bytes]:
        """Pictures in order as they are stored, instead of decoded: whole JPEGs where the codec is `mjpeg`.

        Raises:
            CameraError: The movie breaks off or is damaged.
        """
        try:
            for packet in self._container.demux(self._stream):
                if packet.size:
                    yield bytes(packet)
        except av.FFmpegError as error:
            raise self._damaged(str(error.strerror)) from error

    def _damaged(self, told: str) -> CameraError:
        return CameraError(f"The movie {self._path} is damaged ({told}).", "Copy it again, or cut the damaged part.")

    def rewind(self) -> None:
        """Go back to the first picture."""
        self._container.seek(0, stream=self._stream)

    def close(self) -> None:
        """Release the file."""
        self._container.close()

    def __enter__(self) -> "MovieReader":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class MovieWriter(MovieFile):
    """Encodes pictures to H.264, under an in-progress name until it is whole; what lay there before stays till then.

    Args:
        path: `.mp4`, `.mov` or `.mkv`.
        width_px: Even.
        height_px: Even.
        rate: Frames per second.
        crf: x264's constant rate factor: 0 lossless, 12 visually lossless, 23 for the web.
        is_gray: Pictures are [H, W]; otherwise [H, W, 3] blue-green-red.
        timecode: Of the first picture.
        preset: x264's speed, `ultrafast` to `veryslow`.
        num_threads: Encoder threads; 0 lets x264 choose.

    Raises:
        StorageError: The file cannot be made, or the disk fills up.
    """

    def __init__(
        self,
        path: Path,
        width_px: int,
        height_px: int,
        rate: Fraction,
        *,
        crf: int = 14,
        is_gray: bool = False,
        timecode: Timecode | None = None,
        preset: str = "veryfast",
        num_threads: int = 0,
    ) -> None:
        if width_px % 2 or height_px % 2:
            raise ValueError(f"H.264 needs even sizes, got {width_px}x{height_px}")
        super().__init__(path)
        self._format = "gray" if is_gray else "bgr24"
        self._reformatter = VideoReformatter()
        # Without B frames: to choose them x264 reads beyond the edge of pictures whose sides are no multiple of 16, and
        # the same pictures give another file now and then.
        options = {"crf": str(crf), "preset": preset, "bf": "0"}
        self._stream = self._container.add_stream("libx264", rate=rate, options=options)
        self._stream.width, self._stream.height = width_px, height_px
        self._stream.codec_context.pix_fmt = "gray" if is_gray else "yuv420p"
        self._stream.codec_context.thread_count = num_threads
        if is_gray:  # full range: a picture read back has the levels it was written with
            self._stream.codec_context.color_range = ColorRange.JPEG
        if timecode is not None:
            self._stream.metadata["timecode"] = str(timecode)

    def write(self, image: np.ndarray) -> None:
        """Append one picture.

        Raises:
            StorageError: The disk is full or gone; the partial file is removed.
            ValueError: The movie is closed, or has failed before.
        """
        self._check_open()  # the encoder would take the process down with it
        try:
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format=self._format)
            if self._format != "gray":
                picture = self._reformatter.reformat(picture, format="yuv420p", interpolation=_ACCURATE)
            for packet in self._stream.encode(picture):
                self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            self._fail(error)
        self.num_frames += 1

    def _flush(self) -> None:
        for packet in self._stream.encode():
            self._container.mux(packet)
