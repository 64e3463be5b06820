"""The principal components of the training meshes: where the network's output layer starts.

Rule: components are scaled to one standard deviation of the data, so latents start near unit variance.
"""

from dataclasses import dataclass

import numpy as np
import torch

from engine.errors import LiveDoubleError
from training.crops import FrameChoice

_MAX_COMPONENTS = 1000
_MAX_MESHES = 4000  # more change the components by less than training does


@dataclass(frozen=True, slots=True, eq=False)
class MeshBasis:
    """A mean mesh and its directions of change.

    Args:
        mean: [3V] float32, cm.
        basis: [num_latents, 3V] float32, cm for one standard deviation; rows beyond the data's rank are zero.
        variance_reached: Part of the meshes' variance that the basis spans, 0 to 1.
    """

    mean: np.ndarray
    basis: np.ndarray
    variance_reached: float


def mesh_basis(choice: FrameChoice, num_latents: int, seed: int, variance: float | None = None) -> MeshBasis:
    """Principal components of the chosen frames' coordinates (of at most 4,000 frames, spread evenly).

    Memory: the meshes once in float32, 240 MB for 4,000 meshes of 5,000 vertices.

    Args:
        choice: Training frames.
        num_latents: How many, where `variance` says nothing.
        seed: Of the randomised decomposition.
        variance: As many as hold this part of the meshes' variance, 0 to 1; at most 1,000.

    Raises:
        LiveDoubleError: 1,000 components do not hold that much.
    """
    wanted = num_latents if variance is None else _MAX_COMPONENTS
    picked = np.linspace(0, len(choice) - 1, min(len(choice), _MAX_MESHES)).astype(int)
    meshes = np.stack([choice.vertices(index).reshape(-1) for index in picked])  # [n, 3V]
    mean = meshes.mean(axis=0, dtype=np.float64).astype(np.float32)
    meshes -= mean
    total = float(np.einsum("ij,ij->", meshes, meshes, dtype=np.float64))
    rank = min(wanted, *meshes.shape)
    torch.manual_seed(seed)
    _, singular, directions = torch.svd_lowrank(torch.from_numpy(meshes), q=min(rank + 20, *meshes.shape), niter=3)
    singular, directions = singular[:rank], directions[:, :rank]
    if variance is not None:
        reached = np.cumsum(singular.double().numpy() ** 2) / total
        # Where all components there are were found, they hold everything but rounding.
        num_latents = int(np.searchsorted(reached, variance)) + 1 if reached[-1] >= variance else rank
        if reached[-1] < variance and rank == _MAX_COMPONENTS:
            raise LiveDoubleError(
                f"{rank} components hold {reached[-1]:.4%} of the meshes' variance, {variance:.4%} was asked for.",
                "Ask for less.",
            )
        rank = min(rank, num_latents)
        singular, directions = singular[:rank], directions[:, :rank]
    basis = np.zeros((num_latents, meshes.shape[1]), np.float32)
    basis[:rank] = (directions * singular).T.numpy() / np.sqrt(len(meshes))
    reached = float((singular.double() ** 2).sum()) / total if total > 0 else 1.0
    return MeshBasis(mean, basis, min(1.0, reached))
