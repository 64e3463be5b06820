"""Expected errors: how a network learns to foretell them, and how validation puts them to scale."""

import torch
from torch import Tensor

from engine.mesh import MM_PER_CM


def foretelling_loss(errors_mm: Tensor, vertices: Tensor, truth: Tensor) -> Tensor:
    """How badly errors were foretold: smallest where each is the mean of the distances seen under such features.

    The negative log-likelihood of an exponential distribution, d / e + log e, whose minimum over e is the mean of d.
    The solved vertices learn nothing from it.

    Args:
        errors_mm: [B, V] > 0.
        vertices: [B, V, 3] cm, solved.
        truth: [B, V, 3] cm.
    """
    distances_mm = MM_PER_CM * torch.linalg.vector_norm(vertices.detach() - truth, dim=2)
    return (distances_mm / errors_mm + errors_mm.log()).mean()


class Calibration:
    """Compares foretold with true mean errors over a validation."""

    def __init__(self) -> None:
        self._sum_mm, self._num_frames = 0.0, 0

    def add(self, errors_mm: Tensor) -> None:
        """The foretold errors of a batch, [B, n] mm."""
        self._sum_mm += float(errors_mm.mean(dim=1).sum())
        self._num_frames += len(errors_mm)

    def factor(self, mean_mm: float) -> float:
        """What brings the foretold mean to the true one."""
        return mean_mm * self._num_frames / self._sum_mm if self._sum_mm > 0 else 1.0
