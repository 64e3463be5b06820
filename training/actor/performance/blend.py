"""How what is played at the same time adds up in one face.

Rule: muscles that pull against each other yield; speech has the mouth; nothing stops dead at a limit.
"""

from dataclasses import dataclass

import numpy as np

from training.actor.curves import drift, sides_of, smooth_step, soft_weights
from training.actor.performance.score import Score

# While somebody talks, this much of what moods and gestures want of the mouth is dropped.
_GIVES_WAY_TO_SPEECH = {
    "jawOpen": 0.85, "mouthClose": 1.0, "mouthFunnel": 0.8, "mouthPucker": 0.8, "tongueOut": 0.9, "cheekPuff": 0.8,
    "mouthRollLower": 0.7, "mouthRollUpper": 0.7, "mouthPress": 0.6, "mouthLowerDown": 0.5, "mouthUpperUp": 0.4,
    "mouthShrugLower": 0.4, "mouthShrugUpper": 0.5, "mouthFrown": 0.25, "mouthSmile": 0.25, "mouthStretch": 0.4,
    "jawForward": 0.4, "jawLeft": 0.6, "jawRight": 0.6, "mouthLeft": 0.3, "mouthRight": 0.3, "mouthDimple": 0.3,
}  # fmt: skip
# Whoever is named first gives up this part of what both want.
_YIELDS = (
    ("mouthFrown", "mouthSmile", 0.9), ("mouthSmile", "mouthPucker", 0.75), ("mouthStretch", "mouthPucker", 0.8),
    ("mouthSmile", "mouthFunnel", 0.5), ("mouthStretch", "mouthFunnel", 0.6), ("mouthDimple", "mouthPucker", 0.8),
    ("mouthFrown", "mouthPucker", 0.5), ("mouthFunnel", "mouthPress", 0.8), ("mouthFunnel", "mouthRollUpper", 0.8),
    ("mouthFunnel", "mouthRollLower", 0.5), ("mouthUpperUp", "mouthRollUpper", 0.5),
    ("mouthLowerDown", "mouthRollLower", 0.6), ("mouthLowerDown", "mouthShrugLower", 0.7),
    ("mouthShrugLower", "jawOpen", 0.8), ("mouthPress", "jawOpen", 0.9), ("mouthStretch", "mouthSmile", 0.5),
    ("cheekPuff", "jawOpen", 0.95), ("cheekPuff", "mouthUpperUp", 0.8), ("cheekPuff", "mouthLowerDown", 0.8),
    ("jawForward", "jawOpen", 0.35), ("browOuterUp", "browDown", 0.6), ("browDown", "browInnerUp", 0.35),
    ("eyeSquint", "eyeWide", 0.8), ("eyeWide", "cheekSquint", 0.5),
)  # fmt: skip
_RIVALS = (("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"))
_MICRO = 0.028
_SIDE_BIAS, _SIDE_DRIFT, _SPEECH_SIDEWAYS = 0.12, 0.16, 0.045
_BREATH_NOSTRILS = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """All that is played, added up.

    Args:
        weights: [N, 52], without gaze and blinks.
        lip_seal: [N] 0..1.
        lip_to_teeth: [N] 0..1.
    """

    weights: np.ndarray
    lip_seal: np.ndarray
    lip_to_teeth: np.ndarray


def combine(score: Score, rng: np.random.Generator) -> Face:
    """Add it up."""
    talking, units = score.talking, score.units
    # One mood follows another without a sum of both, and what comes on top finds less and less room.
    moods = score.moods / np.maximum(1.0, score.mood_share)[:, None]
    face = _over(score.face, _over(score.stress, moods))
    for name, share in _GIVES_WAY_TO_SPEECH.items():
        for unit in sides_of(name, units):
            face[:, score.column(unit)] *= 1 - share * talking
    # Around a closure of speech nothing else may hold the lips apart.
    for name in ("jawOpen", "mouthFunnel", "mouthUpperUp", "mouthLowerDown", "mouthStretch"):
        for unit in sides_of(name, units):
            face[:, score.column(unit)] *= 1 - 0.85 * score.closing
    weights = face + _one_sided(score, rng) * score.mouth + _micro_motion(score, rng)
    _let_the_jaw_wander(weights, score, rng)
    for unit, other, share in _YIELDS:
        _yield(weights, score, unit, other, share)
    for one, other in _RIVALS:
        overlap = np.minimum(weights[:, score.column(one)], weights[:, score.column(other)])
        weights[:, score.column(one)] -= overlap
        weights[:, score.column(other)] -= overlap
    seal, bite = _keep_possible(weights, score)
    return Face(soft_weights(weights), seal, bite)


def close_eyes(weights: np.ndarray, score: Score, blinked: np.ndarray, rng: np.random.Generator) -> None:
    """Lay blinks and eyes shut on purpose over a face, lids never quite alike."""
    for side in ("Left", "Right"):
        column = score.column(f"eyeBlink{side}")
        closed = np.maximum(blinked * rng.uniform(0.97, 1.0), score.shut)
        half_shut = weights[:, column]
        weights[:, column] = np.clip(half_shut + (1 - half_shut) * closed, 0, 1)
        weights[:, score.column(f"eyeWide{side}")] *= 1 - closed
        squint = score.column(f"eyeSquint{side}")
        weights[:, squint] = np.maximum(weights[:, squint], 0.14 * blinked)  # the lower lid helps


def flare(weights: np.ndarray, score: Score, breath_share: np.ndarray) -> None:
    """Nostrils follow the breath a little."""
    for unit in sides_of("noseSneer", score.units):
        weights[:, score.column(unit)] += _BREATH_NOSTRILS * np.maximum(breath_share, 0) * (1 - score.talking)


def _over(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    return np.asarray(upper + lower * (1 - np.clip(upper, 0, 1)))


def _one_sided(score: Score, rng: np.random.Generator) -> np.ndarray:
    """[N, 52] gains: people speak more with one side of the mouth, and not always the same."""
    bias = rng.normal(0, _SIDE_BIAS) + _SIDE_DRIFT * drift(score.num_frames, 4, 1.2, rng)
    gains = np.ones((score.num_frames, len(score.units)))
    for place, name in enumerate(("mouthUpperUp", "mouthLowerDown", "mouthStretch", "mouthSmile")):
        left, right = (score.column(unit) for unit in sides_of(name, score.units))
        gains[:, left] += bias[:, place]
        gains[:, right] -= bias[:, place]
    return gains.clip(0.3, 1.7)


def _let_the_jaw_wander(weights: np.ndarray, score: Score, rng: np.random.Generator) -> None:
    """Jaw and mouth do not stay in the middle while they speak."""
    sideways = drift(score.num_frames, 2, 0.5, rng) * _SPEECH_SIDEWAYS + rng.normal(0, 0.02, 2)
    sideways *= score.talking[:, None]
    for place, name in enumerate(("jaw", "mouth")):
        weights[:, score.column(f"{name}Left")] += np.maximum(sideways[:, place], 0)
        weights[:, score.column(f"{name}Right")] += np.maximum(-sideways[:, place], 0)


def _yield(weights: np.ndarray, score: Score, name: str, other: str, share: float) -> None:
    units, others = sides_of(name, score.units), sides_of(other, score.units)
    for place, unit in enumerate(units):
        if len(others) == len(units):
            against = weights[:, score.column(others[place])]
        else:
            against = np.max([weights[:, score.column(each)] for each in others], axis=0)
        column = score.column(unit)
        weights[:, column] -= share * np.clip(np.minimum(weights[:, column], against), 0, None)


def _keep_possible(weights: np.ndarray, score: Score) -> tuple[np.ndarray, np.ndarray]:
    """Hold jaw, lips and tongue to what one mouth can do; returns [N] how far lips seal, and meet the teeth."""
    jaw, close, tongue = (score.column(unit) for unit in ("jawOpen", "mouthClose", "tongueOut"))
    # Lips close no further than the jaw has opened.
    weights[:, close] = np.minimum(weights[:, close], np.maximum(weights[:, jaw], 0))
    # Without words, lips that are held shut part for a tongue and for an open mouth.
    out = smooth_step((weights[:, tongue] - 0.1) / 0.25)
    gape = smooth_step((weights[:, jaw] - weights[:, close] - 0.12) / 0.3)
    free = (1 - score.talking) * (1 - out) * (1 - gape)
    seal = np.maximum(score.lip_seal, score.held_shut * free * (1 - score.lip_to_teeth))
    bite = np.minimum(np.maximum(score.lip_to_teeth, score.held_bite * free), 1 - seal)
    # A tongue needs an open mouth.
    weights[:, tongue] *= smooth_step(weights[:, jaw] / 0.12) * (1 - seal)
    return seal, bite


def _micro_motion(score: Score, rng: np.random.Generator) -> np.ndarray:
    """[N, 52] small, slow, never the same on both sides; most muscles most of the time at rest."""
    wandering = drift(score.num_frames, len(score.units), 0.45, rng)
    micro = np.maximum(wandering - 0.7, 0) * _MICRO
    for unit in ("tongueOut", "mouthClose", *(unit for unit in score.units if unit.startswith("eye"))):
        micro[:, score.column(unit)] = 0
    return micro
