"""The objective of a training: the paper's mean square error of coordinates, and what may be added to it.

Rule: which terms there are is decided when an objective is made. Its forward pass has no branch on values, no loop over
vertices and no word from the GPU to the processor, so it can be compiled or captured; and no matrix product, the one
thing here that autocast or TF32 would round.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from engine.errors import LiveDoubleError
from engine.mesh import Topology
from training.config import TrainConfig
from training.losses.affine import carry_onto
from training.losses.geometry import SurfaceNormals, edge_lengths
from training.losses.terms import Terms, contact_error, mean_square, normal_error, velocity_error

_CONTACTS = "contact_pairs"


class Objective(nn.Module):
    """What is minimised, in cm2; with nothing given exactly `torch.nn.functional.mse_loss` (Laine et al. 2017).

    Args:
        topology: Of the actor.
        normal_weight: What the surface normals' term is multiplied by; 0 is off. Likewise the next two.
        velocity_weight: Of the motion between frames; the batch then comes in pairs of consecutive frames. Pairs of
            takes of one frame make the same term a penalty on what trembles, which costs no motion.
        contact_weight: Of the openings between the topology's `contact_pairs`.
        region_weights: Vertex sets and how much their vertices count, against 1 for those of no set; where sets overlap
            the later one counts. Weights are scaled to average 1 over all vertices. Contacts have no regions.
        is_affine_invariant: Compare after the best affine map of each prediction onto its target (appendix A).

    Raises:
        LiveDoubleError: A weight is negative, or the topology lacks what it is for.
    """

    vertex_weights: Tensor | None
    edges_cm: Tensor
    pairs: Tensor

    def __init__(
        self,
        topology: Topology,
        *,
        normal_weight: float = 0.0,
        velocity_weight: float = 0.0,
        contact_weight: float = 0.0,
        region_weights: Sequence[tuple[str, float]] = (),
        is_affine_invariant: bool = False,
    ) -> None:
        super().__init__()
        for name, weight in (
            ("normal_weight", normal_weight),
            ("velocity_weight", velocity_weight),
            ("contact_weight", contact_weight),
            *((f"weight of the region {name}", weight) for name, weight in region_weights),
        ):
            if not 0.0 <= weight < float("inf"):
                raise LiveDoubleError(f"The loss's {name} is {weight}.", "Give 0 (off) or a positive number.")
        self.normal_weight, self.velocity_weight, self.contact_weight = normal_weight, velocity_weight, contact_weight
        self.is_affine_invariant = is_affine_invariant
        weights = torch.from_numpy(_vertex_weights(topology, region_weights)) if region_weights else None
        self.register_buffer("vertex_weights", weights, persistent=False)  # [V]
        if normal_weight:
            self.normals = SurfaceNormals(topology.faces, topology.neutral)
            edges_cm = edge_lengths(topology.faces, topology.neutral).astype(np.float32)
            self.register_buffer("edges_cm", torch.from_numpy(edges_cm), persistent=False)  # [V]
        if contact_weight:
            self.register_buffer("pairs", torch.from_numpy(_contact_pairs(topology)), persistent=False)  # [2, n]

    @classmethod
    def of(cls, config: TrainConfig, topology: Topology) -> "Objective":
        """The objective that a training's settings ask for.

        Raises:
            LiveDoubleError: The settings cannot be met, or contradict each other.
        """
        if config.is_affine_invariant and not config.is_basis_fixed:
            raise LiveDoubleError(
                "The affine-invariant loss does not see where and how large the meshes are, so a trainable basis would"
                " drift away from the actor's face.",
                "Fix the basis as well (--fixed-basis), or leave --affine-invariant out.",
            )
        return cls(
            topology,
            normal_weight=config.normal_weight,
            velocity_weight=config.velocity_weight or config.steadiness_weight,
            contact_weight=config.contact_weight,
            region_weights=config.region_weights,
            is_affine_invariant=config.is_affine_invariant,
        )

    def forward(self, solved: Tensor, truth: Tensor) -> Tensor:
        """The scalar to minimise, cm2.

        Args:
            solved: [B, V, 3] cm; half precision is widened to float32 first.
            truth: [B, V, 3] cm. With a velocity weight, rows 2k and 2k + 1 of both are consecutive frames of one
                shot, or takes of one frame.
        """
        return self.terms(solved, truth).total

    def terms(self, solved: Tensor, truth: Tensor) -> Terms:
        """The same, with what it is the sum of."""
        if self.velocity_weight and len(solved) % 2:
            raise ValueError(f"a velocity term needs pairs of frames, got {len(solved)} frames")
        solved, truth = _wide(solved), _wide(truth)
        if self.is_affine_invariant:
            solved = carry_onto(solved, truth, self.vertex_weights)
        position = self._position(solved, truth)
        total, normal, velocity, contact = position, None, None, None
        if self.normal_weight:
            normals, true_normals = self.normals(solved), self.normals(truth)
            normal = normal_error(normals, true_normals, self.edges_cm, self.vertex_weights)
            total = total + self.normal_weight * normal
        if self.velocity_weight:
            velocity = velocity_error(solved, truth, self.vertex_weights)
            total = total + self.velocity_weight * velocity
        if self.contact_weight:
            contact = contact_error(solved, truth, self.pairs)
            total = total + self.contact_weight * contact
        return Terms(total, position, normal, velocity, contact)

    def _position(self, solved: Tensor, truth: Tensor) -> Tensor:
        if self.vertex_weights is None:
            return torch.nn.functional.mse_loss(solved, truth)
        return mean_square(solved - truth, self.vertex_weights)


def _wide(vertices: Tensor) -> Tensor:
    return vertices.float() if vertices.dtype in (torch.float16, torch.bfloat16) else vertices


def _vertex_weights(topology: Topology, region_weights: Sequence[tuple[str, float]]) -> np.ndarray:
    """[V] float32 that average 1."""
    weights = np.ones(topology.num_vertices)
    for name, weight in region_weights:
        weights[_set(topology.sets, name)] = weight
    if not weights.any():
        raise LiveDoubleError("The loss's region weights leave no vertex that counts.", "Give one of them more than 0.")
    return np.asarray(weights / weights.mean(), np.float32)


def _set(sets: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    regions = {key: rows for key, rows in sets.items() if rows.ndim == 1 and rows.size}
    if name not in regions:
        raise LiveDoubleError(
            f"The actor's mesh has no region '{name}' for the loss to weigh.",
            f"It has: {', '.join(sorted(regions)) or 'none'}.",
        )
    return np.asarray(regions[name])


def _contact_pairs(topology: Topology) -> np.ndarray:
    pairs = topology.sets.get(_CONTACTS, np.zeros((0, 2), np.int32))
    if not pairs.size:
        raise LiveDoubleError(
            f"The actor's mesh names no {_CONTACTS}, which the contact term compares.",
            "Leave --contact out, or add the pairs to the data set's topology.",
        )
    return np.ascontiguousarray(pairs.reshape(-1, 2).T, np.int64)
