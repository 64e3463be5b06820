"""The terms of an objective, each a mean of squares in square centimetres.

Rule: an error unrelated from vertex to vertex and frame to frame gives all terms about the same value. A network's
errors are smoother: in the span of 160 principal components of a virtual actor they gave, against the position term,
normals 0.04, contacts 0.4, and velocities 1 where frames erred apart. A normal weight of 10 to 20 makes normals matter.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

_TOUCHING_CM = 0.1  # a pair this close counts as closed, as in the panel
_OPEN_SHARE = 0.1  # how much a wide open pair counts against a closed one
_SOFT_CM = 0.01  # distances are sqrt(d^2 + this^2): no kink where a pair closes


@dataclass(frozen=True, slots=True, eq=False)
class Terms:
    """What was compared, scalars in cm2, without their weights; None where a term is off.

    Args:
        total: What is minimised: the position term, plus each other times its weight.
        position: Mean square error of a coordinate.
        normal: Of the surface's tilt.
        velocity: Of the change from one frame to the next.
        contact: Of the openings between lips and between lids.
    """

    total: Tensor
    position: Tensor
    normal: Tensor | None
    velocity: Tensor | None
    contact: Tensor | None


def mean_square(difference: Tensor, weights: Tensor | None) -> Tensor:
    """Mean over coordinates of a squared difference.

    Args:
        difference: [..., V, 3].
        weights: [V] that average 1, or none.
    """
    squares = difference.square()
    return squares.mean() if weights is None else (squares * weights[:, None]).mean()


def normal_error(normals: Tensor, true_normals: Tensor, edges_cm: Tensor, weights: Tensor | None) -> Tensor:
    """How far a neighbour one edge away is displaced by the tilt between two normals.

    Normals have no unit. Times the length of the edges around it, the difference of a vertex's normals is a length: by
    so much have its neighbours moved along the normal against it. Fine parts of the mesh do not outweigh coarse ones.

    Args:
        normals: [B, V, 3].
        true_normals: [B, V, 3].
        edges_cm: [V].
        weights: [V] that average 1, or none.
    """
    return mean_square((normals - true_normals) * edges_cm[:, None], weights)


def velocity_error(solved: Tensor, truth: Tensor, weights: Tensor | None) -> Tensor:
    """Error of the motion between consecutive frames, cm a frame.

    The paired frames of a batch are those of Karras et al. 2017 ("Audio-driven facial animation", motion term). Half,
    since the difference of two unrelated errors has twice their square.

    Args:
        solved: [B, V, 3] cm, rows 2k and 2k + 1 being consecutive frames.
        truth: Same shape.
        weights: [V] that average 1, or none.
    """
    error = solved - truth
    return 0.5 * mean_square(error[1::2] - error[0::2], weights)


def contact_error(solved: Tensor, truth: Tensor, pairs: Tensor) -> Tensor:
    """Error of the distances between what can touch; a truly closed pair counts ten times a wide open one.

    Half, for the same reason as velocity: a distance carries the errors of two vertices. Closedness is
    exp(-(d / 1 mm)^2) of the true distance.

    Args:
        solved: [B, V, 3] cm.
        truth: [B, V, 3] cm.
        pairs: [2, n] vertices.
    """
    distance, true_distance = _distances(solved, pairs), _distances(truth, pairs)
    closedness = torch.exp(-(true_distance / _TOUCHING_CM).square())
    stress = _OPEN_SHARE + (1.0 - _OPEN_SHARE) * closedness
    return 0.5 * (stress * (distance - true_distance).square()).mean()


def _distances(vertices: Tensor, pairs: Tensor) -> Tensor:
    """[B, n] cm."""
    gaps = vertices.index_select(1, pairs[0]) - vertices.index_select(1, pairs[1])
    return (gaps.square().sum(-1) + _SOFT_CM**2).sqrt()
