"""Which moments of a clip tell most about a head, and when lips and lids touch.

Rule: all from the track, before anything is solved.
"""

import numpy as np

from training.bootstrap.doubts import Doubts
from training.bootstrap.track import Track

# Upper and lower inner lip, the middle and beside it.
_LIP_PAIRS = ((13, 14), (82, 87), (312, 317))
# Of the distance between the eyes. Filmed mouths are below the first (shut) or above the second (open); few between.
_SHUT, _OPEN = 0.012, 0.03
# Upper and lower lid in the middle, and the eye's corners: the actor's left eye, then the right one.
_EYES = ((386, 374, 263, 362), (159, 145, 33, 133))
# Of the eye's own width: a tracker's lids never touch. Filmed eyes blink below the first, laughing ones are above the
# second.
_LIDS_SHUT, _LIDS_OPEN = 0.06, 0.13
# Correlations: blinks that belong to a clip reach 0.98, those of five frames later 0.44, another clip's 0.1.
_LEAST_AGREEMENT, _BETTER = 0.5, 0.1
_MOST_DELAY_S = 2.0
_LEAST_MOTION, _LEAST_SCORE_MOTION = 0.03, 0.01  # deviations of a gap and of a score that moves at all
_EDGE = (127, 356)  # the face's outline beside the right and the left eye
_BRIDGE = 6  # the nose between them
_TURN_WEIGHT = 3.0  # a turned head tells as much as a large expression


def lip_seal(track: Track) -> np.ndarray:
    """[N] 0..1, how surely the lips touch all along; 0 without a face."""
    return _shut_share(_lip_gap(track), _SHUT, _OPEN)


def lid_seals(track: Track) -> np.ndarray:
    """[N, 2] 0..1, how surely the lids of the left and the right eye touch; 0 without a face."""
    return np.stack([_shut_share(gap, _LIDS_SHUT, _LIDS_OPEN) for gap in _lid_gaps(track)], axis=1)


def score_delay(track: Track, doubts: Doubts) -> int | None:
    """By how many frames scores of blinks come after those in the pictures; negative where they come before.

    Where lids do not move, the mouth tells. None where scores do not go with the landmarks at all: those of another
    clip, or none. 0 where nothing moves that could tell.
    """
    used = doubts.is_used
    jaw, left, right = track.ordered_scores(("jawOpen", "eyeBlinkLeft", "eyeBlinkRight")).T
    for score, gap in (((left + right) / 2, -np.mean(_lid_gaps(track), axis=0)), (jaw, _lip_gap(track))):
        if used.any() and score[used].max() >= 0 and gap[used].std() > _LEAST_MOTION:
            return _delay(_standard(score, used), _standard(gap, used), float(track.rate[0] / track.rate[1]))
    return 0


def _delay(score: np.ndarray, gap: np.ndarray, rate_hz: float) -> int | None:
    """Frames from the gap to the score, both [N] standard values; None where they never go together."""
    most = min(round(_MOST_DELAY_S * rate_hz), len(score) // 2)
    agreement = np.empty(2 * most + 1)
    for place, delay in enumerate(range(-most, most + 1)):
        late, early = max(delay, 0), max(-delay, 0)
        agreement[place] = (score[late : len(score) - early] * gap[early : len(gap) - late]).mean()
    best = int(agreement.argmax())
    if agreement[best] < _LEAST_AGREEMENT:
        return None
    return best - most if agreement[best] > agreement[most] + _BETTER else 0


def _standard(values: np.ndarray, used: np.ndarray) -> np.ndarray:
    """[N] by their mean and deviation; 0 where they are not used, or never move."""
    deviation = float(values[used].std())
    return np.where(used, values - values[used].mean(), 0.0) / max(deviation, _LEAST_SCORE_MOTION)


def _lip_gap(track: Track) -> np.ndarray:
    """[N] in distances between the eyes."""
    gaps = [np.linalg.norm(track.landmarks[:, a] - track.landmarks[:, b], axis=1) for a, b in _LIP_PAIRS]
    return np.asarray(np.mean(gaps, axis=0) / track.unit_px)


def _lid_gaps(track: Track) -> list[np.ndarray]:
    """[N] of the left and of the right eye, in the eye's own width."""

    def apart(one: int, other: int) -> np.ndarray:
        return np.asarray(np.linalg.norm(track.landmarks[:, one] - track.landmarks[:, other], axis=1))

    return [apart(upper, lower) / apart(outer, inner) for upper, lower, outer, inner in _EYES]


def _shut_share(gap: np.ndarray, shut: float, wide: float) -> np.ndarray:
    """[N] from 1 to 0 between two gaps, smoothly; 0 where there is none."""
    open_share = np.clip((gap - shut) / (wide - shut), 0, 1)
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
