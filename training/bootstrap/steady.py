"""Targets made steady: looking both ways in time, so that nothing lags; what is more than noise stays as it was.

Rule: runs are smoothed by themselves; nothing crosses a cut or a frame that was left out.
"""

from collections.abc import Sequence

import numpy as np
from scipy.signal import savgol_filter

_WINDOW_S = 0.21
_ORDER = 3  # cubics through the window: what lasts half of it keeps its height
_BEYOND_NOISE = 2.0  # deviations; what the filter takes off beyond these was motion, such as a blink
_MAD = 1.4826  # a normal distribution's deviation, in median absolute ones


def steadied(values: np.ndarray, runs: Sequence[range], rate_hz: float) -> np.ndarray:
    """[N, ...] float64: Savitzky and Golay's filter (1964) over time, run by run; frames beside the runs stay.

    What the filter takes off is given back where it is larger than the usual, channel by channel.

    Args:
        values: [N, ...].
        runs: Unbroken stretches of frames.
        rate_hz: Frames per second.
    """
    window = 2 * round(_WINDOW_S * rate_hz / 2) + 1
    result = np.asarray(values, np.float64).copy()
    parts = [slice(run.start, run.stop) for run in runs if len(run) >= window]
    if window <= _ORDER + 1 or not parts:
        return result  # so few frames a second show nothing that could be called noise
    taken = [result[part] - savgol_filter(result[part], window, _ORDER, axis=0) for part in parts]
    noise = _MAD * np.median(np.abs(np.concatenate(taken)), axis=0)
    for part, off in zip(parts, taken, strict=True):
        usual = (_BEYOND_NOISE * noise) ** 2
        result[part] -= off * (usual / np.maximum(off**2 + usual, np.finfo(np.float64).tiny))
    return result
