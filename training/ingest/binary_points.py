"""Point caches that are nothing but numbers: PC2 (little-endian) and MDD (big-endian). They carry no faces."""

import struct
from fractions import Fraction
from pathlib import Path

import numpy as np

from engine.errors import ShotError
from engine.points import point_cache_facts, read_points
from training.ingest.source import PointFacts, check_length, damaged, frame_numbers, nearest_rate

_MDD_HEADER = struct.Struct(">ii")  # frames, points


class PC2Points:
    """A `.pc2`, mapped into memory.

    Args:
        path: To open.

    Raises:
        ShotError: It is missing, cut off or something else, or samples other than whole frames.
    """

    def __init__(self, path: Path) -> None:
        header = point_cache_facts(path)
        check_length(path, header.num_frames)
        if header.frames_per_sample != 1.0:
            raise ShotError(
                f"The point cache {path} has a sample every {header.frames_per_sample:g} frames.",
                "Export it with one sample a frame.",
            )
        self._points = read_points(path)
        self.facts = PointFacts(header.num_frames, header.num_vertices, number=round(header.start_frame))

    def frame(self, index: int) -> np.ndarray:
        """[V, 3] float32."""
        return np.array(self._points[index], np.float32)


class MDDPoints:
    """An `.mdd`, mapped into memory.

    Args:
        path: To open.

    Raises:
        ShotError: It is missing, cut off or something else, or has a hole.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                header = file.read(_MDD_HEADER.size)
            size = path.stat().st_size
        except OSError as error:
            raise damaged(path, error) from error
        if len(header) < _MDD_HEADER.size:
            raise damaged(path, f"it breaks off after {len(header)} bytes")
        num_frames, num_vertices = _MDD_HEADER.unpack(header)
        if num_frames == 0:
            raise damaged(path, "it holds no frames")
        expected = _MDD_HEADER.size + num_frames * 4 + num_frames * num_vertices * 12
        if num_frames < 1 or num_vertices < 1 or size != expected:
            raise damaged(path, f"it is {size} bytes where its header asks for {expected}")
        check_length(path, num_frames)
        times = np.fromfile(path, ">f4", num_frames, offset=_MDD_HEADER.size).astype(np.float64)
        start = _MDD_HEADER.size + num_frames * 4
        self._points = np.memmap(path, ">f4", "r", start, (num_frames, num_vertices, 3))
        rate = _rate(path, times)
        self.facts = PointFacts(num_frames, num_vertices, rate, start_s=float(times[0]))

    def frame(self, index: int) -> np.ndarray:
        """[V, 3] float32."""
        return np.array(self._points[index], np.float32)


def _rate(path: Path, times: np.ndarray) -> Fraction | None:
    span = float(times[-1] - times[0])
    if not np.isfinite(times).all() or span <= 0:
        raise damaged(path, "the times of its frames do not go forward")
    # Seconds in float32 are coarse late in the day: the rate is known no better than that.
    frame_numbers(path, times * (len(times) - 1) / span, Fraction(1))
    coarse = 2 * float(np.spacing(np.float32(np.abs(times).max()))) / span
    return nearest_rate((len(times) - 1) / span, max(2e-4, coarse))
