"""The frames to look at first: the worst ones, spread over shots and time.

Rule: two of them are never a second or less apart in one shot: ten neighbours show one mistake ten times.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from training.panel.curves import Curves

_APART_S = 1.0


@dataclass(frozen=True, slots=True)
class WorstFrame:
    """A frame to look at.

    Args:
        shot: Its name.
        frame: Counted from 0 in the shot.
        rmse_mm: Over its animated vertices.
        worst_mm: The animated vertex furthest from its place.
    """

    shot: str
    frame: int
    rmse_mm: float
    worst_mm: float


def worst_frames(shots: Sequence[Curves], num_frames: int) -> tuple[WorstFrame, ...]:
    """At most `num_frames`, the worst first; every shot gives its share before one gives more."""
    ranked = sorted(
        (-float(rmse_mm), index, frame)
        for index, shot in enumerate(shots)
        for frame, rmse_mm in enumerate(shot.rmse_mm)
    )
    share = math.ceil(num_frames / max(1, len(shots)))
    taken: list[tuple[int, int]] = []
    for limit in (share, num_frames):
        for _, index, frame in ranked:
            frames = [other for shot, other in taken if shot == index]
            apart = _APART_S * float(shots[index].rate)
            is_free = len(frames) < limit and all(abs(frame - other) > apart for other in frames)
            if is_free and len(taken) < num_frames:
                taken.append((index, frame))
    found = [_frame(shots[index], frame) for index, frame in taken]
    return tuple(sorted(found, key=lambda one: -one.rmse_mm))


def _frame(shot: Curves, frame: int) -> WorstFrame:
    return WorstFrame(shot.name, shot.first_frame + frame, float(shot.rmse_mm[frame]), float(shot.worst_mm[frame]))
