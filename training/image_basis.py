"""The principal components of the training pictures: the fixed first layer of the fully connected network.

Rule: computed once, on pictures as they are (not augmented), in float32 with sums in float64.
"""

from dataclasses import dataclass, replace

import numpy as np
import torch

from training.crops import FrameChoice
from training.networks.shape import Kind, NetworkShape

_MAX_PICTURES = 4000  # more than the paper's 3,000 components need
_PIXELS_A_BLOCK = 4096
_LEAST_VARIANCE = 1e-6  # of the first component's: what is smaller is rounding, and would be whitened to noise


@dataclass(frozen=True, slots=True, eq=False)
class PictureBasis:
    """A mean picture and its directions of change.

    Args:
        mean: [H W] float32 gray levels.
        directions: [n, H W] float16, orthonormal rows, the strongest first.
        deviation: [n] float32 gray levels, of the training pictures along each direction.
        variance_reached: Part of the pictures' variance that the directions span, 0 to 1.
    """

    mean: np.ndarray
    directions: np.ndarray
    deviation: np.ndarray
    variance_reached: float

    @property
    def words(self) -> str:
        """One line for people."""
        size_mb = self.directions.nbytes / 1e6
        return (
            f"{len(self.directions)} components hold {100 * self.variance_reached:.3f} % of the pictures' variance"
            f" ({size_mb:.1f} MB)."
        )


def picture_basis(choice: FrameChoice, shape: NetworkShape) -> PictureBasis | None:
    """Principal components of the chosen frames' pictures (of at most 4,000, spread evenly), if the network has any.

    By the pictures' products with each other: with nearly as many components as pictures that is exact and takes half
    the work of a randomised decomposition. Memory: the pictures as bytes, 300 MB for 4,000 of 240x320, and as much
    again for their products and twice as much for the result.

    Args:
        choice: Training frames.
        shape: Of the network; there are fewer components than it asks for where there are fewer frames.
    """
    if shape.kind is not Kind.FULLY_CONNECTED:
        return None
    picked = np.linspace(0, len(choice) - 1, min(len(choice), _MAX_PICTURES)).astype(int)
    pictures = np.stack([choice.crop(index).reshape(-1) for index in picked])  # [n, H W] uint8
    mean = pictures.mean(axis=0, dtype=np.float64).astype(np.float32)

    blocks = [slice(first, first + _PIXELS_A_BLOCK) for first in range(0, pictures.shape[1], _PIXELS_A_BLOCK)]
    products = torch.zeros((len(pictures), len(pictures)), dtype=torch.float64)
    for block in blocks:
        centred = torch.from_numpy(pictures[:, block] - mean[block])
        products += (centred @ centred.T).double()
    variances, weights = torch.linalg.eigh(products)
    variances, weights = variances.flip(0).clamp(min=0.0), weights.flip(1)  # the strongest first
    num_real = int((variances > _LEAST_VARIANCE * variances[0]).sum())
    num_kept = max(1, min(shape.image_components, num_real))
    lengths = variances[:num_kept].sqrt().clamp(min=1e-6)

    to_directions = (weights[:, :num_kept] / lengths).T.float()  # [num_kept, n]
    directions = np.empty((num_kept, pictures.shape[1]), np.float16)
    for block in blocks:
        centred = torch.from_numpy(pictures[:, block] - mean[block])
        directions[:, block] = (to_directions @ centred).numpy()
    deviation = (lengths / len(pictures) ** 0.5).float().numpy()
    total = float(variances.sum())
    reached = float(variances[:num_kept].sum()) / total if total > 0 else 1.0
    return PictureBasis(mean, directions, deviation, min(1.0, reached))


def fitting(shape: NetworkShape, pictures: PictureBasis | None) -> NetworkShape:
    """The shape with as many components as there are."""
    return shape if pictures is None else replace(shape, image_components=len(pictures.directions))
