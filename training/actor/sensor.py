"""What a camera's sensor makes of light: electrons, their noise, and the flicker of lamps on mains current.

Rule: everything has its physical name and unit. Pictures are sRGB levels of 255; noise belongs to the electrons
before that tone curve.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

_PLATE_MARGIN_PX, _PLATE_SEED = 256, 20170728
_STEPS, _STEPS_A_DEVIATION = 257, 32  # of the table for strong noise: four deviations to either side
_GENTLE_LEVELS = 0.5  # noise is gentle while the tone curve's bend changes its mean and deviation by less


@dataclass(frozen=True, slots=True)
class Sensor:
    """A global-shutter camera's sensor.

    Args:
        full_well_e: Electrons that a pixel holds: what white is at a gain of 1. Light's own noise is the root of them.
        read_noise_e: Electrons, one standard deviation, added to every pixel when it is read.
        gain: Amplification: at 4 a quarter of the electrons is already white.
        exposure_ms: How long light is gathered for a frame; lamps that flicker are averaged over it.
    """

    full_well_e: float = 10_500.0
    read_noise_e: float = 2.5
    gain: float = 1.0
    exposure_ms: float = 8.0


@dataclass(frozen=True, slots=True)
class Mains:
    """The current that the lamps run on.

    Args:
        mains_hz: 50 or 60; 0 for lamps that do not flicker. Light pulses twice a period.
        flicker_depth: 0..1, half of the light's swing over its mean: good LED lamps 0.01 to 0.1, old fluorescent 0.4.
    """

    mains_hz: float = 50.0
    flicker_depth: float = 0.05


def flicker(mains: Mains, exposure_ms: float, start_s: float, phase: float) -> float:
    """Light gathered in an exposure over what steady lamps of the same mean would give.

    The exact mean of 1 + depth cos(2 pi 2f t + phase) over the exposure. At 30 frames/s, 50 Hz lamps beat with 10 Hz;
    an exposure of a whole number of pulses (10 ms, 20 ms) sees none of it.

    Args:
        mains: The lamps' current.
        exposure_ms: Longer than 0.
        start_s: When the exposure begins.
        phase: Of the light's pulse at time 0, radians.
    """
    pulse_hz, exposure_s = 2 * mains.mains_hz, exposure_ms / 1000
    spread = float(np.sinc(pulse_hz * exposure_s))
    return 1 + mains.flicker_depth * spread * math.cos(2 * math.pi * pulse_hz * (start_s + exposure_s / 2) + phase)


def noise_levels(sensor: Sensor) -> np.ndarray:
    """[256] float32: one standard deviation of gentle noise, in levels, at each level of the picture."""
    light = _light(np.arange(256))
    # How many levels a little more light makes: sRGB's slope, steepest in the dark.
    slope = 255 * np.where(light <= 0.0031308, 12.92, 1.055 / 2.4 * np.maximum(light, 0.0031308) ** (1 / 2.4 - 1))
    return np.asarray(slope * _deviation(sensor, light), np.float32)


def noisy_levels(sensor: Sensor) -> np.ndarray:
    """[256, 257] float32: what becomes of each level (rows), by the noise in 1/32 deviations from -4 to 4 (columns).

    Electrons are counted, a pixel cannot hold fewer than none, and the tone curve comes last: so black is lifted and
    dark tones keep their order, however strong the noise.
    """
    light = _light(np.arange(256))[:, None]
    drawn = light + _deviation(sensor, light) * _noise_steps()
    return np.asarray(_level(np.clip(drawn, 0, 1)), np.float32)


def is_gentle(sensor: Sensor) -> bool:
    """Whether noise of `noise_levels` is what the sensor makes, to a fraction of a level."""
    exact, steps = noisy_levels(sensor), _noise_steps()
    levels = np.arange(256)[:, None]
    simple = np.minimum(np.abs(levels + noise_levels(sensor)[:, None] * steps), 255)
    share = np.exp(-(steps**2) / 2)
    share /= share.sum()
    means, deviations = [], []
    for values in (exact, simple):
        mean = (values * share).sum(1)
        means.append(mean)
        deviations.append(np.sqrt(((values - mean[:, None]) ** 2 * share).sum(1)))
    return bool(max(np.abs(means[0] - means[1]).max(), np.abs(deviations[0] - deviations[1]).max()) < _GENTLE_LEVELS)


def _noise_steps() -> np.ndarray:
    return (np.arange(_STEPS) - _STEPS // 2) / _STEPS_A_DEVIATION


def _deviation(sensor: Sensor, light: np.ndarray) -> np.ndarray:
    white_e = sensor.full_well_e / sensor.gain
    return np.asarray(np.sqrt(light * white_e + sensor.read_noise_e**2) / white_e)


def _light(levels: np.ndarray) -> np.ndarray:
    displayed = levels / 255
    return np.asarray(np.where(displayed <= 0.04045, displayed / 12.92, ((displayed + 0.055) / 1.055) ** 2.4))


def _level(light: np.ndarray) -> np.ndarray:
    dark = 12.92 * light
    return np.asarray(255 * np.where(light <= 0.0031308, dark, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055))


class Noise:
    """Lays a sensor's noise on pictures of one size.

    Args:
        sensor: Whose.
        width_px: Of the pictures.
        height_px: Of the pictures.
    """

    def __init__(self, sensor: Sensor, width_px: int, height_px: int) -> None:
        # One plate of noise, laid down at another place each frame: drawing 2 million new numbers costs more than
        # the picture.
        size = height_px + _PLATE_MARGIN_PX, width_px + _PLATE_MARGIN_PX
        self._plate = np.random.default_rng(_PLATE_SEED).standard_normal(size, np.float32)
        self._is_gentle = is_gentle(sensor)
        self._levels = noise_levels(sensor)
        if not self._is_gentle:
            self._table = noisy_levels(sensor)
            self._plate = self._plate * _STEPS_A_DEVIATION + _STEPS // 2  # columns of the table

    def added_to(self, picture: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The picture as the sensor delivers it, same shape and type.

        Args:
            picture: [H, W] or [H, W, 3] uint8, contiguous.
            rng: Chooses where the plate is laid down.
        """
        channels = [picture] if picture.ndim == 2 else list(cv2.split(picture))
        noisy = []
        for channel in channels:
            row, column = rng.integers(0, _PLATE_MARGIN_PX, 2)
            plate = self._plate[row : row + channel.shape[0], column : column + channel.shape[1]]
            if self._is_gentle:
                grain = cv2.multiply(cv2.LUT(channel, self._levels), plate)
                noisy.append(cv2.convertScaleAbs(cv2.add(grain, channel, dtype=cv2.CV_32F)))  # rounds and saturates
            else:
                levels = channel.astype(np.float32)
                drawn = cv2.remap(self._table, plate, levels, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
                noisy.append(cv2.convertScaleAbs(drawn))
        return np.asarray(noisy[0] if picture.ndim == 2 else cv2.merge(noisy))
