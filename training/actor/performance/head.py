"""The head of somebody who sits: posture, breath, nods with the words, and what gestures ask for.

Rule: yaw, pitch and roll in degrees; to the left, down and towards the right shoulder are positive, as in `rotation`.
"""

import numpy as np

from training.actor.curves import drift, smooth_step, soft_limit
from training.actor.performance.score import Score

TURN_LIMIT_DEG = (18.0, 14.0, 10.0)
SHIFT_LIMIT_CM = 2.5
_WANDER_DEG = (2.2, 1.5, 1.1)
_FINE_DEG = (0.5, 0.5, 0.3)
_TALK_DEG = (0.9, 1.1, 0.6)
_POSTURE_DEG = (4.5, 2.5, 2.2)
_WANDER_CM = (0.35, 0.2, 0.4)
_POSTURE_CM = (0.55, 0.3, 0.6)
_NOD_DEG = 2.4
_FOLLOWS_GAZE = 0.4  # of a glance's angle the head goes along


def breath(score: Score, rng: np.random.Generator) -> np.ndarray:
    """[N] -1..1, in and out at rest; breathing in is quicker."""
    rate_hz = rng.uniform(0.2, 0.3)
    wander = 0.6 * drift(score.num_frames, 1, 2.5, rng)[:, 0]
    phase = 2 * np.pi * (score.times * rate_hz + rng.random()) + wander
    return np.sin(phase + 0.35 * np.sin(phase))


def turn_head(
    score: Score, room_deg: np.ndarray, breath_share: np.ndarray, calm: float, rng: np.random.Generator
) -> np.ndarray:  # fmt: skip
    """[N, 3] yaw, pitch, roll within `TURN_LIMIT_DEG`.

    Args:
        score: The shot; its accents nod, its gestures turn.
        room_deg: [N, 2] where the eyes aim, which the head follows a little, late and slowly.
        breath_share: [N] of `breath`.
        calm: Scales everything that is not a gesture; below 1 for exercises.
        rng: The actor's whim.
    """
    num = score.num_frames
    restless, lean = _by_tone(score, rng)
    turn = drift(num, 3, 1.6, rng) * _WANDER_DEG + drift(num, 3, 0.3, rng) * _FINE_DEG
    turn += drift(num, 3, 0.14, rng) * _TALK_DEG * score.talking[:, None]
    turn *= restless[:, None]
    turn += _postures(score, rng) * _POSTURE_DEG + lean
    turn[:, 1] -= 0.35 * breath_share  # breathing in lifts the chin
    followed = _FOLLOWS_GAZE * _slowly(score, room_deg)
    turn[:, 0] += followed[:, 0]
    turn[:, 1] -= 0.7 * followed[:, 1]
    turn[:, 1] += _nods(score, rng)
    turn = calm * turn + score.turn_deg
    return np.stack([soft_limit(turn[:, axis], TURN_LIMIT_DEG[axis]) for axis in range(3)], axis=1)


def shift_head(
    score: Score, turn_deg: np.ndarray, breath_share: np.ndarray, calm: float, rng: np.random.Generator
) -> np.ndarray:  # fmt: skip
    """[N, 3] centimetres: the trunk sways, leans and breathes."""
    shift = drift(score.num_frames, 3, 1.8, rng) * _WANDER_CM + _postures(score, rng) * _POSTURE_CM
    shift *= calm
    shift[:, 1] += 0.06 * breath_share
    shift[:, 0] += 0.035 * turn_deg[:, 0]  # the neck bends with the turn
    shift[:, 2] += 0.04 * turn_deg[:, 1]
    return np.asarray(soft_limit(shift, SHIFT_LIMIT_CM))


def _postures(score: Score, rng: np.random.Generator) -> np.ndarray:
    """[N, 3] of about unit deviation: kept for some seconds, then another."""
    held = rng.normal(0, 0.8, 3)
    posture = np.tile(held, (score.num_frames, 1))
    moment = rng.uniform(1.0, 7.0)
    while moment < score.length_s:
        chosen = 0.35 * held + rng.normal(0, 0.75, 3)
        posture += smooth_step((score.times - moment) / rng.uniform(0.6, 1.4))[:, None] * (chosen - held)
        held = chosen
        moment += rng.uniform(3.0, 10.0)
    return posture


def _by_tone(score: Score, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """[N] restlessness and [N, 3] lean of the moods that pass."""
    restless, lean = np.ones(score.num_frames), np.zeros((score.num_frames, 3))
    side = rng.choice((-1.0, 1.0))
    for span in score.spans:
        share = score.gesture(span.start_s - 0.4, 0.8, max(0.1, span.end_s - span.start_s - 0.6), 0.8)
        restless += share * (span.tone.restlessness - 1)
        lean += share[:, None] * (0.0, span.tone.pitch_deg, side * span.tone.roll_deg)
    return restless.clip(0.3, 2.0), lean


def _slowly(score: Score, room_deg: np.ndarray) -> np.ndarray:
    """[N, 2] as a heavy head follows: a critically damped chase."""
    followed = np.empty_like(room_deg)
    place, speed = room_deg[0].copy(), np.zeros(2)
    stiffness_hz = 5.0
    for frame in range(score.num_frames):
        speed += (stiffness_hz**2 * (room_deg[frame] - place) - 2 * stiffness_hz * speed) / 30.0
        place = place + speed / 30.0
        followed[frame] = place
    return followed


def _nods(score: Score, rng: np.random.Generator) -> np.ndarray:
    """[N] degrees: down on a stressed word and back, sometimes up instead."""
    pitch = np.zeros(score.num_frames)
    for accent in score.accents:
        way = 1.0 if rng.random() < 0.75 else -0.7
        size = way * _NOD_DEG * accent.strength * rng.uniform(0.3, 1.1)
        pitch += size * score.gesture(accent.time_s - 0.1, rng.uniform(0.14, 0.2), 0.02, rng.uniform(0.28, 0.5))
    return pitch
