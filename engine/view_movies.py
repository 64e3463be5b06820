"""Movies of one performance by several cameras, read moment by moment.

Rule: nothing is guessed. Movies are matched by timecode where all have one, otherwise by number; what does not match
is refused.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from engine.errors import CameraError
from engine.frames import CropRect
from engine.movies import MovieReader
from engine.views import View

_RATE_TOLERANCE = 2e-4  # Matroska's times are whole milliseconds; 29.97 and 30 are five times as far apart


@dataclass(frozen=True, slots=True, eq=False)
class ViewMovie:
    """What one camera filmed.

    Args:
        view: Of the actor.
        movie: At its start.
        crop: What the network sees of it, in the movie's pixels.
    """

    view: View
    movie: MovieReader
    crop: CropRect


class Synchronous:
    """Several movies side by side, at their start: one picture of each at a time, the main movie's first.

    Args:
        main: Sets the frames: each of its pictures is one moment.
        others: Of the same moments.

    Attributes:
        notes: What a user should know, one sentence each.

    Raises:
        CameraError: Rates differ, or a movie does not cover the main one.
    """

    def __init__(self, main: ViewMovie, others: Sequence[ViewMovie]) -> None:
        self._main, self._others = main, tuple(others)
        self.notes: tuple[str, ...] = ()
        self._starts = [self._start(other) for other in self._others]
        untimed = [one.view.camera for one in (main, *others) if one.movie.facts.timecode is None]
        if others and untimed:
            self.notes = (f"Frames are matched by their number: {' and '.join(untimed)} has no timecode.",)

    def _start(self, other: ViewMovie) -> int | None:
        """Which of its frames shows the main movie's first moment; None where they are matched by number."""
        here, there = self._main.movie.facts, other.movie.facts
        name, main_name = other.view.camera, self._main.view.camera
        if abs(float(there.rate / here.rate) - 1) > _RATE_TOLERANCE:
            raise CameraError(
                f"The {name} movie has {float(there.rate):.5g} frames/s, the {main_name} movie {float(here.rate):.5g}.",
                "Give movies of cameras that ran together.",
            )
        are_counted = here.is_count_exact and there.is_count_exact
        if here.timecode is None or there.timecode is None:
            if are_counted and here.num_frames != there.num_frames:
                raise CameraError(
                    f"The {name} movie has {there.num_frames} frames, the {main_name} movie {here.num_frames}, and"
                    " without timecode nothing tells which belong together.",
                    "Cut both to the same frames, or give movies with timecode.",
                )
            return None
        start = here.timecode.frame_number - there.timecode.frame_number
        if start < 0 or (are_counted and start + here.num_frames > there.num_frames):
            raise CameraError(
                f"The {name} movie ({there.timecode}, {there.num_frames} frames) does not cover the {main_name} movie"
                f" ({here.timecode}, {here.num_frames} frames).",
                "Cut the movies to what all cameras filmed.",
            )
        return start

    def __iter__(self) -> Iterator[tuple[np.ndarray, ...]]:
        """Pictures of every moment, as `moments` gives them."""
        return self.moments()

    def moments(self, first: int = 0) -> Iterator[tuple[np.ndarray, ...]]:
        """Pictures of each moment.

        Args:
            first: Leave out as many.

        Raises:
            CameraError: A movie is damaged, or they turn out to be of different lengths.
        """
        streams = [
            one.movie.pictures((start or 0) + first) for one, start in zip(self._others, self._starts, strict=True)
        ]
        num_frames = first
        for picture in self._main.movie.pictures(first):
            found = [next(stream, None) for stream in streams]
            for other, image in zip(self._others, found, strict=True):
                if image is None:
                    raise self._uneven(other, f"ends after {num_frames} frames, before")
            num_frames += 1
            yield (picture, *(image for image in found if image is not None))
        for other, stream, start in zip(self._others, streams, self._starts, strict=True):
            if start is None and next(stream, None) is not None:
                raise self._uneven(other, f"goes on after {num_frames} frames, unlike")

    def _uneven(self, other: ViewMovie, how: str) -> CameraError:
        return CameraError(
            f"The {other.view.camera} movie {how} the {self._main.view.camera} movie.",
            "Cut the movies to the same frames.",
        )
