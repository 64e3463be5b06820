"""A whole performance: a part played, then head, eyes, lids and breath laid over it.

Rule: the same role, length and seed give the same performance, bit for bit; no two seeds give the same.
"""

from dataclasses import dataclass

import numpy as np

from engine.shots import Role
from training.actor.performance.acting import play_scenes, recite, show_expressions
from training.actor.performance.blend import close_eyes, combine, flare
from training.actor.performance.eyes import blink, fixations, gaze_path, look
from training.actor.performance.head import breath, shift_head, turn_head
from training.actor.performance.motion_range import exercise, push_jaw
from training.actor.performance.score import Score
from training.actor.speech.scenes import LATER_SCENES, SCENES
from training.actor.speech.sentences import LATER_PANGRAMS, LATER_SENTENCES, PANGRAMS, SENTENCES

_LATER_VARIETY = 0.85
_NOTHING_SEEN = "a pause"  # a shot of a few frames may hold no whole word
# Validation is of another day: the same numbers must not bring back a training shot's whims.
_STREAM = {role: number for number, role in enumerate(Role)}
_CALM = {Role.RANGE_OF_MOTION: 0.4, Role.EXPRESSIONS: 0.6}
# The partner sits beside the camera.
_PARTNER_SIDE_DEG, _PARTNER_UP_DEG = 2.5, 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """A shot before it is rendered.

    Args:
        weights: [N, 52] float32 in 0..1.
        lip_seal: [N] float32; 1 where the lips touch all along.
        lip_to_teeth: [N] float32; 1 where the lower lip is at the upper teeth.
        head_turn_deg: [N, 3] float32; yaw (to the actor's left), pitch (down), roll (to the right shoulder).
        head_shift_cm: [N, 3] float32.
        notes: What was performed, for people.
    """

    weights: np.ndarray
    lip_seal: np.ndarray
    lip_to_teeth: np.ndarray
    head_turn_deg: np.ndarray
    head_shift_cm: np.ndarray
    notes: str


def perform(
    role: Role, num_frames: int, seed: tuple[int, ...], units: tuple[str, ...], *, is_jaw_alone: bool = False
) -> Performance:
    """Act.

    Args:
        role: What the shot is for; it says what is played.
        num_frames: N at 30 frames/s.
        seed: Any numbers that are not negative; all of them count.
        units: The rig's 52.
        is_jaw_alone: Play nothing but the jaw going forward and back.
    """
    rng = np.random.default_rng((*seed, _STREAM[role]))
    score = Score(num_frames, units)
    if is_jaw_alone:
        push_jaw(score, rng)
    else:
        _play_part(role, score, sum(seed), rng)

    breath_share = breath(score, rng)
    partner = (rng.normal(0, _PARTNER_SIDE_DEG), rng.normal(0, _PARTNER_UP_DEG))
    points = fixations(score, partner, rng)
    room_deg = gaze_path(score, points, rng)
    calm = _CALM.get(Role.RANGE_OF_MOTION if is_jaw_alone else role, 1.0)
    turn_deg = turn_head(score, room_deg, breath_share, calm, rng)
    shift_cm = shift_head(score, turn_deg, breath_share, calm, rng)

    face = combine(score, rng)
    weights = face.weights
    flare(weights, score, breath_share)
    close_eyes(weights, score, blink(score, points, rng), rng)
    weights += look(score, room_deg, turn_deg)
    return Performance(
        np.clip(weights, 0, 1).astype(np.float32),
        face.lip_seal.astype(np.float32),
        face.lip_to_teeth.astype(np.float32),
        turn_deg.astype(np.float32),
        shift_cm.astype(np.float32),
        "; ".join(score.notes) or _NOTHING_SEEN,
    )


def _play_part(role: Role, score: Score, number: int, rng: np.random.Generator) -> None:
    match role:
        case Role.RANGE_OF_MOTION:
            exercise(score, rng)
        case Role.EXPRESSIONS:
            show_expressions(score, number, rng)
        case Role.PANGRAMS:
            recite(score, PANGRAMS, SENTENCES, rng)
        case Role.IN_CHARACTER:
            play_scenes(score, SCENES, rng)
        case Role.VALIDATION:
            play_scenes(score, LATER_SCENES, rng, LATER_PANGRAMS + LATER_SENTENCES, _LATER_VARIETY)
