"""What a face does, as four numbers that anybody understands: mouth opening, blink, brows, smile.

Rule: read the same way from a tracker's landmarks and from a mesh seen by the same camera, so that both can be held
against each other. What a signal is measured from is the head's own: a tracker's corners of the eyes sink with the lids
by more than brows rise in talk (a blink moves the outer ones by a hundredth of their distance).
"""

from collections.abc import Mapping

import numpy as np

from training.bootstrap.landmark_places import OUTER_CORNERS

_LIPS = (13, 14)
_LIDS = ((159, 145), (386, 374))  # right and left eye
_BROWS = (  # the upper edge and the lower one, right and left
    (70, 63, 105, 66, 107, 46, 53, 52, 65, 55),
    (300, 293, 334, 296, 336, 276, 283, 282, 295, 285),
)
_CORNERS_OF_EYES = ((33, 133), (263, 362))
_CORNERS_OF_MOUTH = (61, 291)  # the right one, the left one
_NOSE_BASE = 2
_FEWEST_FRAMES = 60
_LEAST_MOTION = 0.1  # of the tracker's own
USED = tuple(
    sorted(
        {*OUTER_CORNERS, *_LIPS, *_CORNERS_OF_MOUTH, _NOSE_BASE}
        | {number for pair in (*_LIDS, *_BROWS, *_CORNERS_OF_EYES) for number in pair}
    )
)


def signals(
    landmarks: Mapping[int, np.ndarray], at_rest: Mapping[int, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """[N] each, in distances between the outer corners of the eyes; larger is more of it.

    Args:
        landmarks: Of each number in `USED`, [N, 2] pixels, y down.
        at_rest: The same of the face at rest in the same poses; none: what is not known of the head is read from
            `landmarks`.
    """
    head = landmarks if at_rest is None else at_rest
    right, left = (head[number] for number in OUTER_CORNERS)
    across = left - right
    unit = np.linalg.norm(across, axis=1)
    x = across / unit[:, None]
    up = np.stack([x[:, 1], -x[:, 0]], axis=1)

    def height(of: Mapping[int, np.ndarray], numbers: tuple[int, ...]) -> np.ndarray:
        return np.mean([(of[number] * up).sum(axis=1) for number in numbers], axis=0) / unit

    def gap(pair: tuple[int, int]) -> np.ndarray:
        return np.asarray(np.linalg.norm(landmarks[pair[0]] - landmarks[pair[1]], axis=1) / unit)

    mouth_right, mouth_left = (landmarks[number] for number in _CORNERS_OF_MOUTH)
    nose = head[_NOSE_BASE]
    outwards = ((mouth_left - nose) * x).sum(axis=1) - ((mouth_right - nose) * x).sum(axis=1)
    lifted = height(landmarks, _CORNERS_OF_MOUTH) - height(head, (_NOSE_BASE,))
    brows, eyes = sum(_BROWS, ()), sum(_CORNERS_OF_EYES, ())
    return {
        "mouth": gap(_LIPS),
        "blink": -np.mean([gap(pair) for pair in _LIDS], axis=0),
        "brow": height(landmarks, brows) - height(head, eyes),
        "smile": (outwards / unit / 2 + lifted) / np.sqrt(2),
    }


def beyond(values: np.ndarray, poses: np.ndarray) -> np.ndarray:
    """[N] what is left of a signal beyond what goes with the pose, by least squares, up to its squares.

    Few frames, which ten numbers would explain whatever they were, keep theirs.

    Args:
        values: [N].
        poses: [N, 3] rotation vectors of the head.
    """
    if len(values) < _FEWEST_FRAMES:
        return np.asarray(values - values.mean())
    rows, columns = np.triu_indices(3)
    known = np.column_stack([np.ones(len(values)), poses, poses[:, rows] * poses[:, columns]])
    return np.asarray(values - known @ np.linalg.lstsq(known, values, rcond=None)[0])


def correlation(solved: np.ndarray, tracked: np.ndarray) -> float | None:
    """Pearson's; None where one of them hardly moves: rounding and perspective may go along with anything."""
    if len(solved) < 2 or tracked.std() < 1e-9 or solved.std() < _LEAST_MOTION * tracked.std():
        return None
    return float(np.corrcoef(solved, tracked)[0, 1])
