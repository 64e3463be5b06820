"""What years leave: lines of the forehead, crow's feet, the folds beside nose and mouth, bags, rings of the neck.

Rule: each line is a dark valley with a lit lower bank, drawn in the average face's front view.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from training.actor.canvas import Canvas, smoothstep, tinted
from training.actor.complexion import Complexion

Course = Sequence[tuple[float, float]] | Sequence[np.ndarray]

_FOLD = 1024
_PX_PER_CM, _HALF_WIDTH_CM, _TOP_CM, _HEIGHT_CM = 50, 9.0, 10.0, 25.0
_BANK_CM = 0.055  # the lit bank lies this far below the valley
_FOREHEAD_Y = (5.0, 5.75, 6.5, 7.2)
_NECK_RINGS_Y = (-10.6, -12.0)
_OUTER_CORNER = np.array([4.85, 1.9])  # of the eye
_LINE_POINTS, _LINE_KERNEL = 40, np.ones(9) / 9
# Course (x, y) on the left half, depth in youth, and what the years add.
_FOLDS = {
    "nasolabial": (((1.75, -1.75), (2.35, -2.4), (2.85, -3.4), (3.1, -4.5), (3.05, -5.1)), 0.25, 0.75),
    "marionette": (((2.75, -5.1), (2.85, -5.8), (2.75, -6.6)), -0.35, 1.0),
    "bag": (((1.75, 1.25), (2.3, 0.62), (3.1, 0.42), (3.9, 0.72), (4.35, 1.2)), -0.1, 1.0),
    "tear": (((1.8, 1.3), (2.2, 0.55), (2.75, -0.1), (3.3, -0.45)), 0.1, 0.6),
    "frown": (((0.55, 3.0), (0.5, 3.6), (0.6, 4.4)), -0.35, 1.1),
    "chin": (((0.0, -6.35), (0.8, -6.4), (1.5, -6.65)), 0.15, 0.4),
}


def paint_wrinkles(colour: np.ndarray, canvas: Canvas, looks: Complexion, rng: np.random.Generator) -> np.ndarray:
    """[N, 3] with lines as deep as `looks.age` says."""
    size_px = int(_HEIGHT_CM * _PX_PER_CM), int(2 * _HALF_WIDTH_CM * _PX_PER_CM)
    fine, broad = np.zeros(size_px, np.float32), np.zeros(size_px, np.float32)
    age = looks.age
    for side in (-1, 1):
        _forehead(fine, side, age, rng)
        _crows_feet(fine, side, age, rng)
        _small_lines(fine, side, age, rng)
        for course, at_birth, by_age in _FOLDS.values():
            _line(broad, course, side, max(at_birth + by_age * age, 0.0), 3, rng)
    for height in _NECK_RINGS_Y:
        ring = [(x, height + 0.02 * x * x + rng.normal(0, 0.06)) for x in np.linspace(-7, 7, 9)]
        _line(broad, ring, 1, max(0.9 * age - 0.1, 0.05), 2, rng)
    fine = 0.75 * cv2.GaussianBlur(fine, (0, 0), 1.1) + 1.1 * cv2.GaussianBlur(fine, (0, 0), 4.0)
    broad = 1.6 * cv2.GaussianBlur(broad, (0, 0), 4.0) + 3.6 * cv2.GaussianBlur(broad, (0, 0), 14.0)
    front = smoothstep(0.05, 0.45, canvas.normal[:, 2]) * smoothstep(0.0, 2.0, canvas.home[:, 2])
    valley = (_at(fine, canvas, 0) + 0.5 * _at(broad, canvas, 0)) * front
    bank = _at(fine, canvas, _BANK_CM) * front
    colour = tinted(colour, np.clip(valley, 0, 1.2), (0.22, 0.30, 0.31))
    return tinted(colour, np.clip(bank - valley, 0, 1), (-0.10, -0.11, -0.11))


def _forehead(plane: np.ndarray, side: int, age: float, rng: np.random.Generator) -> None:
    for height in _FOREHEAD_Y:
        depth = max(age - 0.15, 0) * rng.uniform(0.5, 1.0)
        end = rng.uniform(2.6, 4.6)
        points = [(x, height + 0.22 * np.sin(0.75 * x) + rng.normal(0, 0.05)) for x in np.linspace(-0.1, end, 7)]
        _line(plane, points, side, depth, 2, rng)


def _crows_feet(plane: np.ndarray, side: int, age: float, rng: np.random.Generator) -> None:
    for index, angle_deg in enumerate((38, 18, 0, -18, -36)):
        depth = max(age - 0.12 - 0.05 * (index % 2), 0) * rng.uniform(0.6, 1.0)
        angle, length = np.radians(angle_deg + rng.normal(0, 4)), rng.uniform(0.9, 1.5) * (0.5 + 0.8 * age)
        aim = np.array([np.cos(angle), np.sin(angle)])
        sag = np.array([0.0, 0.08 * rng.normal()])
        points = [_OUTER_CORNER + 0.35 * aim, _OUTER_CORNER + (0.35 + length / 2) * aim + sag]
        _line(plane, [*points, _OUTER_CORNER + (0.35 + length) * aim], side, depth, 2, rng)


def _small_lines(plane: np.ndarray, side: int, age: float, rng: np.random.Generator) -> None:
    """Fine crossing lines under the eyes and upright ones over the upper lip."""
    for _ in range(16):
        x, y = rng.uniform(2.0, 4.7), rng.uniform(0.35, 1.15)
        tilt = rng.normal(-0.25, 0.25)
        _line(plane, [(x, y), (x + 0.5, y + 0.5 * tilt)], side, 0.35 * max(age - 0.1, 0), 1, rng)
    for x in np.linspace(0.35, 2.1, 6):
        x += rng.normal(0, 0.08)
        _line(plane, [(x, -3.55 - 0.1 * x), (x * 0.96, -3.1)], side, 0.6 * max(age - 0.5, 0), 1, rng)


def _line(
    plane: np.ndarray, points: Course, side: int, depth: float, thickness_px: int, rng: np.random.Generator
) -> None:
    control = np.array(points, np.float64) + rng.normal(0, 0.03, (len(points), 2))
    if depth <= 0:
        return
    steps = np.linspace(0, len(control) - 1, _LINE_POINTS)
    bent = [np.interp(steps, np.arange(len(control)), control[:, axis]) for axis in (0, 1)]
    curve = np.stack([np.convolve(np.pad(axis, 4, mode="edge"), _LINE_KERNEL, "valid") for axis in bent], axis=1)
    curve[:, 0] *= side
    px = np.round((curve * [1, -1] + [_HALF_WIDTH_CM, _TOP_CM]) * _PX_PER_CM * 16).astype(np.int32)
    # Deepest in the middle, running out at both ends, never even.
    broken = np.interp(np.arange(len(px)), np.linspace(0, len(px), 9), rng.uniform(0.45, 1.0, 9))
    for index in range(len(px) - 1):
        swell = np.sin(np.pi * (index + 0.5) / len(px)) ** 0.6 * broken[index]
        layer_value = float(np.clip(depth * swell, 0, 1))
        cv2.line(plane, px[index].tolist(), px[index + 1].tolist(), layer_value, thickness_px, cv2.LINE_8, 4)


def _at(plane: np.ndarray, canvas: Canvas, below_cm: float) -> np.ndarray:
    columns = (canvas.home[:, 0] + _HALF_WIDTH_CM) * _PX_PER_CM
    rows = (_TOP_CM - (canvas.home[:, 1] + below_cm)) * _PX_PER_CM
    # OpenCV reads no more than 32767 places in a row: fold them into lines.
    pad = -len(columns) % _FOLD
    folded = [np.pad(axis.astype(np.float32), (0, pad)).reshape(-1, _FOLD) for axis in (columns, rows)]
    return np.asarray(cv2.remap(plane, folded[0], folded[1], cv2.INTER_LINEAR).ravel()[: len(columns)])
