"""The colours of a face, as values."""

from dataclasses import dataclass

Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Complexion:
    """Colours (sRGB, 0..1) and what the painter strews over them.

    Args:
        skin: The cheek's tone.
        flush: Added where blood shows: cheeks, nose, ears.
        lips: Multiplies the skin's tone.
        hair: Brows, lashes, scalp.
        iris: Outer iris.
        beard: Shadow of a shaved beard, 0..1.
        freckles: 0..1.
        pores: Contrast of the fine texture, 0..1.
        age: 0 young .. 1 old: how deep wrinkles, folds and bags are painted.
        brow_weight: 0.4 thin .. 1.4 bushy.
        lash_weight: 0.4 sparse .. 1.4 thick and dark.
        hairline: -1 low .. 0 .. 1 receding, 2 bald.
        makeup: 0 none .. 1 evening: lipstick, eyeliner, blush.
        swept: 0 cropped hair .. 1 long hair combed tight to the back.
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
