"""The curves a performance is drawn with: eased plateaus, wandering, soft limits, and weights by name.

Rule: time is in seconds from the first frame; everything random comes from the generator that is handed in.
"""

from collections.abc import Mapping

import numpy as np
from scipy.ndimage import gaussian_filter1d

RATE_HZ = 30.0
_KNEE = 0.9  # weights beyond this are pressed together, so that nothing stops dead at 1


def frame_times(num_frames: int) -> np.ndarray:
    """[N] seconds."""
    return np.arange(num_frames) / RATE_HZ


def weights_of(named: Mapping[str, float], units: tuple[str, ...]) -> np.ndarray:
    """[52] from names with or without a side; without one they stand for both."""
    weights = np.zeros(len(units))
    for name, value in named.items():
        for unit in sides_of(name, units):
            weights[units.index(unit)] = value
    return weights


def sides_of(name: str, units: tuple[str, ...]) -> tuple[str, ...]:
    """The one or two units that a name stands for."""
    return (name,) if name in units else (f"{name}Left", f"{name}Right")


def smooth_step(share: np.ndarray) -> np.ndarray:
    """0 to 1 as a limb moves: no jerk at either end (Flash and Hogan 1985)."""
    s = np.clip(share, 0.0, 1.0)
    return s * s * s * (s * (6.0 * s - 15.0) + 10.0)


def plateau(times: np.ndarray, start_s: float, rise_s: float, hold_s: float, fall_s: float) -> np.ndarray:
    """[N] up, hold, down; exactly 1 while it holds and exactly 0 outside."""
    up = (times - start_s) / max(rise_s, 1e-6)
    down = (start_s + rise_s + hold_s + fall_s - times) / max(fall_s, 1e-6)
    return np.minimum(smooth_step(up), smooth_step(down))


def drift(num_frames: int, columns: int, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """[N, columns] smooth wandering of unit deviation; `seconds` is about half the time it takes to turn round."""
    sigma = seconds * RATE_HZ
    margin = int(4 * sigma) + 1
    noise = gaussian_filter1d(rng.normal(size=(num_frames + 2 * margin, columns)), sigma, axis=0, mode="wrap")
    # A Gaussian-filtered white noise has this deviation, whatever the length.
    return noise[margin : margin + num_frames] / np.sqrt(1 / (2 * sigma * np.sqrt(np.pi)))


def soft_limit(values: np.ndarray, limit: float) -> np.ndarray:
    """Untouched up to three quarters of `limit`, then ever slower towards it, on both sides of zero."""
    knee = 0.75 * limit
    size = np.abs(values)
    pressed = knee + (limit - knee) * np.tanh((size - knee) / (limit - knee))
    return np.sign(values) * np.where(size > knee, pressed, size)


def soft_weights(weights: np.ndarray) -> np.ndarray:
    """0..1 with a rounded upper end: 1 becomes 0.976, 1.15 becomes 0.999."""
    pressed = _KNEE + (1 - _KNEE) * np.tanh((weights - _KNEE) / (1 - _KNEE))
    return np.clip(np.where(weights > _KNEE, pressed, weights), 0.0, 1.0)
