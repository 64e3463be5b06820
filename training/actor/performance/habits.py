"""What faces do between the words: laughs, sighs, swallows, chewing, wet lips, nods.

Rule: each plays once from a moment on and returns when it is over; none needs to know what else goes on.
"""

from collections.abc import Callable, Mapping

import numpy as np

from training.actor.curves import smooth_step
from training.actor.performance.score import Glance, Score

Habit = Callable[[Score, float, np.random.Generator], float]


def laugh(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """Bursts of about five a second that grow weaker, jaw and head shaking along."""
    rate_hz, num_bursts, size = rng.uniform(4.4, 5.4), int(rng.integers(4, 12)), rng.uniform(0.65, 1.1)
    length = num_bursts / rate_hz
    end_s = start_s + 0.25 + length
    inside = score.gesture(start_s + 0.2, 0.12, length - 0.1, 0.3)
    fading = np.exp(-1.1 * np.clip((score.times - start_s - 0.25) / length, 0, 2))
    burst = 0.5 - 0.5 * np.cos(2 * np.pi * rate_hz * (score.times - start_s - 0.25))
    smile = score.gesture(start_s, 0.3, length + 0.3, rng.uniform(0.7, 1.4))
    score.add_face({"mouthSmile": 0.72, "cheekSquint": 0.75, "eyeSquint": 0.5, "mouthUpperUp": 0.3}, size * smile)
    score.add_face({"jawOpen": 0.46, "mouthLowerDown": 0.25}, size * inside * fading * (0.35 + 0.65 * burst))
    throw = rng.choice((-1.0, 1.0), p=(0.7, 0.3)) * rng.uniform(2.0, 6.0) * size
    score.turn_deg[:, 1] += throw * smile + 1.3 * size * inside * fading * (burst - 0.5)
    score.turn_deg[:, 2] += rng.normal(0, 2.0) * smile
    score.note("laughs", start_s, end_s + 0.4)
    return end_s + 0.4


def sigh(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """In through the nose with raised brows, out with a falling face."""
    inhale, exhale = rng.uniform(0.6, 1.0), rng.uniform(0.9, 1.6)
    up = score.gesture(start_s, inhale, 0.1, 0.5)
    out = score.gesture(start_s + inhale, 0.3, exhale - 0.6, 0.6)
    score.add_face({"noseSneer": 0.16, "browInnerUp": 0.4, "browOuterUp": 0.25, "mouthPress": 0.15}, up)
    blown = rng.uniform(0.0, 0.6)
    score.add_face({"jawOpen": 0.15, "mouthFunnel": 0.3, "cheekPuff": blown, "mouthFrown": 0.2, "eyeBlink": 0.3}, out)
    score.turn_deg[:, 1] += rng.uniform(2.0, 5.0) * (out - 0.5 * up)
    score.glances.append(Glance(start_s + inhale, start_s + inhale + exhale, rng.normal(0, 8), rng.uniform(-14, 6)))
    score.note("sighs", start_s, start_s + inhale + exhale)
    return start_s + inhale + exhale


def swallow(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """Lips shut, chin up, and the head bows a little."""
    curve = score.gesture(start_s, 0.22, rng.uniform(0.1, 0.25), 0.35)
    score.add_face({"mouthPress": 0.42, "mouthRollLower": 0.22, "mouthShrugLower": 0.4, "mouthDimple": 0.2}, curve)
    score.keep_lips_shut(curve)
    score.turn_deg[:, 1] += rng.uniform(1.0, 2.5) * curve
    return start_s + 0.75


def wet_lips(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """The tongue runs along the lips, which then roll in over it."""
    side = rng.choice((-1.0, 1.0))
    out = score.gesture(start_s, 0.2, rng.uniform(0.15, 0.4), 0.2)
    score.add_face({"tongueOut": rng.uniform(0.6, 0.85), "jawOpen": 0.17, "mouthLowerDown": 0.1}, out)
    swing = side * 0.35 * np.sin(2 * np.pi * (score.times - start_s) / 0.8) * out
    score.add_face({"mouthLeft": 1.0}, np.maximum(swing, 0))
    score.add_face({"mouthRight": 1.0}, np.maximum(-swing, 0))
    inwards = score.gesture(start_s + 0.5, 0.25, 0.1, 0.35)
    score.add_face({"mouthRollLower": 0.65, "mouthRollUpper": 0.5, "mouthPress": 0.25}, inwards)
    score.keep_lips_shut(inwards)
    return start_s + 1.2


def chew(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """Behind closed lips the jaw goes round, to one side mostly."""
    rate_hz, length = rng.uniform(1.2, 1.7), rng.uniform(1.8, 3.6)
    inside = score.gesture(start_s, 0.3, length - 0.6, 0.3)
    phase = 2 * np.pi * rate_hz * (score.times - start_s)
    opened = rng.uniform(0.12, 0.22) * (0.5 - 0.5 * np.cos(phase)) * inside
    score.add_face({"jawOpen": 1.0, "mouthClose": 0.93}, opened)
    side = rng.choice((-1.0, 1.0))
    across = side * (0.12 + 0.3 * np.sin(phase)) * inside
    score.add_face({"jawLeft": 1.0, "mouthLeft": 0.35}, np.maximum(across, 0))
    score.add_face({"jawRight": 1.0, "mouthRight": 0.35}, np.maximum(-across, 0))
    score.add_face({"mouthPress": 0.22, "cheekPuff": 0.14, "mouthShrugLower": 0.15}, inside)
    score.keep_lips_shut(score.gesture(start_s, 0.15, length - 0.3, 0.15))
    score.note("chews", start_s, start_s + length)
    return start_s + length


def sniff(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """Once to three times through the nose."""
    moment = start_s
    for _ in range(int(rng.integers(1, 4))):
        curve = score.gesture(moment, 0.1, 0.06, 0.16)
        score.add_face({"noseSneer": rng.uniform(0.3, 0.6), "mouthUpperUp": 0.18, "cheekSquint": 0.15}, curve)
        score.turn_deg[:, 1] -= 0.9 * curve
        moment += rng.uniform(0.28, 0.42)
    return moment


def bite_lip(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """The lower lip under the upper teeth for a while."""
    hold = rng.uniform(0.3, 1.2)
    curve = score.gesture(start_s, 0.3, hold, 0.35)
    score.add_face({"mouthRollLower": 0.8, "mouthUpperUp": 0.16, "browInnerUp": 0.3, "jawOpen": 0.05}, curve)
    score.held_bite = np.maximum(score.held_bite, curve)
    score.note("bites the lip", start_s, start_s + hold + 0.65)
    return start_s + hold + 0.65


def purse(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """Lips pushed out and to one side, eyes up: thinking."""
    length = rng.uniform(0.8, 2.2)
    curve = score.gesture(start_s, 0.4, length - 0.8, 0.4)
    side = "Left" if rng.random() < 0.5 else "Right"
    score.add_face(
        {"mouthPucker": rng.uniform(0.5, 0.95), f"mouth{side}": rng.uniform(0.25, 0.7), "browDown": 0.25}, curve
    )
    sign = 1.0 if side == "Left" else -1.0
    score.glances.append(Glance(start_s, start_s + length, sign * rng.uniform(6, 16), rng.uniform(-4, 12)))
    score.turn_deg[:, 2] += sign * rng.uniform(0, 3.5) * curve
    score.note("thinks", start_s, start_s + length)
    return start_s + length


def press_lips(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """Nothing more will be said."""
    length = rng.uniform(0.6, 1.6)
    curve = score.gesture(start_s, 0.25, length - 0.5, 0.3)
    face = {"mouthPress": 0.8, "mouthRollLower": 0.4, "mouthRollUpper": 0.35, "mouthDimple": 0.35, "mouthFrown": 0.15}
    score.add_face(face, rng.uniform(0.5, 1.0) * curve)
    score.keep_lips_shut(curve)
    return start_s + length


def puff_out(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """Cheeks fill, then the air goes between the lips."""
    fill = rng.uniform(0.3, 0.6)
    full = score.gesture(start_s, fill, 0.15, 0.25)
    out = score.gesture(start_s + fill + 0.2, 0.15, 0.3, 0.4)
    score.add_face({"cheekPuff": rng.uniform(0.6, 1.0), "mouthPress": 0.25, "browOuterUp": 0.3}, full)
    score.keep_lips_shut(full)
    score.add_face({"mouthFunnel": 0.45, "mouthPucker": 0.3, "jawOpen": 0.08}, out)
    score.note("puffs", start_s, start_s + fill + 1.0)
    return start_s + fill + 1.0


def yawn(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """Jaw as wide as it goes, eyes shut, head back."""
    length = rng.uniform(2.4, 3.6)
    curve = score.gesture(start_s, 0.45 * length, 0.15 * length, 0.4 * length)
    score.add_face(
        {"jawOpen": rng.uniform(0.75, 0.98), "mouthStretch": 0.2, "noseSneer": 0.3, "cheekSquint": 0.4,
         "eyeSquint": 0.5, "browInnerUp": 0.35, "browDown": 0.25, "mouthLowerDown": 0.25}, curve,
    )  # fmt: skip
    score.shut = np.maximum(score.shut, smooth_step(1.8 * curve - 0.5))
    score.turn_deg[:, 1] -= rng.uniform(2, 6) * curve
    score.note("yawns", start_s, start_s + length)
    return start_s + length


def nod(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """Yes, once to four times, ever smaller; often with closed lips and raised brows."""
    rate_hz, count = rng.uniform(1.3, 2.4), int(rng.integers(1, 5))
    length = count / rate_hz
    inside = score.gesture(start_s, 0.15, max(0.05, length - 0.3), 0.25)
    wave = 0.5 - 0.5 * np.cos(2 * np.pi * rate_hz * (score.times - start_s))
    fading = np.exp(-0.6 * np.clip((score.times - start_s) * rate_hz, 0, 6) / 2)
    score.turn_deg[:, 1] += rng.uniform(3.0, 6.5) * wave * fading * inside
    score.add_face({"browOuterUp": 0.3, "browInnerUp": 0.25, "mouthPress": 0.15}, rng.uniform(0, 1) * inside)
    return start_s + length


def shake(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """No, with lips pressed or corners down."""
    rate_hz, count = rng.uniform(1.2, 2.2), int(rng.integers(1, 4))
    length = count / rate_hz
    inside = score.gesture(start_s, 0.2, max(0.05, length - 0.4), 0.3)
    score.turn_deg[:, 0] += rng.uniform(4.0, 8.0) * inside * np.sin(2 * np.pi * rate_hz * (score.times - start_s))
    score.add_face({"mouthPress": 0.3, "mouthFrown": 0.35, "browDown": 0.2}, rng.uniform(0.2, 1) * inside)
    return start_s + length


def flash_brows(score: Score, start_s: float, rng: np.random.Generator) -> float:
    """I see."""
    curve = score.gesture(start_s, 0.12, rng.uniform(0.05, 0.3), 0.25)
    score.add_face({"browInnerUp": 0.6, "browOuterUp": 0.75, "eyeWide": 0.25}, rng.uniform(0.4, 1.0) * curve)
    score.turn_deg[:, 1] -= 1.2 * curve
    return start_s + 0.6


# What suits a mood once the words are over; names are those of `TONES`.
HABITS_OF: Mapping[str, tuple[Habit, ...]] = {
    "neutral": (swallow, wet_lips, nod, flash_brows),
    "tender": (nod, swallow, sigh, wet_lips),
    "furious": (press_lips, sniff, shake, chew),
    "amused": (laugh, laugh, laugh, flash_brows),
    "afraid": (swallow, wet_lips, bite_lip, shake),
    "tired": (sigh, yawn, wet_lips, puff_out),
    "commanding": (press_lips, nod, chew),
    "sly": (wet_lips, flash_brows, purse, nod),
    "grieving": (sniff, sigh, swallow, press_lips, shake),
    "proud": (nod, press_lips, laugh),
    "disgusted": (sniff, shake, wet_lips, press_lips),
    "excited": (laugh, nod, flash_brows, puff_out),
    "bored": (sigh, puff_out, chew, yawn, purse),
    "pleading": (swallow, nod, bite_lip),
    "thoughtful": (purse, bite_lip, wet_lips, press_lips),
    "surprised": (flash_brows, swallow, puff_out, laugh),
}
