"""How much each texel of a skin shines, read from its colours: hair and stubble hardly, skin between its pores most.

Rule: everything is relative to the actor's own bare skin, so dark skin shines as fair skin does.
"""

import cv2
import numpy as np

from engine.mesh import Topology

_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_MATT, _BARE = 0.30, 0.75  # luminance over the bare skin's: below, hair; above, skin
_PORE_PX = 5.0  # pores are smaller than this
_AMONG_HAIRS_PX = 7.0  # hairs are closer together than this
_PORE_CONTRAST, _PORE_RANGE = 4.0, (0.35, 1.7)
SHEEN_SCALE = 1.7  # the alpha channel's 255


def with_sheen(topology: Topology, skin: np.ndarray) -> np.ndarray:
    """[H, W, 4] uint8: the skin, and its sheen over `SHEEN_SCALE` as alpha.

    Args:
        topology: Whose texture coordinates it has.
        skin: [H, W, 3] uint8 red-green-blue, top row first.
    """
    displayed = displayed_luminance(skin)
    typical = bare_level(topology, displayed)
    # What lies among hairs is matt as they are: the lighter of two strands is no skin.
    bare = _bareness(displayed**2.2 / typical) * _bareness(_blurred(displayed, _AMONG_HAIRS_PX) ** 2.2 / typical)
    # The mean over bare skin alone: beside a hair, skin is no brighter than it is.
    around = _blurred(displayed * bare, _PORE_PX) / np.maximum(_blurred(bare, _PORE_PX), 1e-3)
    pores = np.clip(1 + _PORE_CONTRAST * (displayed / np.maximum(around, 1e-3) - 1), *_PORE_RANGE)
    sheen = bare * pores / SHEEN_SCALE
    return np.dstack([skin, np.clip(sheen * 255 + 0.5, 0, 255).astype(np.uint8)])


def _bareness(level: np.ndarray) -> np.ndarray:
    share = np.clip((level - _MATT) / (_BARE - _MATT), 0, 1)
    return np.asarray(share * share * (3 - 2 * share))


def _blurred(values: np.ndarray, radius_px: float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(values, (0, 0), radius_px))


def displayed_luminance(skin: np.ndarray) -> np.ndarray:
    """[H, W] float32 in 0..1 of [H, W, 3] uint8 red-green-blue."""
    return np.asarray((skin @ (_LUMINANCE / 255)).astype(np.float32))


def bare_level(topology: Topology, displayed: np.ndarray) -> float:
    """Linear luminance of the face's skin: the median over its vertices.

    Args:
        topology: Whose texture coordinates it has.
        displayed: [H, W] float32 luminance of the texture as displayed, 0..1, top row first.
    """
    rows = topology.sets.get("face", np.arange(topology.num_vertices))
    places = np.zeros((topology.num_vertices, 2))
    places[topology.faces] = topology.uv[topology.uv_faces]
    height, width = displayed.shape
    columns = np.clip(places[rows, 0] * width, 0, width - 1).astype(int)
    lines = np.clip((1 - places[rows, 1]) * height, 0, height - 1).astype(int)
    return max(float(np.median(displayed[lines, columns] ** 2.2)), 1e-3)
