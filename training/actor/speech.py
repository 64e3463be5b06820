"""Spoken sentences as mouth shapes: letters to visemes, visemes to expression weights, blended as lips do.

Rule: a curve is [N, 52]; closures (p, b, m) and lip-to-teeth contacts (f, v) are reached, not averaged away.
"""

import re
from collections.abc import Mapping

import numpy as np

SENTENCES = (
    "The five boxing wizards jump quickly over my lazy brown fox.",
    "Pack my box with five dozen jugs of liquid veneer.",
    "Why would a puppy bark at the moon, if nobody ever came home?",
    "How vexingly quick daft zebras jump, and how much they love it.",
    "We promised them both a proper meal before the show.",
    "Jackdaws love my big sphinx of quartz, but a maple bow is better.",
    "Sixty zippers were quickly picked from the woven jute bag.",
    "Please move the chair, the lamp, and every book from my room.",
    "You and I saw five huge oaks above the frozen harbour.",
    "Nobody told me that father was a pilot in the war.",
    "Amazingly few discotheques provide jukeboxes of such quality.",
    "Bring the blue umbrella, my boy, it may be a wet morning.",
    "She thought of the sea, and of ships with white sails.",
    "Five or six big jet planes zoomed quickly by the tower.",
    "Oh no, who opened the window above the piano?",
    "My mother baked a plum pie and hummed a happy tune.",
)

# Weights by mouth shape. Names without a side stand for both sides.
VISEMES: Mapping[str, Mapping[str, float]] = {
    "rest": {},
    "pbm": {"jawOpen": 0.05, "mouthClose": 0.05, "mouthPress": 0.35, "mouthRollLower": 0.30, "mouthRollUpper": 0.22},
    "fv": {"jawOpen": 0.07, "mouthRollLower": 0.62, "mouthUpperUp": 0.30, "mouthShrugUpper": 0.10},
    "aa": {"jawOpen": 0.52, "mouthLowerDown": 0.18, "mouthUpperUp": 0.10},
    "ae": {"jawOpen": 0.36, "mouthStretch": 0.28, "mouthUpperUp": 0.22, "mouthLowerDown": 0.20},
    "ee": {"jawOpen": 0.13, "mouthSmile": 0.28, "mouthStretch": 0.34, "mouthLowerDown": 0.25, "mouthUpperUp": 0.12},
    "ih": {"jawOpen": 0.20, "mouthStretch": 0.16, "mouthLowerDown": 0.18, "mouthSmile": 0.08},
    "oh": {"jawOpen": 0.30, "mouthFunnel": 0.62, "mouthPucker": 0.15},
    "oo": {"jawOpen": 0.10, "mouthPucker": 0.78, "mouthFunnel": 0.22},
    "uh": {"jawOpen": 0.27, "mouthLowerDown": 0.10},
    "s": {"jawOpen": 0.05, "mouthStretch": 0.20, "mouthUpperUp": 0.16, "mouthLowerDown": 0.30},
    "sh": {"jawOpen": 0.08, "mouthFunnel": 0.58, "mouthUpperUp": 0.12, "mouthLowerDown": 0.15},
    "th": {"jawOpen": 0.15, "tongueOut": 0.22, "mouthLowerDown": 0.15},
    "l": {"jawOpen": 0.18, "mouthLowerDown": 0.14},
    "k": {"jawOpen": 0.22, "mouthStretch": 0.08},
    "r": {"jawOpen": 0.12, "mouthPucker": 0.34, "mouthFunnel": 0.26},
}
_CONTACTS = ("pbm", "fv")
_SPELLINGS = (
    ("th", "th"), ("sh", "sh"), ("ch", "sh"), ("ph", "fv"), ("wh", "oo"), ("ee", "ee"), ("ea", "ee"), ("oo", "oo"),
    ("ou", "oh"), ("ow", "oh"), ("ay", "ae"), ("ai", "ae"), ("ck", "k"), ("ng", "k"), ("qu", "oo"),
    ("a", "aa"), ("e", "ih"), ("i", "ih"), ("o", "oh"), ("u", "uh"), ("y", "ee"), ("p", "pbm"), ("b", "pbm"),
    ("m", "pbm"), ("f", "fv"), ("v", "fv"), ("w", "oo"), ("j", "sh"), ("s", "s"), ("z", "s"), ("x", "s"), ("c", "k"),
    ("k", "k"), ("g", "k"), ("h", "uh"), ("l", "l"), ("n", "l"), ("d", "l"), ("t", "l"), ("r", "r"),
)  # fmt: skip
_VOWELS = ("aa", "ae", "ee", "ih", "oh", "oo", "uh")
_SECONDS = {"vowel": 0.13, "consonant": 0.085, "pause": 0.28}


def visemes_of(sentence: str) -> list[str]:
    """Mouth shapes in order; `rest` stands for a pause."""
    shapes: list[str] = []
    text = re.sub(r"[^a-z,.?! ]", "", sentence.lower())
    while text:
        if text[0] in ",.?!":
            shapes.append("rest")
            text = text[1:]
            continue
        for spelling, shape in _SPELLINGS:
            if text.startswith(spelling):
                if not shapes or shapes[-1] != shape:
                    shapes.append(shape)
                text = text[len(spelling) :]
                break
        else:
            text = text[1:]
    return shapes


def speak(
    sentence: str, units: tuple[str, ...], rate_hz: float, rng: np.random.Generator, *, tempo: float = 1.0,
    loudness: float = 1.0,
) -> np.ndarray:  # fmt: skip
    """[N, 52] weights of one sentence.

    Args:
        sentence: English.
        units: The rig's.
        rate_hz: Frames per second.
        rng: Makes no two readings alike.
        tempo: 1 is about four syllables a second.
        loudness: Scales how far the mouth opens.
    """
    shapes = ["rest", *visemes_of(sentence), "rest"]
    kinds = ["vowel" if s in _VOWELS else "pause" if s == "rest" else "consonant" for s in shapes]
    lengths = np.array([_SECONDS[kind] for kind in kinds]) * rng.uniform(0.75, 1.35, len(shapes)) / tempo
    centres = np.cumsum(lengths) - lengths / 2
    times = np.arange(int(np.ceil(lengths.sum() * rate_hz))) / rate_hz

    # Each shape pulls with a bell around its moment; neighbours blend in proportion (Cohen and Massaro 1993).
    widths = np.where(np.array(kinds) == "consonant", 0.42, 0.44) * lengths + 0.008
    pulls = np.exp(-0.5 * ((times[:, None] - centres) / widths) ** 2) + 1e-9
    strengths = np.array([5.0 if s in _CONTACTS else 1.0 for s in shapes])
    pulls *= strengths
    pulls /= pulls.sum(1, keepdims=True)
    targets = np.stack([weights_of(VISEMES[shape], units) for shape in shapes])
    targets *= rng.normal(1.0, 0.12, (len(shapes), 1)).clip(0.7, 1.3)
    jaw = units.index("jawOpen")
    targets[:, jaw] *= loudness
    return pulls @ targets


def weights_of(named: Mapping[str, float], units: tuple[str, ...]) -> np.ndarray:
    """[52] from names with or without a side."""
    weights = np.zeros(len(units))
    for name, value in named.items():
        sides = [name] if name in units else [f"{name}Left", f"{name}Right"]
        for side in sides:
            weights[units.index(side)] = value
    return weights
