import numpy as np

from training.actor.identity import identity_of
from training.actor.portrait import EXPRESSIONS, FIRST_LOOK, Still, portray, take_stills
from training.actor.rig import build_rig

WIDTH_PX, HEIGHT_PX = 120, 152


def test_stills_show_the_same_head_with_other_expressions_and_from_other_sides() -> None:
    stills = (Still("neutral"), Still("jaw open", {"jawOpen": 1.0}), Still("turned", {}, 40.0))
    neutral, opened, turned = (
        picture.astype(int) for picture in take_stills(identity_of("demo"), stills, WIDTH_PX, HEIGHT_PX, 256)
    )
    assert neutral.shape == (HEIGHT_PX, WIDTH_PX, 3)
    face = neutral[60:100, 45:75].reshape(-1, 3).mean(0)
    assert face[0] > 1.15 * face[2], "red, green, blue: skin is warm"
    assert neutral[:4].mean() < 90, "there is room above the head"
    changed = np.abs(opened - neutral).mean(2)
    assert changed[95:140].mean() > 5 * changed[:60].mean(), "the jaw moves, the forehead does not"
    assert np.abs(turned - neutral).mean() > 5


def test_actors_come_back_in_the_order_asked_for() -> None:
    told: list[int] = []
    people = [identity_of("ingrid"), identity_of("kofi")]
    taken = portray(people, [Still("neutral")], WIDTH_PX, HEIGHT_PX, 128, num_processes=2, progress=told.append)
    fair, dark = (pictures[0][60:100, 45:75].mean() for pictures in taken)
    assert fair > 1.5 * dark
    assert sum(told) == 2


def test_every_expression_asked_for_exists() -> None:
    units = build_rig(identity_of("demo")).units
    for still in (*EXPRESSIONS, *FIRST_LOOK):
        for name in still.weights:
            assert name in units or {f"{name}Left", f"{name}Right"} <= set(units), name
