"""Who the actor is: shape targets and complexion, as values. New actors are added here, by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.errors import ActorError

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


@dataclass(frozen=True, slots=True)
class Identity:
    """An actor.

    Args:
        name: Lower case, one word.
        targets: Weight of each identity target of the anatomy.
        complexion: How the skin is painted.
        seed: Of everything painted at random.
    """

    name: str
    targets: Mapping[str, float]
    complexion: Complexion = field(default_factory=Complexion)
    seed: int = 0


_ACTORS = (
    Identity(
        name="demo",
        targets={
            "macrodetails/caucasian-male-young": 0.85,
            "macrodetails/african-male-young": 0.15,
            "macrodetails/universal-male-young-averagemuscle-averageweight": 1.0,
            "head/head-oval": 0.35,
            "nose/nose-hump-incr": 0.25,
            "nose/nose-scale-horiz-decr": 0.15,
            "mouth/mouth-upperlip-volume-incr": 0.2,
            "mouth/mouth-lowerlip-volume-incr": 0.3,
            "chin/chin-width-incr": 0.2,
            "cheek/l-cheek-bones-incr": 0.35,
            "cheek/r-cheek-bones-incr": 0.35,
        },
        seed=7,
    ),
)


def identity_of(name: str) -> Identity:
    """The actor of this name.

    Raises:
        ActorError: There is none.
    """
    for identity in _ACTORS:
        if identity.name == name:
            return identity
    known = ", ".join(identity.name for identity in _ACTORS)
    raise ActorError(f"There is no virtual actor '{name}'.", f"Choose one of: {known}.")
