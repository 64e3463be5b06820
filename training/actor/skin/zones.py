"""Where things are on the average head, centimetres from the middle between its ears; every actor's features map here.

Rule: x grows to the actor's left and is used mirrored; only numbers read off the average head live here.
"""

import numpy as np

from training.actor.canvas import smoothstep

EYE = (3.08, 1.99)
NOSE_TIP = (0.0, -1.5)
MOUTH_Y = -4.75


def bump(
    home: np.ndarray, centre: tuple[float, float], radii: tuple[float, float], front_cm: float = 2.0
) -> np.ndarray:
    """[N] 0..1: a soft spot on both halves of the face.

    Args:
        home: [N, 3] cm.
        centre: x (of the left half) and y.
        radii: Half width and height at which it has fallen to 1/e.
        front_cm: Fades out behind this depth.
    """
    x, y = (np.abs(home[:, 0]) - centre[0]) / radii[0], (home[:, 1] - centre[1]) / radii[1]
    return np.asarray(np.exp(-(x * x + y * y)) * smoothstep(front_cm - 3, front_cm + 1, home[:, 2]))


def beard_zone(home: np.ndarray) -> np.ndarray:
    """[N] 0..1: upper lip, cheeks below the mouth's height, jaw, chin and the upper throat."""
    aside, height, depth = np.abs(home[:, 0]), home[:, 1], home[:, 2]
    # The upper edge climbs from the mouth's corner to the sideburn.
    edge = np.interp(aside, [0, 1.2, 2.2, 3.2, 4.6, 6.2, 7.2], [-2.7, -2.75, -3.3, -4.2, -3.9, -1.4, 0.6])
    near_lip = smoothstep(2.8, 1.6, aside)
    zone = smoothstep(0.7, -1.2, height - edge) * (1 - near_lip) + near_lip * smoothstep(0.1, -0.6, height - edge)
    # The jaw's lower border rises towards the ear; below it hair thins out towards the throat, and none is on the neck.
    lowest = np.interp(aside, [0, 1.5, 3, 4.5, 6, 6.5], [-9.1, -8.9, -8.1, -6.7, -5.4, -4.9])
    border_depth = np.interp(aside, [0, 1.5, 3, 4.5, 6], [8.7, 8.3, 6.8, 5.2, 3.6])
    is_below = smoothstep(1.7, 0.6, height - lowest)
    zone *= 1 - is_below * (1 - smoothstep(-2.6, -0.2, depth - border_depth))
    zone *= smoothstep(-1.2, -0.3, height - lowest) * smoothstep(-0.4, 1.6, depth)
    # Bare patches: the groove under the nose, beside the lower lip.
    zone *= 1 - 0.3 * np.exp(-((aside / 0.3) ** 2)) * smoothstep(-4.3, -3.4, height) * (height < -2)
    return np.asarray(zone * (1 - 0.35 * np.exp(-(((aside - 1.5) / 0.7) ** 2) - ((height + 6.1) / 0.5) ** 2)))
