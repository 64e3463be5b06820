"""The company: every named actor, as a casting sheet. New actors are added here; `extras` draws those without a name.

Rule: nobody here is a portrait of a living person.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from training.actor.complexion import Complexion
from training.actor.physique import Physique


@dataclass(frozen=True, slots=True)
class Casting:
    """One actor's sheet.

    Args:
        name: Lower case, one word.
        description: Build and features, for lists; sex and age stand beside it.
        physique: The head's shape.
        complexion: How the skin is painted.
        seed: Of everything drawn at random: pores, hairs, and what makes the two sides of the face differ.
    """

    name: str
    description: str
    physique: Physique
    complexion: Complexion
    seed: int


def man(
    age_years: int, ancestry: Mapping[str, float], weight: float, muscle: float, features: Mapping[str, float]
) -> Physique:
    """A man; the features are `Physique`'s sliders."""
    return Physique(1.0, age_years, weight, muscle, ancestry, features)


def woman(
    age_years: int, ancestry: Mapping[str, float], weight: float, muscle: float, features: Mapping[str, float]
) -> Physique:
    """A woman; the features are `Physique`'s sliders."""
    return Physique(0.0, age_years, weight, muscle, ancestry, features)


EUROPEAN = {"caucasian": 1.0}
AFRICAN = {"african": 1.0}
EAST_ASIAN = {"asian": 0.85, "caucasian": 0.15}
SOUTH_ASIAN = {"caucasian": 0.66, "asian": 0.12, "african": 0.22}


ROSTER: tuple[Casting, ...] = (
    Casting(
        "demo", "average build, oval face, blue eyes, dark hair, shaved",
        man(27, {"caucasian": 0.85, "african": 0.15}, 0.0, 0.0, {
            "oval": 0.35, "nose_hump": 0.25, "nose_width": -0.15, "upper_lip": 0.2, "lower_lip": 0.3,
            "chin_width": 0.2, "cheekbones": 0.35
        }),
        Complexion(brow_weight=1.3),
        7,
    ),
    Casting(
        "amara", "slender, long neck, high cheekbones, full lips, very dark skin, cropped hair",
        woman(24, AFRICAN, -0.35, 0.1, {
            "oval": 0.4, "cheekbones": 0.45, "eye_spacing": 0.25, "eye_opening": 0.25, "nose_width": -0.2,
            "nose_volume": -0.3, "nose_bridge": 0.2, "jaw": -0.15, "chin_height": -0.1, "forehead_height": 0.2,
            "ears_out": -0.2, "outer_corner": 0.25
        }),
        Complexion(skin=(0.350, 0.228, 0.168), flush=(0.045, 0.0, -0.005), lips=(0.98, 0.72, 0.78),
                   hair=(0.030, 0.025, 0.025), iris=(0.16, 0.10, 0.07), beard=0.0, freckles=0.0, pores=0.4, age=0.08,
                   brow_weight=0.65, lash_weight=1.25, hairline=-0.1, makeup=0.35),
        11,
    ),
    Casting(
        "dante", "wiry, diamond-shaped face, green eyes, light brown skin, wide mouth",
        man(27, {"caucasian": 0.45, "african": 0.45, "asian": 0.10}, -0.4, 0.3, {
            "diamond": 0.35, "nose_width": 0.1, "mouth_width": 0.45, "lower_lip": 0.25, "chin_height": 0.1,
            "brow_height": 0.2, "ears_out": 0.45, "cheekbones": 0.3, "eye_spacing": 0.3, "jaw": 0.2, "chin_cleft": 0.3
        }),
        Complexion(skin=(0.560, 0.390, 0.285), flush=(0.06, -0.01, -0.015), lips=(0.94, 0.72, 0.72),
                   hair=(0.055, 0.040, 0.035), iris=(0.33, 0.39, 0.23), beard=0.25, freckles=0.2, pores=0.5, age=0.12,
                   brow_weight=1.1, lash_weight=1.15),
        12,
    ),
    Casting(
        "elena", "average build, heart-shaped face, hooked nose, olive skin, black hair, made up",
        woman(43, {"caucasian": 1.0}, 0.1, 0.0, {
            "invertedtriangular": 0.35, "nose_hump": 0.75, "nose_length": 0.25, "nose_depth": 0.25,
            "eye_spacing": 0.3, "lower_lip": 0.25, "upper_lip": 0.15, "brow_angle": 0.2, "chin_forward": 0.15,
            "cheekbones": 0.3,
            "eye_opening": 0.2, "mouth_width": 0.2, "laugh_lines": 0.2
        }),
        Complexion(skin=(0.690, 0.515, 0.405), flush=(0.06, -0.025, -0.02), lips=(0.88, 0.62, 0.64),
                   hair=(0.060, 0.045, 0.040), iris=(0.24, 0.16, 0.10), beard=0.0, freckles=0.1, pores=0.55, age=0.4,
                   brow_weight=0.8, lash_weight=1.3, hairline=-0.2, makeup=0.8, swept=1.0),
        13,
    ),
    Casting(
        "hiro", "slim, long face, fine nose, monolid eyes, black hair",
        man(35, {"asian": 1.0}, -0.25, 0.0, {
            "rectangular": 0.35, "head_height": 0.15, "nose_bridge": 0.25, "nose_width": -0.2, "eye_spacing": 0.4,
            "eye_opening": 0.02, "brow_height": 0.25, "mouth_width": 0.1, "chin_width": 0.15, "jaw": 0.15,
            "cheekbones": 0.2, "lid_fold": -0.2
        }),
        Complexion(skin=(0.735, 0.575, 0.440), flush=(0.05, -0.025, -0.02), lips=(0.88, 0.69, 0.68),
                   hair=(0.040, 0.035, 0.035), iris=(0.17, 0.11, 0.08), beard=0.2, freckles=0.05, pores=0.5, age=0.25,
                   brow_weight=0.9, lash_weight=0.8),
        14,
    ),
    Casting(
        "ingrid", "lean, narrow face, thin lips, fair wrinkled skin, white hair combed back, pale blue eyes",
        woman(68, EUROPEAN, -0.3, -0.1, {
            "oval": 0.3, "head_width": -0.2, "nose_length": 0.15, "nose_tip": 0.05, "nose_width": -0.3,
            "nose_volume": -0.25, "upper_lip": -0.35, "lower_lip": -0.25, "upper_lip_height": -0.2, "laugh_lines": 0.45,
            "eye_bags": 0.35, "cheeks": -0.25, "inner_cheeks": -0.25, "eye_spacing": 0.35, "eye_opening": 0.2,
            "eye_size": 0.2, "outer_corner": -0.05, "cheekbones": 0.5, "ear_lobes": 0.4, "aged": 0.6,
            "lid_fold": -0.25, "cheek_height": -0.2, "jaw_drop": 0.2, "jaw": -0.4, "chin_width": -0.45,
            "neck_width": -0.3, "brow_height": 0.3, "brow_angle": 0.2
        }),
        Complexion(skin=(0.830, 0.665, 0.590), flush=(0.07, -0.045, -0.035), lips=(0.86, 0.60, 0.62),
                   hair=(0.760, 0.735, 0.700), iris=(0.42, 0.53, 0.62), beard=0.0, freckles=0.3, pores=0.55, age=0.85,
                   brow_weight=0.4, lash_weight=1.0, hairline=-0.35, makeup=0.45, swept=1.0),
        15,
    ),
    Casting(
        "kofi", "powerful, square jaw, broad nose, very dark skin, close beard",
        man(41, AFRICAN, 0.25, 0.6, {
            "square": 0.4, "nose_width": 0.2, "nostrils": 0.2, "jaw": 0.35, "chin_width": 0.3, "neck_width": 0.3,
            "eye_spacing": 0.35, "brow_height": -0.15, "lower_lip": 0.15, "head_width": 0.1, "ear_size": -0.2
        }),
        Complexion(skin=(0.295, 0.192, 0.142), flush=(0.04, 0.0, -0.004), lips=(0.90, 0.69, 0.74),
                   hair=(0.030, 0.026, 0.025), iris=(0.14, 0.09, 0.06), beard=0.9, freckles=0.0, pores=0.65, age=0.35,
                   brow_weight=1.1, lash_weight=0.9, hairline=0.25),
        16,
    ),
    Casting(
        "lucia", "soft, round face, short nose, tan skin, dark brown eyes",
        woman(29, {"caucasian": 0.5, "asian": 0.38, "african": 0.12}, 0.35, -0.1, {
            "round": 0.45, "nose_length": -0.2, "nose_tip": 0.25, "cheeks": 0.25, "lower_lip": 0.35, "upper_lip": 0.3,
            "eye_spacing": 0.35, "eye_opening": 0.25, "eye_size": 0.2, "chin_height": -0.2, "cupids_bow": 0.4
        }),
        Complexion(skin=(0.620, 0.440, 0.325), flush=(0.065, -0.02, -0.02), lips=(0.93, 0.66, 0.68),
                   hair=(0.070, 0.048, 0.040), iris=(0.20, 0.125, 0.08), beard=0.0, freckles=0.15, pores=0.4, age=0.12,
                   brow_weight=0.75, lash_weight=1.2, hairline=-0.35, makeup=0.4, swept=1.0),
        17,
    ),
    Casting(
        "mei", "small, broad cheekbones, flat bridge, light skin, black hair turning gray",
        woman(52, {"asian": 1.0}, 0.15, -0.2, {
            "round": 0.25, "cheekbones": 0.45, "nose_width": 0.15, "nose_volume": 0.15, "eye_spacing": 0.7,
            "eye_opening": 0.3, "eye_size": 0.3, "mouth_width": 0.2, "laugh_lines": 0.45, "eye_bags": 0.25,
            "head_width": 0.2, "chin_width": 0.15, "double_chin": 0.2, "aged": 0.2
        }),
        Complexion(skin=(0.770, 0.620, 0.500), flush=(0.06, -0.03, -0.025), lips=(0.86, 0.64, 0.65),
                   hair=(0.145, 0.135, 0.135), iris=(0.16, 0.105, 0.075), beard=0.0, freckles=0.35, pores=0.5, age=0.5,
                   brow_weight=0.65, lash_weight=0.7, hairline=-0.1, makeup=0.25, swept=1.0),
        18,
    ),
    Casting(
        "nell", "slight, pointed chin, turned-up nose, freckles, ginger hair, green eyes",
        woman(20, EUROPEAN, -0.45, -0.1, {
            "invertedtriangular": 0.5, "nose_tip": 0.45, "nose_length": -0.25, "nose_width": -0.25, "eye_size": 0.3,
            "eye_spacing": 0.4, "eye_opening": 0.3, "chin_width": -0.4, "mouth_width": -0.2, "ears_out": 0.3,
            "brow_height": 0.25, "upper_lip": -0.1
        }),
        Complexion(skin=(0.850, 0.690, 0.610), flush=(0.070, -0.038, -0.034), lips=(0.86, 0.63, 0.64),
                   hair=(0.480, 0.215, 0.085), iris=(0.33, 0.44, 0.33), beard=0.0, freckles=0.8, pores=0.45, age=0.03,
                   brow_weight=0.75, lash_weight=0.6, hairline=-0.1, swept=0.9),
        19,
    ),
    Casting(
        "owen", "heavy, red face, double chin, receding ginger hair, stubble, blue eyes",
        man(54, EUROPEAN, 0.75, 0.1, {
            "round": 0.35, "fat": 0.35, "double_chin": 0.6, "nose_volume": 0.4, "nose_tip_width": 0.5,
            "eye_bags": 0.5, "eye_spacing": 0.25, "cheeks": 0.3, "neck_width": 0.35, "mouth_width": 0.1,
            "upper_lip": -0.3,
            "laugh_lines": 0.4, "ear_lobes": 0.4, "aged": 0.3, "lid_fold": -0.15
        }),
        Complexion(skin=(0.800, 0.600, 0.520), flush=(0.100, -0.055, -0.045), lips=(0.86, 0.66, 0.68),
                   hair=(0.400, 0.215, 0.110), iris=(0.36, 0.47, 0.55), beard=0.55, freckles=0.65, pores=0.85,
                   age=0.55, brow_weight=1.1, lash_weight=0.6, hairline=0.9),
        20,
    ),
    Casting(
        "priya", "average build, wide-set large eyes, straight nose, brown skin, heavy brows",
        woman(33, SOUTH_ASIAN, 0.0, 0.0, {
            "oval": 0.5, "eye_size": 0.25, "eye_opening": 0.25, "eye_spacing": 0.5, "nose_bridge": 0.2,
            "nose_tip": -0.08, "nose_flare": 0.25, "lower_lip": 0.3, "upper_lip": 0.2, "brow_angle": -0.1,
            "chin_height": -0.1,
            "outer_corner": 0.2
        }),
        Complexion(skin=(0.500, 0.345, 0.250), flush=(0.05, -0.01, -0.015), lips=(0.96, 0.66, 0.70),
                   hair=(0.040, 0.032, 0.030), iris=(0.17, 0.105, 0.07), beard=0.0, freckles=0.05, pores=0.45, age=0.2,
                   brow_weight=1.05, lash_weight=1.3, hairline=-0.3, makeup=0.5, swept=1.0),
        21,
    ),
    Casting(
        "ruth", "stout, round cheeks, laugh lines, brown skin, gray hair combed back, made up",
        woman(75, {"african": 0.85, "caucasian": 0.15}, 0.5, 0.0, {
            "round": 0.4, "cheeks": 0.35, "laugh_lines": 0.45, "eye_bags": 0.45, "double_chin": 0.25,
            "nose_width": -0.05, "nose_volume": -0.2, "eye_spacing": 0.4, "eye_opening": 0.2, "eye_size": 0.2,
            "mouth_corners": -0.05, "ear_lobes": 0.35, "outer_corner": -0.1, "aged": 0.65,
            "lid_fold": -0.25, "cheek_height": -0.25, "jaw_drop": 0.3, "jaw": -0.3, "chin_width": -0.35,
            "neck_width": -0.35, "brow_height": 0.25, "brow_angle": 0.2, "lower_lip": 0.2, "upper_lip": 0.15,
            "cheekbones": 0.2
        }),
        Complexion(skin=(0.395, 0.262, 0.190), flush=(0.045, -0.005, -0.008), lips=(0.98, 0.68, 0.72),
                   hair=(0.560, 0.545, 0.530), iris=(0.15, 0.10, 0.07), beard=0.0, freckles=0.3, pores=0.5, age=1.0,
                   brow_weight=0.35, lash_weight=1.0, hairline=-0.35, makeup=0.45, swept=1.0),
        22,
    ),
    Casting(
        "samir", "gaunt, hollow cheeks, long hooked nose, large ears, brown skin, bald with a white fringe",
        man(74, {"caucasian": 0.8, "african": 0.1, "asian": 0.1}, -0.55, -0.3, {
            "rectangular": 0.3, "nose_length": 0.3, "nose_hump": 0.5, "nose_tip": -0.15, "inner_cheeks": -0.5,
            "cheeks": -0.4, "temples": -0.4, "ear_size": 0.5, "ear_lobes": 0.6, "eye_bags": 0.5, "eye_spacing": 0.3,
            "laugh_lines": 0.6, "upper_lip": -0.3, "cheekbones": 0.4, "aged": 0.8, "lid_fold": -0.4,
            "cheek_height": -0.3
        }),
        Complexion(skin=(0.545, 0.388, 0.285), flush=(0.055, -0.015, -0.02), lips=(0.90, 0.72, 0.74),
                   hair=(0.720, 0.700, 0.680), iris=(0.21, 0.14, 0.09), beard=0.45, freckles=0.4, pores=0.7, age=1.0,
                   brow_weight=1.3, lash_weight=0.7, hairline=1.6),
        23,
    ),
    Casting(
        "tane", "massive, broad flat nose, full cheeks, brown skin, black hair combed tight to the back, stubble",
        man(47, {"asian": 0.35, "african": 0.35, "caucasian": 0.3}, 0.55, 0.55, {
            "square": 0.25, "round": 0.25, "head_width": 0.25, "fat": 0.2, "nose_width": 0.35, "nose_volume": 0.25,
            "nostrils": 0.2, "nose_bridge": -0.2, "eye_spacing": 0.4, "eye_opening": 0.1, "cheeks": 0.3,
            "chin_width": 0.3, "lower_lip": 0.3, "upper_lip": 0.2, "neck_width": 0.45, "double_chin": 0.25,
            "laugh_lines": 0.3,
            "brow_height": -0.15, "mouth_width": 0.2
        }),
        Complexion(skin=(0.515, 0.355, 0.255), flush=(0.055, -0.012, -0.015), lips=(0.93, 0.70, 0.72),
                   hair=(0.050, 0.040, 0.038), iris=(0.17, 0.11, 0.07), beard=0.6, freckles=0.1, pores=0.75, age=0.4,
                   brow_weight=1.2, lash_weight=1.0, hairline=0.1, swept=1.0),
        27,
    ),
    Casting(
        "tove", "plump, wide face, small nose, fair skin, blond hair, gray eyes",
        woman(38, EUROPEAN, 0.7, 0.0, {
            "round": 0.45, "fat": 0.25, "cheeks": 0.35, "nose_volume": -0.2, "nose_length": -0.2, "nose_tip": 0.15,
            "eye_spacing": 0.45, "double_chin": 0.35, "mouth_width": -0.1, "lower_lip": 0.15, "eye_opening": 0.15,
            "chin_cleft": 0.2, "brow_height": 0.1
        }),
        Complexion(skin=(0.825, 0.655, 0.570), flush=(0.09, -0.05, -0.04), lips=(0.88, 0.65, 0.68),
                   hair=(0.590, 0.450, 0.285), iris=(0.45, 0.49, 0.50), beard=0.0, freckles=0.2, pores=0.45, age=0.25,
                   brow_weight=0.7, lash_weight=0.7, hairline=-0.1, makeup=0.2, swept=1.0),
        24,
    ),
    Casting(
        "viktor", "bull-necked, square skull, heavy brow, broad humped nose, shaved head, gray stubble",
        man(61, EUROPEAN, 0.35, 0.5, {
            "square": 0.55, "head_width": 0.2, "brow_height": -0.45, "forehead_forward": -0.15, "nose_hump": 0.4,
            "nose_bridge_width": 0.5, "nose_width": 0.25, "jaw": 0.4, "chin_width": 0.4, "chin_cleft": 0.3,
            "neck_width": 0.5, "upper_lip": -0.4, "eye_spacing": 0.3, "eye_bags": 0.4, "laugh_lines": 0.5,
            "mouth_corners": -0.15, "aged": 0.4, "lid_fold": -0.3
        }),
        Complexion(skin=(0.755, 0.570, 0.475), flush=(0.085, -0.04, -0.035), lips=(0.85, 0.70, 0.71),
                   hair=(0.430, 0.415, 0.400), iris=(0.40, 0.47, 0.50), beard=0.7, freckles=0.25, pores=0.9, age=0.75,
                   brow_weight=1.15, lash_weight=0.6, hairline=2.0),
        25,
    ),
    Casting(
        "yusuf", "solid, strong nose, thick brows, full dark beard, olive skin",
        man(32, {"caucasian": 0.85, "african": 0.10, "asian": 0.05}, 0.35, 0.35, {
            "rectangular": 0.35, "head_width": 0.12, "nose_depth": 0.35, "nose_hump": 0.45, "nose_length": 0.25,
            "nose_width": 0.2, "nose_tip": -0.1, "eye_spacing": 0.4, "eye_opening": 0.2, "lower_lip": 0.4,
            "chin_forward": 0.25, "chin_width": 0.35, "jaw": 0.3, "brow_height": -0.25, "cheekbones": 0.2,
            "ear_size": 0.25, "forehead_height": -0.15
        }),
        Complexion(skin=(0.660, 0.480, 0.370), flush=(0.06, -0.02, -0.02), lips=(0.83, 0.62, 0.70),
                   hair=(0.045, 0.035, 0.032), iris=(0.22, 0.14, 0.085), beard=1.0, freckles=0.05, pores=0.65, age=0.2,
                   brow_weight=1.4, lash_weight=1.2, hairline=-0.2),
        26,
    ),
)  # fmt: skip
