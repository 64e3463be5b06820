"""Expression weights as anatomy lets them add up: what opposes gives way, what depends is bounded.

Rule: every rule is continuous, keeps weights in 0..1 and leaves a unit that acts alone as it is (`mouthClose`, which
closes what the jaw opened, `tongueOut`, which opens it, and a wide `jawOpen`, which bares the upper teeth, excepted).
"""

from dataclasses import dataclass

import numpy as np

_OPPOSED = (
    ("jawLeft", "jawRight"), ("mouthLeft", "mouthRight"),
    ("eyeLookInLeft", "eyeLookOutLeft"), ("eyeLookInRight", "eyeLookOutRight"),
    ("eyeLookUpLeft", "eyeLookDownLeft"), ("eyeLookUpRight", "eyeLookDownRight"),
)  # fmt: skip
# One unit weakens another: at full strength of the first, this share of the second is lost.
_DAMPED = (
    ("mouthPucker", "mouthSmileLeft", 0.5), ("mouthPucker", "mouthSmileRight", 0.5),
    ("mouthSmileLeft", "mouthPucker", 0.2), ("mouthSmileRight", "mouthPucker", 0.2),
    ("mouthFunnel", "mouthSmileLeft", 0.4), ("mouthFunnel", "mouthSmileRight", 0.4),
    ("mouthSmileLeft", "mouthFunnel", 0.2), ("mouthSmileRight", "mouthFunnel", 0.2),
    ("mouthSmileLeft", "mouthFrownLeft", 0.6), ("mouthSmileRight", "mouthFrownRight", 0.6),
    ("mouthPucker", "mouthStretchLeft", 0.6), ("mouthPucker", "mouthStretchRight", 0.6),
    ("browDownLeft", "browOuterUpLeft", 0.5), ("browDownRight", "browOuterUpRight", 0.5),
    ("browOuterUpLeft", "browDownLeft", 0.25), ("browOuterUpRight", "browDownRight", 0.25),
    ("jawOpen", "cheekPuff", 1.0),
    ("cheekSquintLeft", "eyeSquintLeft", 0.5), ("cheekSquintRight", "eyeSquintRight", 0.5),
    ("eyeBlinkLeft", "eyeWideLeft", 1.0), ("eyeBlinkRight", "eyeWideRight", 1.0),
    ("eyeBlinkLeft", "eyeSquintLeft", 0.6), ("eyeBlinkRight", "eyeSquintRight", 0.6),
    ("eyeBlinkLeft", "eyeLookUpLeft", 1.0), ("eyeBlinkRight", "eyeLookUpRight", 1.0),
    ("eyeBlinkLeft", "eyeLookDownLeft", 1.0), ("eyeBlinkRight", "eyeLookDownRight", 1.0),
)  # fmt: skip
# What parts the lips gives way to a seal by this share.
_UNSEALING = {
    "mouthFunnel": 0.5, "mouthLowerDownLeft": 0.8, "mouthLowerDownRight": 0.8, "mouthUpperUpLeft": 0.7,
    "mouthUpperUpRight": 0.7, "tongueOut": 1.0,
}  # fmt: skip
# Lips are apart when one of these has reached this weight.
_PARTS_AT = {
    "jawOpen": 0.06, "mouthFunnel": 0.2, "mouthLowerDownLeft": 0.3, "mouthLowerDownRight": 0.3,
    "mouthUpperUpLeft": 0.3, "mouthUpperUpRight": 0.3, "tongueOut": 0.1,
}  # fmt: skip
_TONGUE_JAW = 0.42  # the opening that a tongue all out needs
_LIP_LIFT = 0.35  # how far the upper lip clears the teeth that the lower one meets
_LOWER_LIFTS_UPPER = 0.8
_WIDE_FROM, _WIDE_LIFT = 0.2, 0.42  # a jaw open wider than the first lifts the upper lip, at most by the second


@dataclass(frozen=True, slots=True)
class Couplings:
    """The rules for one order of the units.

    Args:
        units: The rig's 52 names.
    """

    units: tuple[str, ...]

    def apply(self, weights: np.ndarray, lip_seal: float, lip_to_teeth: float) -> np.ndarray:
        """[52] float64 weights that may be added up."""
        at = {name: index for index, name in enumerate(self.units)}
        given = np.clip(np.asarray(weights, np.float64), 0, 1)
        given[at["tongueOut"]] *= 1 - _UNSEALING["tongueOut"] * lip_seal
        given[at["jawOpen"]] = _soft_max(given[at["jawOpen"]], _TONGUE_JAW * given[at["tongueOut"]])
        for name, share in _UNSEALING.items():
            if name != "tongueOut":
                given[at[name]] *= 1 - share * lip_seal
        for name in ("mouthUpperUpLeft", "mouthUpperUpRight"):
            given[at[name]] = _soft_max(given[at[name]], _LIP_LIFT * lip_to_teeth)
        wide = max(0.0, given[at["jawOpen"]] * (1 - lip_seal) - given[at["mouthClose"]] - _WIDE_FROM) / (1 - _WIDE_FROM)
        for name in ("mouthUpperUpLeft", "mouthUpperUpRight"):
            given[at[name]] = _soft_max(given[at[name]], _WIDE_LIFT * wide * wide * (3 - 2 * wide))
        for one, other in _OPPOSED:
            both = min(given[at[one]], given[at[other]])
            given[at[one]] -= both
            given[at[other]] -= both
        coupled = given.copy()
        for strong, weak, loss in _DAMPED:
            coupled[at[weak]] *= 1 - loss * given[at[strong]]
        # The lower lip lifts the upper one.
        coupled[at["mouthShrugUpper"]] = max(
            coupled[at["mouthShrugUpper"]], _LOWER_LIFTS_UPPER * coupled[at["mouthShrugLower"]]
        )
        # A sculpted closure shapes chin and cheeks better than pulled lips do; it never closes more than is open.
        opening = coupled[at["jawOpen"]]
        coupled[at["mouthClose"]] = max(min(coupled[at["mouthClose"]], opening), lip_seal * opening)
        return coupled

    def resting_seal(self, coupled: np.ndarray) -> float:
        """1 while nothing parts the lips, falling to 0: moist lips stay together until something opens them."""
        at = {name: index for index, name in enumerate(self.units)}
        parted = max(0.0, coupled[at["jawOpen"]] - coupled[at["mouthClose"]]) / _PARTS_AT["jawOpen"]
        parted += sum(coupled[at[name]] / weight for name, weight in _PARTS_AT.items() if name != "jawOpen")
        held = max(0.0, 1 - parted)
        return float(held * held * (3 - 2 * held))


def _soft_max(one: float, other: float) -> float:
    """At least the larger, smooth, and 0 for zeros."""
    return float(min(1.0, (one**4 + other**4) ** 0.25))
