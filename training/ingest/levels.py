"""Gray levels of 10 bits and more, of floating point and of linear light, as the 8 bits that movies of ours have.

Rule: every level is rounded to the nearest once; nothing is dithered, so a still picture stays still.
"""

import numpy as np

_SRGB_KNEE, _SRGB_SLOPE, _SRGB_SCALE, _SRGB_OFFSET, _SRGB_POWER = 0.0031308, 12.92, 1.055, 0.055, 1 / 2.4


def eight_bits(levels: np.ndarray, black: float, white: float) -> np.ndarray:
    """Levels from `black` to `white` as uint8 from 0 to 255; what lies outside is clipped."""
    scale = np.float32(255.0 / (white - black))
    scaled = (levels.astype(np.float32) - np.float32(black)) * scale + np.float32(0.5)
    return np.asarray(np.clip(scaled, 0, 255).astype(np.uint8))


def luma_limits(bits: int, is_full_range: bool) -> tuple[int, int]:
    """The luma levels of black and white (ITU-R BT.709 and BT.2100, section on quantisation)."""
    return (0, (1 << bits) - 1) if is_full_range else (16 << (bits - 8), 235 << (bits - 8))


def srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light, 1 at white, with the curve of IEC 61966-2-1; what lies outside 0 to 1 is clipped."""
    light = np.clip(linear, 0.0, 1.0)
    curved = _SRGB_SCALE * np.power(np.maximum(light, _SRGB_KNEE), _SRGB_POWER) - _SRGB_OFFSET
    return np.asarray(np.where(light <= _SRGB_KNEE, light * _SRGB_SLOPE, curved), np.float32)
