"""Which moments of a clip tell most about a head, and when the lips touch.

Rule: all from the track, before anything is solved.
"""

import numpy as np

from training.bootstrap.doubts import Doubts
from training.bootstrap.track import Track

# Upper and lower inner lip, the middle and beside it.
_LIP_PAIRS = ((13, 14), (82, 87), (312, 317))
# Of the distance between the eyes. Filmed mouths are below the first (shut) or above the second (open); few between.
_SHUT, _OPEN = 0.012, 0.03
_EDGE = (127, 356)  # the face's outline beside the right and the left eye
_BRIDGE = 6  # the nose between them
_TURN_WEIGHT = 3.0  # a turned head tells as much as a large expression


def lip_seal(track: Track) -> np.ndarray:
    """[N] 0..1, how surely the lips touch all along; 0 without a face."""
    gaps = [np.linalg.norm(track.landmarks[:, a] - track.landmarks[:, b], axis=1) for a, b in _LIP_PAIRS]
    open_share = np.clip((np.mean(gaps, axis=0) / track.unit_px - _SHUT) / (_OPEN - _SHUT), 0, 1)
    return np.nan_to_num(1 - open_share * open_share * (3 - 2 * open_share))


def telling_moments(track: Track, doubts: Doubts, count: int) -> np.ndarray:
    """[n] frames, at most `count`: the most usual face first, then always the one that differs most from all taken."""
    frames = np.flatnonzero(doubts.is_used)
    if not len(frames):
        return frames
    scores = track.scores[frames].astype(np.float64)
    features = np.concatenate([scores, _TURN_WEIGHT * _turns(track.landmarks[frames], track.unit_px[frames])], axis=1)
    chosen = [int(np.linalg.norm(features - np.median(features, axis=0), axis=1).argmin())]
    least = np.full(len(frames), np.inf)
    while len(chosen) < min(count, len(frames)):
        least = np.minimum(least, np.linalg.norm(features - features[chosen[-1]], axis=1))
        chosen.append(int(least.argmax()))
    return np.asarray(frames[chosen])


def _turns(landmarks: np.ndarray, unit_px: np.ndarray) -> np.ndarray:
    """[n, 3]: how far the nose's bridge is from the middle of the face, sideways and in height, and the roll."""
    right, left = landmarks[:, _EDGE[0]], landmarks[:, _EDGE[1]]
    across = left - right
    along = across / np.linalg.norm(across, axis=1, keepdims=True)
    off = (landmarks[:, _BRIDGE] - (left + right) / 2) / unit_px[:, None]
    sideways = (off * along).sum(axis=1)
    height = off[:, 1] * along[:, 0] - off[:, 0] * along[:, 1]
    return np.stack([sideways, height, np.arctan2(along[:, 1], along[:, 0])], axis=1)
