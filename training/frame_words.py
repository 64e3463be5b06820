"""Frame numbers in few words, for findings that people look up."""

from collections.abc import Sequence

import numpy as np

_MOST_PLACES = 3


def frame_words(frames: Sequence[int] | np.ndarray) -> str:
    """Such as `frame 12`, `frames 12 to 19`, `frames 3, 7, 12 to 14` or `20 frames, the first 3, 7, 12 to 14`.

    Args:
        frames: One or more numbers, rising.
    """
    numbers = np.asarray(frames)
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    places = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs[:_MOST_PLACES])
    if len(runs) > _MOST_PLACES:
        return f"{len(numbers)} frames, the first {places}"
    return f"frame {places}" if len(numbers) == 1 else f"frames {places}"
