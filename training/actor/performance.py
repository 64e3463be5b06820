"""What the actor does in a shot: expression weights and head motion, frame by frame, from a role and a seed.

Rule: the same role, length and seed give the same performance, bit for bit; no two seeds give the same.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from engine.shots import Role
from training.actor.speech import SENTENCES, speak, weights_of

RATE_HZ = 30.0

EXPRESSIONS = (
    {"mouthSmile": 0.85, "cheekSquint": 0.65, "eyeSquint": 0.35, "mouthDimple": 0.35},
    {"mouthSmile": 0.75, "jawOpen": 0.32, "cheekSquint": 0.7, "mouthUpperUp": 0.35, "eyeSquint": 0.4},
    {"browInnerUp": 0.9, "browOuterUp": 0.85, "eyeWide": 0.8, "jawOpen": 0.45},
    {"browDown": 0.95, "noseSneer": 0.45, "mouthPress": 0.65, "eyeSquint": 0.5},
    {"browDown": 0.85, "noseSneer": 0.9, "mouthUpperUp": 0.8, "jawOpen": 0.2, "mouthLowerDown": 0.5},
    {"browInnerUp": 0.9, "mouthFrown": 0.85, "mouthShrugLower": 0.45, "mouthShrugUpper": 0.4, "eyeSquint": 0.2},
    {"noseSneer": 0.9, "mouthUpperUp": 0.6, "cheekSquint": 0.5, "browDown": 0.4, "mouthFrown": 0.35},
    {"browInnerUp": 0.9, "browOuterUp": 0.5, "eyeWide": 0.9, "mouthStretch": 0.85, "jawOpen": 0.18},
    {"mouthPucker": 0.95, "eyeSquint": 0.25},
    {"cheekPuff": 0.9, "mouthPress": 0.4, "mouthPucker": 0.2},
    {"jawOpen": 0.95, "browOuterUp": 0.4, "eyeWide": 0.3},
    {"mouthSmileLeft": 0.75, "cheekSquintLeft": 0.6, "mouthDimpleLeft": 0.5, "browOuterUpRight": 0.6},
    {"mouthSmileRight": 0.75, "cheekSquintRight": 0.6, "mouthUpperUpRight": 0.4, "browOuterUpLeft": 0.6},
    {"mouthLeft": 0.85, "jawLeft": 0.5},
    {"mouthRight": 0.85, "jawRight": 0.5},
    {"mouthRollLower": 0.8, "mouthRollUpper": 0.7, "mouthPress": 0.4},
    {"mouthFunnel": 0.9, "jawOpen": 0.3},
    {"jawForward": 0.9, "mouthFrown": 0.3},
    {"eyeBlink": 1.0, "eyeSquint": 0.8, "noseSneer": 0.5, "mouthPress": 0.5, "cheekSquint": 0.6},
    {"jawOpen": 0.5, "tongueOut": 0.95},
    {"mouthShrugUpper": 0.7, "mouthShrugLower": 0.7, "mouthFrown": 0.4, "browInnerUp": 0.4},
    {"mouthLowerDown": 0.9, "mouthUpperUp": 0.7, "mouthStretch": 0.4, "jawOpen": 0.1},
)
MOODS = (
    {},
    {"mouthSmile": 0.30, "cheekSquint": 0.22},
    {"browDown": 0.45, "noseSneer": 0.15, "mouthPress": 0.10},
    {"browInnerUp": 0.5, "mouthFrown": 0.35},
    {"browOuterUp": 0.45, "eyeWide": 0.3, "browInnerUp": 0.3},
    {"eyeSquint": 0.4, "mouthSmileLeft": 0.25},
)


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """A shot before it is rendered.

    Args:
        weights: [N, 52] float32 in 0..1.
        head_turn_deg: [N, 3] yaw, pitch, roll.
        head_shift_cm: [N, 3].
    """

    weights: np.ndarray
    head_turn_deg: np.ndarray
    head_shift_cm: np.ndarray


def perform(role: Role, num_frames: int, seed: tuple[int, ...], units: tuple[str, ...]) -> Performance:
    """Act.

    Args:
        role: What the shot is for.
        num_frames: N at 30 frames/s.
        seed: Any numbers; all of them count.
        units: The rig's 52.
    """
    rng = np.random.default_rng(seed)
    weights = _PARTS[role](num_frames, units, rng)
    liveliness = 0.5 if role is Role.RANGE_OF_MOTION else 1.0
    weights += _micro_motion(num_frames, len(units), rng)
    weights += _gaze(num_frames, units, rng, liveliness)
    blink = _blinks(num_frames, rng)
    for unit in ("eyeBlinkLeft", "eyeBlinkRight"):
        column = units.index(unit)
        weights[:, column] = np.maximum(weights[:, column], blink * rng.uniform(0.96, 1.0))
    turn = _drift(num_frames, 3, 0.9, rng) * np.array([4.5, 3.0, 2.0]) * liveliness
    turn += _drift(num_frames, 3, 0.25, rng) * np.array([0.9, 1.1, 0.5]) * liveliness
    shift = _drift(num_frames, 3, 1.4, rng) * np.array([0.55, 0.35, 0.5])
    return Performance(np.clip(weights, 0, 1).astype(np.float32), turn, shift)


def _drift(num_frames: int, columns: int, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """[N, columns] smooth wandering of unit deviation."""
    sigma = seconds * RATE_HZ
    margin = int(4 * sigma)
    noise = gaussian_filter1d(rng.normal(size=(num_frames + 2 * margin, columns)), sigma, axis=0, mode="wrap")
    # A Gaussian-filtered white noise has this deviation, whatever the length.
    return noise[margin : margin + num_frames] / np.sqrt(1 / (2 * sigma * np.sqrt(np.pi)))


def _micro_motion(num_frames: int, num_units: int, rng: np.random.Generator) -> np.ndarray:
    return np.maximum(_drift(num_frames, num_units, 0.5, rng) - 0.8, 0) * 0.035


def _ease(num_frames: int, start_s: float, rise_s: float, hold_s: float, fall_s: float) -> np.ndarray:
    """[N] an eased plateau."""
    t = np.arange(num_frames) / RATE_HZ - start_s
    up = np.clip(t / rise_s, 0, 1)
    down = np.clip((rise_s + hold_s + fall_s - t) / fall_s, 0, 1)
    share = np.minimum(up, down)
    return share * share * (3 - 2 * share)


def _blinks(num_frames: int, rng: np.random.Generator) -> np.ndarray:
    closed = np.zeros(num_frames)
    moment = rng.uniform(0.3, 2.5)
    while moment < num_frames / RATE_HZ:
        closed = np.maximum(closed, _ease(num_frames, moment, 0.08, rng.uniform(0.02, 0.07), rng.uniform(0.12, 0.2)))
        moment += 0.9 + rng.exponential(2.6)
    return closed


def _gaze(num_frames: int, units: tuple[str, ...], rng: np.random.Generator, liveliness: float) -> np.ndarray:
    """Fixations and saccades, both eyes together; lids follow because the units carry them."""
    aim = np.zeros((num_frames, 2))  # sideways (left positive), up
    frame = 0
    while frame < num_frames:
        length = int(rng.uniform(0.35, 2.4) * RATE_HZ)
        aim[frame : frame + length] = rng.normal(0, [0.34, 0.26]) * liveliness
        frame += length
    aim = np.clip(gaussian_filter1d(aim, 0.9, axis=0), -1, 1)
    weights = np.zeros((num_frames, len(units)))
    for unit, value in (
        ("eyeLookOutLeft", aim[:, 0]), ("eyeLookInRight", aim[:, 0]), ("eyeLookInLeft", -aim[:, 0]),
        ("eyeLookOutRight", -aim[:, 0]), ("eyeLookUpLeft", aim[:, 1]), ("eyeLookUpRight", aim[:, 1]),
        ("eyeLookDownLeft", -aim[:, 1]), ("eyeLookDownRight", -aim[:, 1]),
    ):  # fmt: skip
        weights[:, units.index(unit)] = np.maximum(value, 0)
    return weights


def _range_of_motion(num_frames: int, units: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    """Every unit to its end, one after the other, sides together or alone."""
    weights = np.zeros((num_frames, len(units)))
    stems = list(dict.fromkeys(unit.removesuffix("Left").removesuffix("Right") for unit in units))
    stems = [stem for stem in stems if not stem.startswith(("eyeLook", "mouthClose"))]
    moment, queue = 0.2, []
    while moment < num_frames / RATE_HZ:
        if not queue:
            queue = [stems[i] for i in rng.permutation(len(stems))]
        stem = queue.pop()
        gain = rng.uniform(0.75, 1.0)
        rise, hold, fall = rng.uniform(0.25, 0.5), rng.uniform(0.05, 0.3), rng.uniform(0.25, 0.5)
        curve = gain * _ease(num_frames, moment, rise, hold, fall)
        if stem in units:
            weights[:, units.index(stem)] += curve
        elif f"{stem}Left" in units:
            left, right = ((1, 1), (1, 1), (1, 0.1), (0.1, 1))[rng.integers(4)]
            weights[:, units.index(f"{stem}Left")] += left * curve
            weights[:, units.index(f"{stem}Right")] += right * curve
        moment += rise + hold + 0.6 * fall
    return weights


def _expressions(num_frames: int, units: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    weights = np.zeros((num_frames, len(units)))
    moment = 0.2
    while moment < num_frames / RATE_HZ:
        target = weights_of(EXPRESSIONS[rng.integers(len(EXPRESSIONS))], units)
        target *= rng.uniform(0.6, 1.15) * rng.normal(1, 0.12, len(units)).clip(0.6, 1.4)
        rise, hold, fall = rng.uniform(0.25, 0.7), rng.uniform(0.1, 0.9), rng.uniform(0.3, 0.8)
        weights += _ease(num_frames, moment, rise, hold, fall)[:, None] * target
        moment += rise + hold + rng.uniform(0.3, 1.0) * fall
    return weights


def _speech(num_frames: int, units: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    """Sentences in changing moods, a breath between them."""
    weights = np.zeros((num_frames, len(units)))
    frame = int(rng.uniform(0.1, 0.5) * RATE_HZ)
    while frame < num_frames:
        spoken = speak(
            SENTENCES[rng.integers(len(SENTENCES))], units, RATE_HZ, rng,
            tempo=rng.uniform(0.8, 1.25), loudness=rng.uniform(0.85, 1.7),
        )[: num_frames - frame]  # fmt: skip
        weights[frame : frame + len(spoken)] += spoken
        mood = weights_of(MOODS[rng.integers(len(MOODS))], units) * rng.uniform(0.6, 1.5)
        share = _ease(num_frames, frame / RATE_HZ - 0.3, 0.5, max(0.1, len(spoken) / RATE_HZ - 0.4), 0.5)
        weights += share[:, None] * mood
        frame += len(spoken) + int(rng.uniform(0.2, 0.8) * RATE_HZ)
    emphasis = np.maximum(_drift(num_frames, 2, 0.22, rng) - 0.6, 0)
    for column, names in enumerate(
        (("browInnerUp", "browOuterUpLeft", "browOuterUpRight"), ("browDownLeft", "browDownRight"))
    ):
        for name in names:
            weights[:, units.index(name)] += 0.4 * emphasis[:, column]
    return weights


def _in_character(num_frames: int, units: tuple[str, ...], rng: np.random.Generator) -> np.ndarray:
    """Speech and reactions, sometimes together."""
    acting = _drift(num_frames, 1, 1.0, rng)
    speaks = 1 / (1 + np.exp(-6 * (acting + 0.35)))
    return _speech(num_frames, units, rng) * speaks + _expressions(num_frames, units, rng) * (1 - 0.75 * speaks)


_PARTS: dict[Role, Callable[[int, tuple[str, ...], np.random.Generator], np.ndarray]] = {
    Role.RANGE_OF_MOTION: _range_of_motion,
    Role.EXPRESSIONS: _expressions,
    Role.PANGRAMS: _speech,
    Role.IN_CHARACTER: _in_character,
    Role.VALIDATION: _in_character,
}
