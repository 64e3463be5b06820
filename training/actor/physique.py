"""From what people say of a body (sex, age, build, ancestry, a long nose) to weights of the anatomy's targets.

Rule: sliders run from -1 to 1 and 0 is the average; half of that is already a striking face.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

# The anatomy's stages of life, and the years at which a face has reached them. It knows none between the child of
# twelve and the grown head, where faces change fast at first: eighteen is nearly grown.
_STAGES = ("child", "young", "old")
_YEARS = (12, 18, 22, 90)
_STAGE_SHARES = {"child": (1.0, 0.15, 0.0, 0.0), "young": (0.0, 0.85, 1.0, 0.0), "old": (0.0, 0.0, 0.0, 1.0)}
_LEVELS = (-1.0, 0.0, 1.0)  # of weight and muscle: min, average, max
_SIDES = ("l", "r")

# What a slider below and above zero adds; `*` stands for both sides.
_SLIDERS: Mapping[str, tuple[str, str]] = {
    "head_width": ("head/head-scale-horiz-decr", "head/head-scale-horiz-incr"),
    "head_height": ("head/head-scale-vert-decr", "head/head-scale-vert-incr"),
    "head_depth": ("head/head-scale-depth-decr", "head/head-scale-depth-incr"),
    "back_of_head": ("head/head-back-scale-depth-decr", "head/head-back-scale-depth-incr"),
    "aged": ("head/head-age-decr", "head/head-age-incr"),
    "fat": ("head/head-fat-decr", "head/head-fat-incr"),
    "forehead_height": ("forehead/forehead-scale-vert-decr", "forehead/forehead-scale-vert-incr"),
    "forehead_forward": ("forehead/forehead-trans-backward", "forehead/forehead-trans-forward"),
    "temples": ("forehead/forehead-temple-decr", "forehead/forehead-temple-incr"),
    "brow_height": ("eyebrows/eyebrows-trans-down", "eyebrows/eyebrows-trans-up"),
    "brow_angle": ("eyebrows/eyebrows-angle-down", "eyebrows/eyebrows-angle-up"),
    "eye_size": ("eyes/*-eye-scale-decr", "eyes/*-eye-scale-incr"),
    "eye_spacing": ("eyes/*-eye-trans-in", "eyes/*-eye-trans-out"),
    "eye_height": ("eyes/*-eye-trans-down", "eyes/*-eye-trans-up"),
    "eye_opening": ("eyes/*-eye-height2-decr", "eyes/*-eye-height2-incr"),
    "inner_corner": ("eyes/*-eye-corner1-down", "eyes/*-eye-corner1-up"),
    "outer_corner": ("eyes/*-eye-corner2-down", "eyes/*-eye-corner2-up"),
    "epicanthus": ("eyes/*-eye-epicanthus-out", "eyes/*-eye-epicanthus-in"),
    "lid_fold": ("eyes/*-eye-eyefold-down", "eyes/*-eye-eyefold-up"),
    "eye_bags": ("eyes/*-eye-bag-decr", "eyes/*-eye-bag-incr"),
    "nose_length": ("nose/nose-scale-vert-decr", "nose/nose-scale-vert-incr"),
    "nose_width": ("nose/nose-scale-horiz-decr", "nose/nose-scale-horiz-incr"),
    "nose_depth": ("nose/nose-scale-depth-decr", "nose/nose-scale-depth-incr"),
    "nose_volume": ("nose/nose-volume-decr", "nose/nose-volume-incr"),
    "nose_hump": ("nose/nose-hump-decr", "nose/nose-hump-incr"),
    "nose_curve": ("nose/nose-curve-concave", "nose/nose-curve-convex"),
    "nose_bridge": ("nose/nose-greek-decr", "nose/nose-greek-incr"),
    "nose_bridge_width": ("nose/nose-width1-decr", "nose/nose-width1-incr"),
    "nose_tip": ("nose/nose-point-down", "nose/nose-point-up"),
    "nose_tip_width": ("nose/nose-point-width-decr", "nose/nose-point-width-incr"),
    "nostrils": ("nose/nose-nostrils-width-decr", "nose/nose-nostrils-width-incr"),
    "nose_flare": ("nose/nose-flaring-decr", "nose/nose-flaring-incr"),
    "mouth_width": ("mouth/mouth-scale-horiz-decr", "mouth/mouth-scale-horiz-incr"),
    "mouth_height": ("mouth/mouth-trans-down", "mouth/mouth-trans-up"),
    "mouth_corners": ("mouth/mouth-angles-down", "mouth/mouth-angles-up"),
    "upper_lip": ("mouth/mouth-upperlip-volume-decr", "mouth/mouth-upperlip-volume-incr"),
    "upper_lip_height": ("mouth/mouth-upperlip-height-decr", "mouth/mouth-upperlip-height-incr"),
    "lower_lip": ("mouth/mouth-lowerlip-volume-decr", "mouth/mouth-lowerlip-volume-incr"),
    "lower_lip_height": ("mouth/mouth-lowerlip-height-decr", "mouth/mouth-lowerlip-height-incr"),
    "cupids_bow": ("mouth/mouth-cupidsbow-decr", "mouth/mouth-cupidsbow-incr"),
    "laugh_lines": ("mouth/mouth-laugh-lines-in", "mouth/mouth-laugh-lines-out"),
    "chin_width": ("chin/chin-width-decr", "chin/chin-width-incr"),
    "chin_height": ("chin/chin-height-decr", "chin/chin-height-incr"),
    "chin_forward": ("chin/chin-prominent-decr", "chin/chin-prominent-incr"),
    "chin_cleft": ("chin/chin-cleft-decr", "chin/chin-cleft-incr"),
    "jaw": ("chin/chin-bones-decr", "chin/chin-bones-incr"),
    "jaw_drop": ("chin/chin-jaw-drop-decr", "chin/chin-jaw-drop-incr"),
    "cheekbones": ("cheek/*-cheek-bones-decr", "cheek/*-cheek-bones-incr"),
    "cheeks": ("cheek/*-cheek-volume-decr", "cheek/*-cheek-volume-incr"),
    "inner_cheeks": ("cheek/*-cheek-inner-decr", "cheek/*-cheek-inner-incr"),
    "cheek_height": ("cheek/*-cheek-trans-down", "cheek/*-cheek-trans-up"),
    "ear_size": ("ears/*-ear-scale-decr", "ears/*-ear-scale-incr"),
    "ear_lobes": ("ears/*-ear-lobe-decr", "ears/*-ear-lobe-incr"),
    "ears_out": ("ears/*-ear-wing-decr", "ears/*-ear-wing-incr"),
    "neck_width": ("neck/measure-neck-circ-decr", "neck/measure-neck-circ-incr"),
    "double_chin": ("neck/neck-double-decr", "neck/neck-double-incr"),
}
_OUTLINES = ("oval", "round", "square", "rectangular", "triangular", "invertedtriangular", "diamond")
# Pairs of targets that pull one side each; what a whole face of them may add up to stays under two millimetres.
_UNEVEN = ("brown-1", "brown-2", "cheek-1", "cheek-2", "ear-1", "ear-2", "eye-1", "eye-2", "eye-3", "jaw-1", "jaw-3",
           "mouth-1", "mouth-2", "nose-1", "nose-2", "nose-4", "temple-1")  # fmt: skip
_UNEVEN_SHARE = 0.16
_UNEVEN_MOST = 0.35


@dataclass(frozen=True, slots=True)
class Physique:
    """A head as people describe it.

    Args:
        male: 0 female .. 1 male.
        age_years: 18 to 85.
        weight: -1 thin .. 1 heavy.
        muscle: -1 slight .. 1 athletic.
        ancestry: Shares of `african`, `asian` and `caucasian`; they add up to 1.
        features: Sliders by name, -1..1, and outlines of the face (`oval`, `square`, ...), 0..1.
    """

    male: float
    age_years: int
    weight: float = 0.0
    muscle: float = 0.0
    ancestry: Mapping[str, float] = field(default_factory=lambda: {"caucasian": 1.0})
    features: Mapping[str, float] = field(default_factory=dict)

    def targets(self) -> dict[str, float]:
        """Weight of each of the anatomy's targets, none of them zero.

        The stages of life, builds and ancestries blend linearly, each by the product of its shares: so the anatomy's
        authors made them (MakeHuman's macro targets).
        """
        weights: defaultdict[str, float] = defaultdict(float)
        for sex, of_sex in (("female", 1 - self.male), ("male", self.male)):
            for stage in _STAGES:
                share = of_sex * float(np.interp(self.age_years, _YEARS, _STAGE_SHARES[stage]))
                for people, part in self.ancestry.items():
                    weights[f"macrodetails/{people}-{sex}-{stage}"] += share * part
                for muscle, of_muscle in _levels("muscle", self.muscle):
                    for weight, of_weight in _levels("weight", self.weight):
                        name = f"macrodetails/universal-{sex}-{stage}-{muscle}-{weight}"
                        weights[name] += share * of_muscle * of_weight
        for feature, value in self.features.items():
            for name in _targets_of(feature, value):
                weights[name] += abs(value)
        return {name: weight for name, weight in weights.items() if weight > 0}


def uneven(seed: int) -> dict[str, float]:
    """Targets that make the two sides of a face differ a little, as everybody's do."""
    rng = np.random.default_rng((seed, 2))
    pulls = np.clip(rng.normal(0, _UNEVEN_SHARE, len(_UNEVEN)), -_UNEVEN_MOST, _UNEVEN_MOST)
    return {
        f"asym/asym-{name}-{'l' if pull < 0 else 'r'}": round(abs(float(pull)), 3)
        for name, pull in zip(_UNEVEN, pulls, strict=True)
    }


def _levels(of: str, value: float) -> list[tuple[str, float]]:
    """The two neighbouring levels of weight or muscle with their shares."""
    return [
        (f"{level}{of}", float(np.interp(value, _LEVELS, peak)))
        for level, peak in (("min", (1, 0, 0)), ("average", (0, 1, 0)), ("max", (0, 0, 1)))
    ]


def _targets_of(feature: str, value: float) -> list[str]:
    if feature in _OUTLINES:
        if value < 0:
            raise ValueError(f"an outline has no opposite: {feature} {value}")
        return [f"head/head-{feature}"]
    pattern = _SLIDERS[feature][value > 0]
    return [pattern.replace("*", side) for side in (_SIDES if "*" in pattern else ("",))]
