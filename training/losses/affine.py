"""The affine-invariant loss: meshes are compared after the best affine map took one onto the other.

Rule: the prediction is carried onto the target, never the other way round. A target carried onto the prediction would
shrink with it, and the loss with both: a prediction that collapses to a point would be perfect.
"""

import torch
from torch import Tensor


def carry_onto(solved: Tensor, truth: Tensor, weights: Tensor | None = None) -> Tensor:
    """Carry each mesh by the affine map, in least squares, that brings it nearest to its target.

    With homogeneous rows P of the prediction and Q of the target this is P' = P ((Q^T P) (P^T P)^-1)^T
    (Laine et al. 2017, appendix A). Subtracting the means eliminates the column of ones, which leaves 3x3 matrices and
    keeps float32 within a tenth of a micrometre. The inverse is written out, since a library's solver stops a GPU to
    look for errors; products are sums over elements, which no setting rounds to TF32.

    Args:
        solved: [B, V, 3] cm, not all in one plane.
        truth: [B, V, 3] cm.
        weights: [V] of each vertex in the least squares; equal where none are given.

    Returns:
        [B, V, 3] cm; gradients also flow through the map.
    """
    shares = torch.ones_like(solved[0, :, :1]) if weights is None else weights[:, None]
    shares = shares / shares.sum()  # [V, 1]
    middle, target_middle = _mean(solved, shares), _mean(truth, shares)  # [B, 1, 3]
    points, target = solved - middle, truth - target_middle
    shared = shares * points
    spread = (shared[..., :, None] * points[..., None, :]).sum(1)  # [B, 3, 3] of P^T P
    across = (target[..., :, None] * shared[..., None, :]).sum(1)  # [B, 3, 3] of Q^T P
    linear = (across[..., :, :, None] * _inverse(spread)[..., None, :, :]).sum(-2)  # [B, 3, 3]
    return target_middle + (points[..., None, :] * linear[:, None]).sum(-1)


def _mean(vertices: Tensor, shares: Tensor) -> Tensor:
    return (shares * vertices).sum(1, keepdim=True)


def _inverse(matrix: Tensor) -> Tensor:
    """[B, 3, 3] of symmetric [B, 3, 3]: cofactors by cross products of the rows."""
    first, second, third = matrix.unbind(-2)
    cofactors = torch.stack(
        [
            torch.linalg.cross(second, third),
            torch.linalg.cross(third, first),
            torch.linalg.cross(first, second),
        ],
        dim=-1,
    )
    return cofactors / (first * cofactors[..., 0]).sum(-1)[..., None, None]
