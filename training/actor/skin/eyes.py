"""The eyeballs: sclera with veins, iris with fibres, a soft limbus, the pupil. Highlights are the lamps'."""

import numpy as np

from training.actor.canvas import Canvas, blend, layered_noise, noise, smoothstep, tinted
from training.actor.complexion import against_metering
from training.actor.rig import Rig

_IRIS_RADIUS_CM, _PUPIL_RADIUS_CM = 0.59, 0.175
_REST_PITCH_DEG = -5.0  # the package's lids stand low about its eyeballs
_ADULT_EYE_CM = 1.2  # the package's eyeballs are larger than life; the iris grows half as much
_SCLERA = np.array([0.665, 0.636, 0.608], np.float32)
_BLOODY = np.array([0.74, 0.43, 0.38], np.float32)
_PUPIL = (0.012, 0.012, 0.014)


def paint_eye(canvas: Canvas, rig: Rig, side: int, rng: np.random.Generator) -> np.ndarray:
    """[N, 3] one eyeball; side 0 is the left."""
    looks = rig.identity.complexion
    offset = canvas.place - rig.eye_centres[side]
    direction = (offset / np.maximum(np.linalg.norm(offset, axis=1, keepdims=True), 1e-6)) @ _resting()
    from_axis_cm = float(rig.eye_radii[side]) * np.hypot(direction[:, 0], direction[:, 1])
    from_axis_cm = np.where(direction[:, 2] > 0, from_axis_cm, 9.0)
    size = 0.5 + 0.5 * min(float(rig.eye_radii[side]) / _ADULT_EYE_CM, 1.4)
    iris_cm, pupil_cm = _IRIS_RADIUS_CM * size**0.35, _PUPIL_RADIUS_CM * rng.uniform(0.95, 1.15)

    white = _white(canvas, direction, from_axis_cm / iris_cm, looks.age, rng)
    iris = _iris(direction, from_axis_cm, iris_cm, pupil_cm, np.asarray(looks.iris, np.float32), rng)
    eye = blend(white, iris, smoothstep(iris_cm + 0.045, iris_cm - 0.045, from_axis_cm))
    ragged = 0.012 * noise(np.stack([direction[:, 0], direction[:, 1], 0 * from_axis_cm], 1), 0.02, rng)
    eye = blend(eye, _PUPIL, smoothstep(pupil_cm + 0.02, pupil_cm - 0.02, from_axis_cm + ragged))
    # The upper lid shades the eyeball, whatever the lamps do; the lower one a little.
    eye = tinted(eye, smoothstep(-0.05, 0.50, direction[:, 1]), (0.40, 0.42, 0.42))
    eye = tinted(eye, smoothstep(-0.25, -0.50, direction[:, 1]), (0.14, 0.16, 0.16))
    return np.asarray(eye * np.float32(against_metering(looks.skin)))


def _resting() -> np.ndarray:
    """[3, 3] turns directions so that +z is where the resting eye looks."""
    angle = np.radians(_REST_PITCH_DEG)
    sine, cosine = np.sin(angle), np.cos(angle)
    return np.array([[1, 0, 0], [0, cosine, sine], [0, -sine, cosine]], np.float32)


def _white(
    canvas: Canvas, direction: np.ndarray, rings: np.ndarray, age: float, rng: np.random.Generator
) -> np.ndarray:
    white = np.broadcast_to(_SCLERA, direction.shape)
    far = smoothstep(1.15, 2.4, rings)
    white = tinted(white, far, (0.16, 0.21, 0.23))
    white = tinted(white, np.full(len(white), age), (0.0, 0.02, 0.06))
    course = 1 - np.abs(layered_noise(canvas.place * np.array([0.6, 1.0, 1.0], np.float32), 0.34, 3, rng))
    veins = smoothstep(0.93, 1.0, course) * smoothstep(1.25, 2.2, rings)
    aside = smoothstep(0.45, 0.95, np.abs(direction[:, 0]))
    return blend(white, _BLOODY, np.clip(0.28 * veins + 0.30 * aside * far, 0, 1))


def _iris(
    direction: np.ndarray,
    from_axis_cm: np.ndarray,
    iris_cm: float,
    pupil_cm: float,
    tone: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    outward = np.clip((from_axis_cm - pupil_cm) / (iris_cm - pupil_cm), 0, 1.3)  # 0 at the pupil, 1 at the limbus
    around = np.arctan2(direction[:, 1], direction[:, 0])
    course = np.stack([np.cos(around), np.sin(around), outward * 0.16], axis=1).astype(np.float32)
    fibres = 0.55 * noise(course, 0.055, rng) + 0.40 * noise(course, 0.12, rng) + 0.3 * noise(course, 0.4, rng)
    iris = np.broadcast_to(0.72 * tone, direction.shape)
    iris = tinted(iris, -0.42 * fibres * (0.5 + 0.5 * smoothstep(0.05, 0.3, outward)), (1.0, 1.0, 1.0))
    # The collarette: warmer and lighter inside, a ragged border.
    edge = 0.36 + 0.07 * noise(course, 0.2, rng)
    collarette = smoothstep(edge.mean() + 0.12, edge.mean() - 0.10, outward + 0.36 - edge)
    warm = 0.55 * tone + np.array([0.17, 0.11, 0.045], np.float32)
    iris = blend(iris, warm, 0.55 * collarette)
    iris = tinted(iris, smoothstep(0.10, 0.0, outward), (0.35, 0.35, 0.35))
    iris = tinted(iris, smoothstep(0.62, 1.0, outward), (0.74, 0.72, 0.66))
    # Light falls through the cornea onto the side away from the lamps.
    return tinted(iris, smoothstep(0.15, -0.30, direction[:, 1]), (-0.18, -0.18, -0.18))
