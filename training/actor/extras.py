"""Extras: people nobody cast by name, drawn by seed.

Rule: what belongs together is drawn together (ancestry with skin, hair and eyes; age with wrinkles, gray hair and
weight; sex with beard and hairline), and every draw is bounded, so that each seed gives somebody one could meet.
"""

from dataclasses import dataclass

import numpy as np

from training.actor.casting import AFRICAN, EAST_ASIAN, EUROPEAN, SOUTH_ASIAN, Casting
from training.actor.complexion import Complexion, Rgb
from training.actor.physique import Physique

LAST_SEED = 2**32 - 1
_YOUNGEST, _OLDEST = 20, 76

# Skin from the fairest to the darkest, evenly spaced for the eye.
_TONES = np.array([
    (0.850, 0.690, 0.610), (0.800, 0.625, 0.535), (0.740, 0.560, 0.455), (0.650, 0.475, 0.365),
    (0.545, 0.385, 0.285), (0.410, 0.275, 0.200), (0.300, 0.195, 0.142), (0.240, 0.155, 0.115),
])  # fmt: skip
_BLACK, _BROWN, _BLOND, _GINGER, _WHITE = (
    (0.045, 0.036, 0.034), (0.180, 0.115, 0.080), (0.560, 0.420, 0.260), (0.440, 0.205, 0.090), (0.740, 0.720, 0.700),
)  # fmt: skip
_DARK_IRIS, _HAZEL, _GREEN, _BLUE, _GRAY = (
    (0.17, 0.11, 0.075), (0.34, 0.27, 0.15), (0.33, 0.43, 0.30), (0.36, 0.48, 0.58), (0.44, 0.49, 0.51),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _People:
    """Where a family comes from, and what goes with it."""

    ancestry: dict[str, float]
    darkness: tuple[float, float]  # along `_TONES`, 0..1: mean and deviation
    hair: tuple[tuple[Rgb, float], ...]  # colours with their shares
    iris: tuple[tuple[Rgb, float], ...]


_DARK_HAIR, _DARK_EYES = ((_BLACK, 1.0),), ((_DARK_IRIS, 1.0),)
_NORTHERN = _People(
    EUROPEAN, (0.10, 0.06), ((_BROWN, 0.5), (_BLOND, 0.35), (_GINGER, 0.15)),
    ((_BLUE, 0.45), (_GRAY, 0.15), (_GREEN, 0.2), (_HAZEL, 0.2)),
)  # fmt: skip
_PEOPLES = (
    (_NORTHERN, 0.25),
    (_People(EUROPEAN, (0.30, 0.07), ((_BLACK, 0.6), (_BROWN, 0.4)), ((_DARK_IRIS, 0.6), (_HAZEL, 0.3), (_GREEN, 0.1))),
     0.2),
    (_People(AFRICAN, (0.84, 0.09), _DARK_HAIR, _DARK_EYES), 0.17),
    (_People(EAST_ASIAN, (0.26, 0.07), _DARK_HAIR, _DARK_EYES), 0.15),
    (_People(SOUTH_ASIAN, (0.58, 0.09), _DARK_HAIR, _DARK_EYES), 0.11),
    (_People({"caucasian": 0.45, "african": 0.45, "asian": 0.10}, (0.58, 0.10), ((_BLACK, 0.8), (_BROWN, 0.2)),
             ((_DARK_IRIS, 0.7), (_HAZEL, 0.2), (_GREEN, 0.1))), 0.06),
    (_People({"caucasian": 0.5, "asian": 0.4, "african": 0.1}, (0.42, 0.08), _DARK_HAIR, _DARK_EYES), 0.06),
)  # fmt: skip

# Features drawn about zero: deviation of each; half as much again is the most.
_SPREAD = {
    "head_width": 0.10, "head_height": 0.08, "back_of_head": 0.12, "forehead_height": 0.10, "temples": 0.2,
    "brow_height": 0.2, "brow_angle": 0.12, "eye_size": 0.14, "inner_corner": 0.15, "outer_corner": 0.2,
    "nose_length": 0.2, "nose_width": 0.2, "nose_depth": 0.12, "nose_volume": 0.2, "nose_hump": 0.28,
    "nose_bridge_width": 0.25, "nose_tip_width": 0.3, "nostrils": 0.12, "mouth_width": 0.22, "mouth_height": 0.12,
    "upper_lip": 0.22, "lower_lip": 0.22, "cupids_bow": 0.25, "chin_width": 0.2, "chin_height": 0.12,
    "chin_forward": 0.15, "jaw": 0.15, "cheekbones": 0.2, "cheeks": 0.2, "ear_size": 0.2, "ear_lobes": 0.3,
    "ears_out": 0.25,
}  # fmt: skip
_MOST_DEVIATIONS = 1.6
_SKIN_WORDS = ((0.66, "fair"), (0.57, "light"), (0.46, "tan"), (0.34, "brown"), (0.24, "dark"), (0.0, "very dark"))
_OUTLINES = ("oval", "round", "square", "rectangular", "triangular", "invertedtriangular", "diamond")
# What a list says of a feature below and above zero, where it is strong.
_WORDS = {
    "nose_length": ("short nose", "long nose"), "nose_hump": ("scooped nose", "hooked nose"),
    "nose_width": ("narrow nose", "broad nose"), "mouth_width": ("small mouth", "wide mouth"),
    "lower_lip": ("thin lips", "full lips"), "chin_width": ("pointed chin", "broad chin"),
    "cheekbones": ("flat cheeks", "high cheekbones"), "ears_out": ("flat ears", "ears that stand out"),
    "ear_size": ("small ears", "large ears"), "brow_height": ("low brows", "high brows"),
}  # fmt: skip


def draw_extra(name: str, seed: int) -> Casting:
    """The actor that `seed` (0 .. `LAST_SEED`) draws; the same for ever."""
    rng = np.random.default_rng((seed, 1))
    people = _PEOPLES[_pick(rng, [share for _, share in _PEOPLES])][0]
    is_male = bool(rng.random() < 0.5)
    age_years = int(np.clip(rng.triangular(18, 32, 82), _YOUNGEST, _OLDEST))
    physique = _physique(rng, people, is_male, age_years)
    complexion = _complexion(rng, people, is_male, age_years)
    return Casting(name, _describe(physique, complexion), physique, complexion, seed)


def _pick(rng: np.random.Generator, shares: list[float]) -> int:
    return int(rng.choice(len(shares), p=np.array(shares) / sum(shares)))


def _bounded(rng: np.random.Generator, mean: float, deviation: float) -> float:
    return round(mean + deviation * float(np.clip(rng.standard_normal(), -_MOST_DEVIATIONS, _MOST_DEVIATIONS)), 3)


def _physique(rng: np.random.Generator, people: _People, is_male: bool, age_years: int) -> Physique:
    old = (age_years - _YOUNGEST) / (_OLDEST - _YOUNGEST)
    weight = _bounded(rng, 0.05 + 0.15 * old, 0.28)
    features = {name: _bounded(rng, 0.0, spread) for name, spread in _SPREAD.items()}
    # The average head of the anatomy has close-set, half-closed eyes.
    features["eye_spacing"] = _bounded(rng, 0.40 if "asian" not in people.ancestry else 0.5, 0.1)
    features["eye_opening"] = _bounded(rng, 0.15, 0.1)
    features["brow_height"] -= 0.12 if is_male else -0.12
    features["eye_bags"] = _bounded(rng, 0.45 * old, 0.08)
    features["laugh_lines"] = _bounded(rng, 0.6 * old, 0.08)
    features["aged"], features["cheek_height"] = round(0.7 * old, 3), round(-0.35 * old, 3)
    features["lid_fold"] = _bounded(rng, -0.35 * old, 0.08)
    features["double_chin"] = max(0.0, _bounded(rng, 0.6 * weight + 0.2 * old, 0.1))
    features["fat"] = max(0.0, 0.5 * weight)
    features[_OUTLINES[rng.integers(len(_OUTLINES))]] = round(rng.uniform(0.15, 0.45), 3)
    # Nobody is wholly of one sex's average shape.
    male = round(rng.uniform(0.85, 1.0) if is_male else rng.uniform(0.0, 0.12), 3)
    muscle = _bounded(rng, 0.15 if is_male else -0.05, 0.22)
    return Physique(male, age_years, weight, muscle, people.ancestry, features)


def _complexion(rng: np.random.Generator, people: _People, is_male: bool, age_years: int) -> Complexion:
    darkness = float(np.clip(_bounded(rng, *people.darkness), 0, 1))
    skin = _tone(darkness) * (1 + np.array([0.0, 0.015, 0.03]) * rng.uniform(-1, 1))  # pink to golden
    light = 1 - darkness
    hair = np.array(people.hair[_pick(rng, [share for _, share in people.hair])][0])
    gray = float(np.clip((age_years - rng.uniform(35, 62)) / 22, 0, 1))
    hair = (hair * rng.uniform(0.8, 1.2) * (1 - gray) + np.array(_WHITE) * gray).clip(0, 1)
    iris = np.array(people.iris[_pick(rng, [share for _, share in people.iris])][0]) * rng.uniform(0.85, 1.15)
    old = float(np.clip((age_years - 20) / 55, 0, 1))
    beard = (0.15, 0.4, 0.7, 1.0)[_pick(rng, [0.35, 0.3, 0.2, 0.15])] if is_male else 0.0
    receding = _bounded(rng, -0.2 + 1.2 * old, 0.5) if is_male else _bounded(rng, -0.15 + 0.2 * old, 0.12)
    is_fair = people is _NORTHERN
    swept = rng.random() < (0.06 if is_male else 0.45 if people.ancestry is AFRICAN else 0.8)
    return Complexion(
        skin=_rgb(skin),
        flush=_rgb(np.array([0.05, -0.045, -0.035]) * (0.15 + 0.85 * light) + [0.03, 0, 0]),
        lips=_rgb(np.array([0.86, 0.655, 0.67]) + darkness * np.array([0.12, 0.09, 0.12])),
        hair=_rgb(hair),
        iris=_rgb(iris),
        beard=beard,
        freckles=round(float(rng.uniform(0, 0.9 if is_fair else 0.25)), 2),
        pores=round(float(rng.uniform(0.4, 0.7) + 0.15 * old * is_male), 2),
        age=round(old, 2),
        brow_weight=_bounded(rng, 1.1 if is_male else 0.85, 0.15),
        lash_weight=_bounded(rng, 0.8 if is_male else 1.1, 0.15) - (0.2 if is_fair else 0.0),
        hairline=float(np.clip(receding, -0.4, 2.0)),
        swept=1.0 if swept and receding < 0.5 else 0.0,
        makeup=0.0 if is_male else round(float(np.clip(rng.uniform(-0.4, 0.8), 0, 1)), 2),
    )


def _tone(darkness: float) -> np.ndarray:
    steps = np.linspace(0, 1, len(_TONES))
    return np.array([np.interp(darkness, steps, _TONES[:, channel]) for channel in range(3)])


def _rgb(values: np.ndarray) -> Rgb:
    red, green, blue = (round(float(value), 3) for value in values)
    return red, green, blue


def _describe(physique: Physique, complexion: Complexion) -> str:
    build = "thin" if physique.weight < -0.25 else "average build" if physique.weight < 0.35 else "heavy"
    features: dict[str, str] = {}  # by the part of the face, the strongest of each
    for name in sorted(_WORDS, key=lambda name: -abs(physique.features[name] / _SPREAD[name])):
        features.setdefault(name.partition("_")[0].rstrip("s"), _WORDS[name][physique.features[name] > 0])
    lightness = float(np.mean(complexion.skin))
    words = [build, *list(features.values())[:2]]
    words.append(next(word for least, word in _SKIN_WORDS if lightness > least) + " skin")
    if complexion.hairline > 1.3:
        words.append("bald")
    if complexion.beard > 0.6:
        words.append("beard")
    return ", ".join(words)
