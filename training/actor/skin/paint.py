"""One actor's texture, layer by layer.

Rule: everything is placed by the head's own anatomy, so any actor can be painted; each layer has its own dice, so that
changing one leaves the others as they were.
"""

import numpy as np

from training.actor.anatomy import Anatomy, load_anatomy
from training.actor.atlas import island_mask
from training.actor.canvas import Canvas, filled, make_canvas
from training.actor.rig import Rig
from training.actor.rings import mouth_rings
from training.actor.skin.brows import paint_brows
from training.actor.skin.cloth import paint_shirt
from training.actor.skin.eyes import paint_eye
from training.actor.skin.hair import paint_hair
from training.actor.skin.lids import paint_lids
from training.actor.skin.lips import paint_lips
from training.actor.skin.mouth import paint_cavity, paint_teeth, paint_tongue
from training.actor.skin.tone import paint_tone
from training.actor.skin.wrinkles import paint_wrinkles

_REFERENCE_PX = 2048
_SOCKET = np.array([0.52, 0.24, 0.22], np.float32)
_FOLD_COLOUR = np.array([0.90, 1.0, 1.03], np.float32)  # light bleeds red in the folds


def paint_skin(rig: Rig, occlusion: np.ndarray, size_px: int = _REFERENCE_PX) -> np.ndarray:
    """[size_px, size_px, 3] uint8 sRGB red-green-blue texture of the rig's atlas, top row first.

    Args:
        rig: Whose skin.
        occlusion: [V] in 0..1, painted in.
        size_px: A power of two; hairs and pores are made for 2048.
    """
    anatomy, topology = load_anatomy(), rig.topology
    canvas = make_canvas(topology, anatomy, size_px)
    dice = _Dice(rig.identity.seed)
    colour = np.zeros((len(canvas.texels), 3), np.float32)

    islands = {name: _in_island(canvas, rig, name) for name in ("head", "neck", "mouth", "left_socket", "right_socket")}
    outside = np.flatnonzero(islands["head"] | islands["neck"])
    colour[outside] = _outside(canvas.part(outside), rig, occlusion, dice)
    cavity = np.flatnonzero(islands["mouth"])
    colour[cavity] = paint_cavity(canvas.part(cavity), rig, dice.of("cavity"))
    colour[islands["left_socket"] | islands["right_socket"]] = _SOCKET * 0.45
    for side, name in enumerate(("left_eye", "right_eye")):
        rows = _of_part(canvas, anatomy, name)
        colour[rows] = paint_eye(canvas.part(rows), rig, side, dice.of(name))
    for name in ("upper_teeth", "lower_teeth"):
        rows = _of_part(canvas, anatomy, name)
        colour[rows] = paint_teeth(canvas.part(rows), rig, name == "upper_teeth", dice.of(name))
    rows = _of_part(canvas, anatomy, "tongue")
    colour[rows] = paint_tongue(canvas.part(rows), rig, dice.of("tongue"))
    image = canvas.image(np.clip(colour, 0, 1))
    return (filled(image, canvas.triangle_at >= 0) * 255 + 0.5).astype(np.uint8)


class _Dice:
    """A random generator for each layer, from one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def of(self, layer: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, *layer.encode()])


def _outside(canvas: Canvas, rig: Rig, occlusion: np.ndarray, dice: _Dice) -> np.ndarray:
    looks, num_vertices = rig.identity.complexion, rig.topology.num_vertices
    colour = paint_tone(canvas, looks, dice.of("tone"))
    colour = paint_wrinkles(colour, canvas, looks, dice.of("wrinkles"))
    colour = paint_lips(colour, canvas, looks, num_vertices, dice.of("lips"))
    colour = paint_hair(colour, canvas, looks, dice.of("hair"))
    colour = paint_brows(colour, canvas, looks, dice.of("brows"))
    colour = paint_lids(colour, canvas, rig, dice.of("lids"))
    colour = paint_shirt(colour, canvas, rig.identity.seed, dice.of("shirt"))
    return _shaded(colour, canvas, occlusion)


def _shaded(colour: np.ndarray, canvas: Canvas, occlusion: np.ndarray) -> np.ndarray:
    openness = occlusion.astype(np.float32).copy()
    rings = mouth_rings()
    openness[rings.span(rings.first, 0)] = 1.0  # baked with the lips closed; their seam is painted dark
    soft = canvas.smooth(canvas.spread(openness), canvas.size_px / 300)
    shade = 0.30 + 0.70 * np.clip(soft * 1.06, 0, 1) ** 1.2
    return np.asarray(colour * shade[:, None] ** _FOLD_COLOUR)


def _in_island(canvas: Canvas, rig: Rig, island: str) -> np.ndarray:
    is_in = island_mask(rig.topology.uv, island)[rig.topology.uv_faces].all(axis=1)
    return np.asarray(is_in[canvas.triangle])


def _of_part(canvas: Canvas, anatomy: Anatomy, part: str) -> np.ndarray:
    is_in = np.zeros(len(anatomy.base), bool)
    is_in[anatomy.parts[part]] = True
    return np.flatnonzero(is_in[canvas.faces[canvas.triangle, 0]])
