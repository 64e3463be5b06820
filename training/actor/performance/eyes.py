"""Eyes: where they look, how they jump there, and when and how the lids close.

Rule: gaze is planned in the room and turned into the head, so that eyes hold their aim while the head moves.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from training.actor.curves import RATE_HZ, drift, smooth_step, soft_limit
from training.actor.performance.score import Glance, Score, Span
from training.actor.speech.tones import TONES

# What a gaze unit at 1 turns the eye by.
SIDE_DEG, UP_DEG, DOWN_DEG = 32.0, 24.0, 28.0
VERGENCE_DEG = 1.4  # each eye inwards: a partner at about 1.2 m
_PARTNER_DEG = 2.0  # eyes and mouth of the partner lie about so far apart
_EXCURSION_DEG, _FURTHEST_DEG = 10.0, 21.0
_TREMOR_DEG = 0.08
_LARGE_SACCADE_DEG = 9.0
_REFRACTORY_S = 0.45
_BLINKS_AT_PHRASE_END, _BLINKS_WITH_SACCADE = 0.35, 0.25
_EYE_LIMIT_DEG = (34.0, 27.0)


@dataclass(frozen=True, slots=True)
class Fixation:
    """The eyes rest on a point of the room from here on."""

    start_s: float
    yaw_deg: float
    pitch_deg: float


def fixations(score: Score, partner_deg: tuple[float, float], rng: np.random.Generator) -> list[Fixation]:
    """Where the eyes go over a shot: mostly to the partner, sometimes away, and wherever a glance was asked for.

    Args:
        score: The shot.
        partner_deg: Where the partner is, yaw and pitch; the camera stands at zero.
        rng: The actor's whim.
    """
    glances = sorted(score.glances, key=lambda glance: glance.start_s)
    found: list[Fixation] = []
    moment = -rng.uniform(0, 0.8)
    while moment < score.length_s:
        asked = next((glance for glance in glances if glance.start_s <= moment < glance.end_s), None)
        upcoming = min((glance.start_s for glance in glances if glance.start_s > moment), default=np.inf)
        if asked is not None:
            aim, stay = _on(asked, rng)
            stay = min(stay, asked.end_s - moment)
        else:
            aim, stay = _whim(score, moment, partner_deg, rng)
        found.append(Fixation(moment, *aim))
        moment += max(0.1, min(stay, upcoming - moment))
    return found


def _on(glance: Glance, rng: np.random.Generator) -> tuple[tuple[float, float], float]:
    return (glance.yaw_deg + rng.normal(0, 1.0), glance.pitch_deg + rng.normal(0, 0.8)), rng.gamma(3.0, 0.25)


def _whim(
    score: Score, moment: float, partner_deg: tuple[float, float], rng: np.random.Generator
) -> tuple[tuple[float, float], float]:  # fmt: skip
    span = _span_at(score.spans, moment)
    tone = span.tone if span else TONES["neutral"]
    # Who begins to speak looks away to think, and back as the phrase ends (Kendon 1967).
    averted = tone.averted
    if span and span.is_spoken:
        averted *= 1.5 if moment < span.start_s + 0.35 * (span.end_s - span.start_s) else 0.6
    if rng.random() < averted:
        yaw = rng.choice((-1.0, 1.0)) * min(_FURTHEST_DEG, rng.gamma(4.0, _EXCURSION_DEG / 4))
        pitch = tone.averted_pitch_deg + rng.normal(0, 4.0)
        return (partner_deg[0] + yaw, partner_deg[1] + pitch), rng.gamma(2.5, 0.28)
    offset = rng.normal(0, _PARTNER_DEG / 2, 2)
    return (partner_deg[0] + offset[0], partner_deg[1] + offset[1]), rng.gamma(2.2, 0.42)


def _span_at(spans: list[Span], moment: float) -> Span | None:
    return next((span for span in reversed(spans) if span.start_s <= moment < span.end_s), None)


def gaze_path(score: Score, points: list[Fixation], rng: np.random.Generator) -> np.ndarray:
    """[N, 2] degrees in the room: ballistic jumps between fixations, small ones and tremor within."""
    path = np.tile([points[0].yaw_deg, points[0].pitch_deg], (score.num_frames, 1)).astype(np.float64)
    for before, after in pairwise(points):
        step = np.array([after.yaw_deg - before.yaw_deg, after.pitch_deg - before.pitch_deg])
        path += _saccade(score.times, after.start_s, step)
    moment = rng.uniform(0.1, 0.8)
    offset = np.zeros(2)
    while moment < score.length_s:  # micro-saccades return to where they came from
        step = rng.normal(0, 0.3, 2) - 0.7 * offset
        path += _saccade(score.times, moment, step)
        offset += step
        moment += rng.gamma(3.0, 0.3)
    return path + _TREMOR_DEG * drift(score.num_frames, 2, 0.06, rng)


def _saccade(times: np.ndarray, start_s: float, step_deg: np.ndarray) -> np.ndarray:
    """[N, 2] a jump; its duration grows with its size (the main sequence, Bahill et al. 1975)."""
    duration = 0.021 + 0.0022 * float(np.hypot(*step_deg))
    return np.asarray(smooth_step((times - start_s) / duration)[:, None] * step_deg)


def look(score: Score, room_deg: np.ndarray, head_turn_deg: np.ndarray) -> np.ndarray:
    """[N, 52] gaze weights of both eyes.

    Args:
        score: Its told gaze takes over where it has a share.
        room_deg: [N, 2] where the eyes aim.
        head_turn_deg: [N, 3] yaw, pitch (down), roll, which the eyes make up for.
    """
    in_head = room_deg - np.stack([head_turn_deg[:, 0], -head_turn_deg[:, 1]], axis=1)
    told = score.gaze_share[:, None]
    in_head = in_head * (1 - told) + score.gaze_deg
    yaw = soft_limit(in_head[:, 0], _EYE_LIMIT_DEG[0])
    pitch = soft_limit(in_head[:, 1], 1.12 * _EYE_LIMIT_DEG[1])
    weights = np.zeros((score.num_frames, len(score.units)))
    for side, outwards in (("Left", yaw - VERGENCE_DEG), ("Right", -yaw - VERGENCE_DEG)):
        weights[:, score.column(f"eyeLookOut{side}")] = np.maximum(outwards, 0) / SIDE_DEG
        weights[:, score.column(f"eyeLookIn{side}")] = np.maximum(-outwards, 0) / SIDE_DEG
        weights[:, score.column(f"eyeLookUp{side}")] = np.maximum(pitch, 0) / UP_DEG
        weights[:, score.column(f"eyeLookDown{side}")] = np.maximum(-pitch, 0) / DOWN_DEG
    return weights


def blink(score: Score, points: list[Fixation], rng: np.random.Generator) -> np.ndarray:
    """[N] how far the lids are closed by blinking: at ends of phrases, with large saccades, and now and then."""
    moments = [end + rng.normal(0.05, 0.08) for end in score.phrase_ends_s if rng.random() < _BLINKS_AT_PHRASE_END]
    for before, after in pairwise(points):
        size = np.hypot(after.yaw_deg - before.yaw_deg, after.pitch_deg - before.pitch_deg)
        if size > _LARGE_SACCADE_DEG and rng.random() < _BLINKS_WITH_SACCADE:
            moments.append(after.start_s - 0.03)
    moment = rng.uniform(0, 1.5)
    while moment < score.length_s:
        span = _span_at(score.spans, moment)
        rate_hz = span.tone.blinks_hz if span else TONES["neutral"].blinks_hz
        moments.append(moment)
        moment += 0.7 + rng.exponential(1 / rate_hz)
    closed = np.zeros(score.num_frames)
    last = -np.inf
    for moment in sorted(moments):
        if moment - last < _REFRACTORY_S:
            continue
        kind = rng.random()
        depth = rng.uniform(0.35, 0.7) if kind < 0.12 else rng.uniform(0.96, 1.03)
        closed = np.maximum(closed, depth * _lid(score.times, moment, rng))
        last = moment
        if kind > 0.93:  # some come in pairs
            last = moment + rng.uniform(0.3, 0.4)
            closed = np.maximum(closed, depth * _lid(score.times, last, rng))
    return closed


def _lid(times: np.ndarray, start_s: float, rng: np.random.Generator) -> np.ndarray:
    """[N] down fast, up slower and slower."""
    closing, closed, opening = rng.uniform(0.07, 0.1), rng.uniform(0.012, 0.05), rng.uniform(0.16, 0.24)
    down = smooth_step((times - start_s) / closing)
    risen = np.clip((times - start_s - closing - closed) / opening, 0, 1)
    return np.asarray(np.minimum(down, 1 - smooth_step(risen**0.75)))


def blinks_per_minute(closed: np.ndarray) -> float:
    """How often lids close more than halfway in an [N] curve."""
    is_closed = closed > 0.5
    return float(np.sum(is_closed[1:] & ~is_closed[:-1]) / (len(closed) / RATE_HZ) * 60)
