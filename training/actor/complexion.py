"""The colours of a face, as values."""

from dataclasses import dataclass

import numpy as np

Rgb = tuple[float, float, float]

_PLAIN_SKIN = 0.62  # displayed luminance of the skin whose exposure all colours are made for
_METERED = 0.20  # how much of a darker skin's lack the lens makes up


@dataclass(frozen=True, slots=True)
class Complexion:
    """Colours (sRGB, 0..1) and what the painter strews over them.

    Args:
        skin: The cheek's tone: about (0.85, 0.69, 0.61) very fair, (0.77, 0.585, 0.49) fair, (0.74, 0.58, 0.44) golden,
            (0.62, 0.44, 0.33) olive, (0.50, 0.345, 0.25) brown, (0.30, 0.19, 0.14) very dark.
        flush: Added where blood shows: cheeks, nose, ears. Weaker and redder (green near 0) the darker the skin.
        lips: Multiplies the skin's tone; the darker the skin, the nearer to 1 its red.
        hair: Brows, lashes, beard, scalp. Black is about 0.03, white 0.75; lashes stay dark in age.
        iris: Outer iris; inside it is warmer, at its border darker.
        beard: 0 none; to 0.6 a shaved beard's shadow and stubble; above, a short full beard.
        freckles: 0 none, 0.25 a few, 1 strewn all over.
        pores: Contrast of the fine texture: 0.4 smooth, 0.7 coarse.
        age: 0 young .. 1 old: how deep wrinkles, folds and bags are painted, and how many age spots.
        brow_weight: 0.4 thin .. 1.4 bushy.
        lash_weight: 0.4 sparse .. 1.4 thick and dark.
        hairline: -1 low .. 0 .. 1 receding; from 1.0 the crown goes bald, 1.5 leaves a horseshoe, 2 is a shaved head.
        makeup: 0 none .. 1 evening: lipstick, liner, shadow, mascara.
        swept: 0 cropped hair, 1 long hair combed tight to the back (nothing between).
    """

    skin: Rgb = (0.77, 0.585, 0.49)
    flush: Rgb = (0.07, -0.03, -0.03)
    lips: Rgb = (0.86, 0.66, 0.68)
    hair: Rgb = (0.17, 0.11, 0.08)
    iris: Rgb = (0.29, 0.42, 0.50)
    beard: float = 0.5
    freckles: float = 0.25
    pores: float = 0.6
    age: float = 0.3
    brow_weight: float = 1.0
    lash_weight: float = 1.0
    hairline: float = 0.0
    makeup: float = 0.0
    swept: float = 0.0


def against_metering(skin: Rgb) -> float:
    """What undoes, for eyes and teeth, that the lens is opened for dark skin: at most 1."""
    luminance = float(np.dot(skin, (0.2126, 0.7152, 0.0722)))
    return min((luminance / _PLAIN_SKIN) ** _METERED, 1.0)
