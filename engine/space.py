"""Units and axes: ours (centimetres, +y up, +z out of the face) and those of files that come and go.

Rule: where unit and axes agree, coordinates pass bit for bit; otherwise they are scaled in float64 and rounded once.
"""

from enum import StrEnum

import numpy as np


class LengthUnit(StrEnum):
    """What a file's coordinates count."""

    MM = "mm"
    CM = "cm"
    M = "m"
    IN = "in"

    @property
    def cm(self) -> float:
        """Centimetres in one of it."""
        return {"mm": 0.1, "cm": 1.0, "m": 100.0, "in": 2.54}[self.value]


class UpAxis(StrEnum):
    """Which axis points to the top of the head; the face looks along +z where y is up, along -y where z is up."""

    Y = "y"
    Z = "z"


def to_house(vertices: np.ndarray, unit: LengthUnit, up: UpAxis) -> np.ndarray:
    """[..., 3] of a file as float32 centimetres, +y up."""
    turned = vertices if up is UpAxis.Y else np.stack([vertices[..., 0], vertices[..., 2], -vertices[..., 1]], axis=-1)
    return _scaled(turned, unit.cm)


def from_house(vertices: np.ndarray, unit: LengthUnit, up: UpAxis) -> np.ndarray:
    """[..., 3] of ours as float32 in a file's unit and axes."""
    turned = vertices if up is UpAxis.Y else np.stack([vertices[..., 0], -vertices[..., 2], vertices[..., 1]], axis=-1)
    return _scaled(turned, 1.0 / unit.cm)


def _scaled(vertices: np.ndarray, factor: float) -> np.ndarray:
    if factor == 1.0:
        return np.ascontiguousarray(vertices, np.float32)
    return (np.asarray(vertices, np.float64) * factor).astype(np.float32)
