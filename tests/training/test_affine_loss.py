"""The affine-invariant loss (appendix A): which mesh is carried onto which, and what it is blind to."""

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.errors import LiveDoubleError
from tests.training.tiny_data import NUM_VERTICES, tiny_topology
from training.actor.identity import identity_of
from training.actor.rig import build_rig
from training.config import TrainConfig
from training.losses import Objective
from training.losses.affine import carry_onto


def meshes(num_frames: int = 3, error_cm: float = 0.1) -> tuple[Tensor, Tensor]:
    """Solved and true meshes, float64, away from the origin."""
    rng = np.random.default_rng(5)
    truth = tiny_topology().neutral + np.array([3.0, -7.0, 2.0]) + rng.normal(0, 0.4, (num_frames, NUM_VERTICES, 3))
    return torch.from_numpy(truth + rng.normal(0, error_cm, truth.shape)), torch.from_numpy(truth)


def some_affine(vertices: Tensor, size: float = 0.3, seed: int = 1) -> Tensor:
    """Another affine map for each frame."""
    rng = np.random.default_rng(seed)
    linear = torch.from_numpy(np.eye(3) + size * rng.normal(size=(len(vertices), 3, 3))).to(vertices)
    shift = torch.from_numpy(size * rng.normal(size=(len(vertices), 1, 3))).to(vertices)
    return vertices @ linear.mT + shift


def homogeneous(vertices: np.ndarray) -> np.ndarray:
    return np.concatenate([vertices, np.ones_like(vertices[:, :1])], axis=1)


def test_the_carried_prediction_is_that_of_the_papers_formula() -> None:
    solved, truth = meshes()
    for mesh, target, carried in zip(solved.numpy(), truth.numpy(), carry_onto(solved, truth).numpy(), strict=True):
        p, q = homogeneous(mesh), homogeneous(target)
        expected = p @ ((q.T @ p) @ np.linalg.inv(p.T @ p)).T
        np.testing.assert_allclose(homogeneous(carried), expected, atol=1e-9)


def test_no_affine_map_brings_the_prediction_nearer_to_the_target() -> None:
    solved, truth = meshes()
    for mesh, target, carried in zip(solved.numpy(), truth.numpy(), carry_onto(solved, truth).numpy(), strict=True):
        best = np.linalg.lstsq(homogeneous(mesh), target, rcond=None)[0]
        np.testing.assert_allclose(carried, homogeneous(mesh) @ best, atol=1e-9)


def test_region_weights_also_weigh_the_fit() -> None:
    solved, truth = meshes(1)
    objective = Objective(tiny_topology(), region_weights=(("lips", 9.0),)).double()
    assert objective.vertex_weights is not None
    root = np.sqrt(objective.vertex_weights.numpy())[:, None]
    best = np.linalg.lstsq(root * homogeneous(solved[0].numpy()), root * truth[0].numpy(), rcond=None)[0]
    carried = carry_onto(solved, truth, objective.vertex_weights)[0].numpy()
    np.testing.assert_allclose(carried, homogeneous(solved[0].numpy()) @ best, atol=1e-9)
    invariant = Objective(tiny_topology(), region_weights=(("lips", 9.0),), is_affine_invariant=True).double()
    left = root * (carried - truth[0].numpy())
    assert invariant(solved, truth).item() == pytest.approx((left**2).mean(), rel=1e-6)


def test_any_affine_map_of_the_prediction_leaves_the_loss_as_it_is() -> None:
    solved, truth = meshes()
    objective = Objective(tiny_topology(), is_affine_invariant=True)
    loss = objective(solved, truth).item()
    assert loss > 1e-3
    for seed in range(5):
        assert objective(some_affine(solved, seed=seed), truth).item() == pytest.approx(loss, rel=1e-9)
    assert objective(0.01 * solved, truth).item() == pytest.approx(loss, rel=1e-9)


def test_an_affine_map_of_the_target_does_not() -> None:
    solved, truth = meshes()
    objective = Objective(tiny_topology(), is_affine_invariant=True)
    assert objective(solved, 2.0 * truth).item() == pytest.approx(4.0 * objective(solved, truth).item())


def test_the_other_way_round_would_reward_a_prediction_that_shrinks() -> None:
    solved, truth = meshes()
    reverse = [
        torch.nn.functional.mse_loss(carry_onto(truth, size * solved), size * solved).item() for size in (1.0, 0.1)
    ]
    assert reverse[1] == pytest.approx(0.01 * reverse[0])


@pytest.mark.parametrize("is_weighted", [False, True])
def test_gradients_are_those_of_finite_differences(is_weighted: bool) -> None:
    solved, truth = meshes(2)
    weights = torch.linspace(0.5, 1.5, NUM_VERTICES, dtype=torch.float64) if is_weighted else None
    assert torch.autograd.gradcheck(lambda mesh: carry_onto(mesh, truth, weights), solved.requires_grad_())
    objective = Objective(tiny_topology(), is_affine_invariant=True).double()
    assert torch.autograd.gradcheck(lambda mesh: objective(mesh, truth), solved)


def test_a_planted_error_of_a_head_is_neither_seen_nor_learned() -> None:
    rig = build_rig(identity_of("demo"))
    rng = np.random.default_rng(2)
    truth = torch.from_numpy(np.stack([rig.pose(rng.uniform(0, 0.6, 52)) for _ in range(4)]))
    planted = some_affine(truth, 0.02)
    planted_mm = 10 * (planted - truth).square().sum(-1).mean().sqrt().item()
    assert 1.0 < planted_mm < 4.0
    objective = Objective(rig.topology, is_affine_invariant=True)
    perfect = truth.clone().requires_grad_()
    loss = objective(perfect, planted)
    loss.backward()
    assert 10 * (3 * loss.item()) ** 0.5 < 1e-3, "a micrometre, in float32"
    # What the mean square error would teach, against what this one does.
    blind, seeing = perfect.grad, 2 * (truth - planted) / truth.numel()
    assert blind is not None
    assert blind.norm() < 1e-4 * seeing.norm()


def test_a_true_error_is_still_seen_through_a_planted_one() -> None:
    solved, truth = meshes()
    objective = Objective(tiny_topology(), is_affine_invariant=True)
    seen = objective(solved, some_affine(truth, 0.02)).item()
    assert seen == pytest.approx(objective(solved, truth).item(), rel=0.1)


def test_a_trainable_basis_is_refused() -> None:
    with pytest.raises(LiveDoubleError, match=r"drift away .* Fix the basis"):
        Objective.of(TrainConfig(is_affine_invariant=True), tiny_topology())
    objective = Objective.of(TrainConfig(is_affine_invariant=True, is_basis_fixed=True), tiny_topology())
    assert objective.is_affine_invariant
