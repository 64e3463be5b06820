"""A camera's JPEG pictures as a movie, byte for byte as they came.

Rule: nothing is decoded or encoded; a movie takes the space that the camera's own compression takes.
"""

from fractions import Fraction
from pathlib import Path

import av

from engine.movie_file import MovieFile
from engine.timecode import Timecode


class JpegMovieWriter(MovieFile):
    """Writes Motion JPEG, under an in-progress name until it is whole; what lay there before stays till then.

    Args:
        path: `.mp4`, `.mov` or `.mkv`.
        width_px: Of every picture.
        height_px: Of every picture.
        rate: Frames per second.
        timecode: Of the first picture.

    Raises:
        StorageError: The file cannot be made, or the disk fills up.
    """

    def __init__(
        self, path: Path, width_px: int, height_px: int, rate: Fraction, *, timecode: Timecode | None = None
    ) -> None:
        super().__init__(path)
        self._stream = self._container.add_mux_stream("mjpeg", rate=rate, width=width_px, height=height_px)
        self._period = self._stream.time_base = 1 / rate
        if timecode is not None:
            self._stream.metadata["timecode"] = str(timecode)

    def write(self, jpeg: bytes) -> None:
        """Append one picture.

        Raises:
            StorageError: The disk is full or gone; the partial file is removed.
            ValueError: The movie is closed, or has failed before.
        """
        self._check_open()
        packet = av.Packet(jpeg)
        packet.stream, packet.time_base = self._stream, self._period
        packet.pts = packet.dts = self.num_frames
        packet.duration, packet.is_keyframe = 1, True
        try:
            self._container.mux(packet)
        except (av.FFmpegError, OSError) as error:
            self._fail(error)
        self.num_frames += 1
