"""Who the actor is: shape targets and complexion, as values, by name or by seed."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.errors import ActorError
from training.actor.casting import ROSTER, Casting
from training.actor.complexion import Complexion
from training.actor.extras import LAST_SEED, draw_extra
from training.actor.physique import uneven

__all__ = ["ACTORS", "Complexion", "Identity", "identity_of"]

_SEED_PREFIX = "seed-"


@dataclass(frozen=True, slots=True)
class Identity:
    """An actor.

    Args:
        name: Lower case, one word.
        targets: Weight of each identity target of the anatomy.
        complexion: How the skin is painted.
        seed: Of everything painted at random.
        sex: `female` or `male`.
        age_years: The age played.
        description: Build and features in a few words, for lists.
    """

    name: str
    targets: Mapping[str, float]
    complexion: Complexion = field(default_factory=Complexion)
    seed: int = 0
    sex: str = ""
    age_years: int = 0
    description: str = ""


def _identity(casting: Casting) -> Identity:
    return Identity(
        name=casting.name,
        targets=casting.physique.targets() | uneven(casting.seed),
        complexion=casting.complexion,
        seed=casting.seed,
        sex="male" if casting.physique.male > 0.5 else "female",
        age_years=casting.physique.age_years,
        description=casting.description,
    )


ACTORS: tuple[Identity, ...] = tuple(_identity(casting) for casting in ROSTER)


def identity_of(name_or_seed: str) -> Identity:
    """The actor of this name, or the one that a seed draws.

    Args:
        name_or_seed: One of `ACTORS`' names, or a whole number such as `1234` (or `seed-1234`, the drawn actor's name).

    Raises:
        ActorError: There is no such actor.
    """
    for identity in ACTORS:
        if identity.name == name_or_seed:
            return identity
    digits = name_or_seed.removeprefix(_SEED_PREFIX)
    if digits.isascii() and digits.isdigit():
        if int(digits) > LAST_SEED:
            raise ActorError(f"The seed {digits} is too large.", f"Give a number from 0 to {LAST_SEED}.")
        return _identity(draw_extra(f"{_SEED_PREFIX}{int(digits)}", int(digits)))
    names = [identity.name for identity in ACTORS]
    near = difflib.get_close_matches(name_or_seed.lower(), names, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    raise ActorError(
        f"There is no virtual actor '{name_or_seed}'.{meant}",
        f"Choose one of: {', '.join(names)}; or give a number, which draws an actor by that seed.",
    )
