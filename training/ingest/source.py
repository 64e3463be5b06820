"""What every point cache is once it is open: its facts, and the mesh of any frame in the file's own unit and axes."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

import numpy as np

from engine.errors import ShotError
from engine.space import LengthUnit, UpAxis
from training.ingest.polygons import Polygons

_RATES = tuple(
    Fraction(rate)
    for rate in (24, 25, 30, 48, 50, 60, 72, 90, 96, 100, 120, 150, 200, 240)
) + tuple(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120))  # fmt: skip
_RATE_TOLERANCE = 2e-4  # relative; 30 and 30000/1001 are five times as far apart


@dataclass(frozen=True, slots=True, eq=False)
class PointFacts:
    """What a point cache says of itself; None where it is silent.

    Args:
        num_frames: N, at least 2.
        num_vertices: V.
        rate: Frames per second.
        number: Of the first frame, on the file's own count.
        start_s: Time of the first frame; its number where the file's own rate is too coarse to give one.
        timecode: Of the first frame, as a label.
        unit: As stated in the file.
        up: As stated in the file.
        polygons: The faces, where the cache carries them.
        notes: What a user should know, one sentence each.
    """

    num_frames: int
    num_vertices: int
    rate: Fraction | None = None
    number: int | None = None
    start_s: float | None = None
    timecode: str | None = None
    unit: LengthUnit | None = None
    up: UpAxis | None = None
    polygons: Polygons | None = None
    notes: tuple[str, ...] = field(default=())


class PointSource(Protocol):
    """An open point cache."""

    @property
    def facts(self) -> PointFacts:
        """Known from the start."""
        ...

    def frame(self, index: int) -> np.ndarray:
        """[V, 3] float32 of frame `index`, in the file's own unit and axes.

        Raises:
            ShotError: The frame is damaged, or of another mesh.
        """
        ...


def is_camera_rate(rate: Fraction) -> bool:
    """Whether cameras film at this rate."""
    return any(abs(rate / usual - 1) <= _RATE_TOLERANCE for usual in _RATES)


def nearest_rate(frames_per_s: float, tolerance: float = _RATE_TOLERANCE) -> Fraction | None:
    """The frame rate that people mean by a decimal number, such as 30000/1001 by 29.97.

    Args:
        frames_per_s: As a file says it.
        tolerance: Relative; where it leaves two rates to choose from, None is returned.
    """
    near = [rate for rate in _RATES if abs(frames_per_s / rate - 1) <= tolerance]
    if len(near) == 1:
        return near[0]
    plain = Fraction(frames_per_s).limit_denominator(1000)
    is_plain = plain > 0 and abs(float(plain) - frames_per_s) < 1e-9 * frames_per_s
    return plain if not near and is_plain else None


def frame_numbers(path: object, times: np.ndarray, rate: Fraction) -> int:
    """The number of the first frame, once the times are seen to follow each other frame by frame.

    Args:
        path: For the message.
        times: [N] seconds.
        rate: Frames per second.

    Raises:
        ShotError: Frames are missing between the first and the last.
    """
    numbers = np.asarray(times, np.float64) * float(rate)
    expected = numbers[0] + np.arange(len(numbers))
    wrong = np.flatnonzero(np.abs(numbers - expected) > 0.25)
    if wrong.size:
        raise ShotError(
            f"The point cache {path} has a hole: after frame {numbers[wrong[0] - 1]:g} comes {numbers[wrong[0]]:g}.",
            "Export every frame, one mesh each.",
        )
    return round(float(numbers[0]))


def check_length(path: object, num_frames: int) -> None:
    """Refuse a cache that does not move.

    Raises:
        ShotError: It holds fewer than two meshes.
    """
    if num_frames < 2:
        raise ShotError(
            f"The point cache {path} holds {num_frames} mesh{'' if num_frames == 1 else 'es'}, no motion.",
            "Export the animated mesh with one sample a frame.",
        )


def damaged(path: object, error: object) -> ShotError:
    """What to say of a point cache that breaks off or makes no sense."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no reason given")
    return ShotError(f"The point cache {path} cannot be read: {first[:200]}.", "Copy it again, or export it again.")
