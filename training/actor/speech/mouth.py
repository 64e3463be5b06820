"""How a reading moves the mouth: visemes pull with dominance functions, lips meet and part where a sound needs it.

Rule: contacts are reached, not averaged: `lip_seal` and `lip_to_teeth` are exactly 1 for at least one frame a sound.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from training.actor.curves import RATE_HZ, sides_of, smooth_step
from training.actor.speech.phones import LIP_CLOSURES, LIP_TO_TEETH, PAUSE, VOWELS, Phone, Reading
from training.actor.speech.tones import Tone
from training.actor.speech.visemes import ARTICULATORS, SHAPES_OF, VISEMES, Articulator

_FINE = 4  # times the frame rate at which lips are moved, before they are sampled
_INERTIA_S = 0.012
_DOMINANCE_POWER = 1.6
# How much earlier than its sound, and how much longer after it, an articulator works: rounding is anticipated.
_LEAD_S = {Articulator.ROUNDING: 0.085, Articulator.JAW: 0.012, Articulator.SPREAD: 0.03}
_TRAIL_S = {Articulator.ROUNDING: 0.035, Articulator.JAW: 0.012, Articulator.SPREAD: 0.025}
_SPREAD_S = 0.012
_RESTING = 0.015  # what nothing in particular pulls with
_SEAL_RAMP_S, _APPROACH_RAMP_S = 0.05, 0.085
_HALF_FRAME_S = 0.5 / RATE_HZ + 0.0008
_MOUTH_CLOSE = 0.93  # closes as far as the jaw has opened, but for what the seal does
_STRESS = {0: 0.66, 1: 1.0, 2: 0.86}


@dataclass(frozen=True, slots=True, eq=False)
class Mouth:
    """A reading as the mouth moves, frame by frame.

    Args:
        weights: [n, 52].
        lip_seal: [n] 0..1, exactly 1 where lips are closed.
        lip_to_teeth: [n] 0..1, exactly 1 where the lower lip is at the upper teeth.
        closing: [n] 0..1, lips approaching either contact; leads and outlasts it.
    """

    weights: np.ndarray
    lip_seal: np.ndarray
    lip_to_teeth: np.ndarray
    closing: np.ndarray


@dataclass(frozen=True, slots=True)
class _Pull:
    """One mouth shape at its moment."""

    shape: str
    centre_s: float
    half_s: float
    size: float
    accent: float


def articulate(reading: Reading, times: np.ndarray, tone: Tone, units: tuple[str, ...]) -> Mouth:
    """Move the mouth.

    Args:
        reading: What is said.
        times: [n] seconds from the reading's start, one frame apart.
        tone: How.
        units: The rig's.
    """
    fine = (times[0] if len(times) else 0.0) + np.arange(len(times) * _FINE) / (RATE_HZ * _FINE)
    pulls = _pulls(reading)
    weights = np.zeros((len(fine), len(units)))
    for articulator, names in ARTICULATORS.items():
        targets = np.array([[_target(pull, name, tone) for name in names] for pull in pulls])
        blended = _blend(pulls, targets, articulator, fine)
        for column, name in enumerate(names):
            for unit in sides_of(name, units):
                weights[:, units.index(unit)] = blended[:, column]
    weights = gaussian_filter1d(weights, _INERTIA_S * RATE_HZ * _FINE, axis=0, mode="nearest")[::_FINE]

    seal = _contact(reading, LIP_CLOSURES, times, _SEAL_RAMP_S)
    bite = _contact(reading, LIP_TO_TEETH, times, _SEAL_RAMP_S)
    sealing = _contact(reading, LIP_CLOSURES, times, _APPROACH_RAMP_S)
    biting = _contact(reading, LIP_TO_TEETH, times, _APPROACH_RAMP_S)
    _bring_lips_together(weights, sealing, biting, units)
    return Mouth(weights, seal, bite, np.maximum(sealing, biting))


def _pulls(reading: Reading) -> list[_Pull]:
    pulls: list[_Pull] = []
    for place, phone in enumerate(reading.phones):
        half = phone.length_s / 2
        if phone.symbol == PAUSE:
            # A pause rests, and takes breath before it ends.
            pulls.append(_Pull("rest", phone.start_s + 0.4 * phone.length_s, 0.8 * half, 1.0, 0.0))
            if place + 1 < len(reading.phones):
                pulls.append(_Pull("breath", phone.start_s + 0.85 * phone.length_s, 0.4 * half, 1.0, 0.0))
            continue
        size = _STRESS[phone.stress] if phone.symbol in VOWELS else 1.0
        shapes = SHAPES_OF[phone.symbol]
        if phone.symbol == "AH" and phone.stress == 0:
            shapes, size = ("weak",), 1.0
        if len(shapes) == 1:
            pulls.append(_Pull(shapes[0], phone.centre_s, half, size, phone.accent))
        else:
            first, second = shapes
            pulls.append(_Pull(first, phone.start_s + 0.32 * phone.length_s, 0.62 * half, size, phone.accent))
            pulls.append(_Pull(second, phone.start_s + 0.84 * phone.length_s, 0.45 * half, 0.85 * size, phone.accent))
    return pulls


def _target(pull: _Pull, name: str, tone: Tone) -> float:
    value = VISEMES[pull.shape].face.get(name, 0.0) * pull.size
    if name == "jawOpen":
        return value * tone.loudness * (1 + 0.22 * pull.accent)
    if name in ARTICULATORS[Articulator.CONTACT] or name == "tongueOut":
        return value
    return value * tone.articulation * (1 + 0.12 * pull.accent)


def _blend(pulls: list[_Pull], targets: np.ndarray, articulator: Articulator, times: np.ndarray) -> np.ndarray:
    """[n, k] the targets' mean, each weighted by how strongly it dominates at that time."""
    lead, trail = _LEAD_S.get(articulator, 0.015), _TRAIL_S.get(articulator, 0.015)
    strength = np.array([VISEMES[pull.shape].firmness(articulator) for pull in pulls])
    half = np.array([pull.half_s for pull in pulls])
    distance = times[:, None] - np.array([pull.centre_s for pull in pulls])
    width = np.where(distance < 0, 0.75 * half + _SPREAD_S + lead, 0.75 * half + _SPREAD_S + trail)
    dominance = strength * np.exp(-((np.abs(distance) / width) ** _DOMINANCE_POWER))
    # Summed in a fixed order: a threaded matrix product may round differently from run to run.
    blended = np.einsum("np,pk->nk", dominance, targets)
    return np.asarray(blended / (dominance.sum(1, keepdims=True) + _RESTING))


def _contact(reading: Reading, symbols: frozenset[str], times: np.ndarray, ramp_s: float) -> np.ndarray:
    """[n] eased to exactly 1 around each of these sounds, never while a contact of the other kind holds."""
    contacts = [phone for phone in reading.phones if phone.symbol in LIP_CLOSURES | LIP_TO_TEETH]
    curve = np.zeros(len(times))
    for place, phone in enumerate(contacts):
        if phone.symbol not in symbols:
            continue
        half = _held_half_s(phone)
        before, after = ramp_s, ramp_s
        if place > 0 and contacts[place - 1].symbol not in symbols:
            before = min(before, phone.centre_s - half - _held_until_s(contacts[place - 1]))
        if place + 1 < len(contacts) and contacts[place + 1].symbol not in symbols:
            following = contacts[place + 1]
            after = min(after, following.centre_s - _held_half_s(following) - phone.centre_s - half)
        distance = times - phone.centre_s
        outside = np.where(distance < 0, (-distance - half) / max(before, 1e-3), (distance - half) / max(after, 1e-3))
        curve = np.maximum(curve, smooth_step(1 - outside))
    return curve


def _held_half_s(phone: Phone) -> float:
    """Half the time a contact holds: a third of its sound, and never less than a frame lasts."""
    return max(phone.length_s / 6, _HALF_FRAME_S)


def _held_until_s(phone: Phone) -> float:
    return phone.centre_s + _held_half_s(phone)


def _bring_lips_together(
    weights: np.ndarray, sealing: np.ndarray, biting: np.ndarray, units: tuple[str, ...]
) -> None:  # fmt: skip
    """Change `weights` so that a contact only has to do the last touch."""
    parted = 1 - np.maximum(sealing, 0.6 * biting)
    for name in ("mouthLowerDown", "mouthFunnel"):
        for unit in sides_of(name, units):
            weights[:, units.index(unit)] *= parted
    for unit in sides_of("mouthUpperUp", units):
        weights[:, units.index(unit)] *= 1 - sealing
    weights[:, units.index("tongueOut")] *= 1 - np.maximum(sealing, biting)
    jaw = weights[:, units.index("jawOpen")]
    # F and V lift only the lower lip, and not all the way.
    weights[:, units.index("mouthClose")] = _MOUTH_CLOSE * jaw * np.maximum(sealing, 0.45 * biting)
