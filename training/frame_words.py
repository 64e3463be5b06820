"""Frame numbers in few words, for findings that people look up."""

from collections.abc import Sequence

import numpy as np


def frame_words(frames: Sequence[int] | np.ndarray, most_places: int = 3) -> str:
    """Such as `frame 12`, `frames 12 to 19`, `frames 3, 7, 12 to 14` or `20 frames, the first 3, 7, 12 to 14`.

    Args:
        frames: One or more numbers, rising.
        most_places: Named before the rest is only counted.
    """
    numbers = np.asarray(frames)
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1)
    places = ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs[:most_places])
    if len(runs) > most_places:
        return f"{len(numbers)} frames, the first {places}"
    return f"frame {places}" if len(numbers) == 1 else f"frames {places}"
