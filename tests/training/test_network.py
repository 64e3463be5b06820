from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.shots import FRONT
from tests.training.tiny_data import CROP, INPUT, NUM_VERTICES, TINY, write_tiny_data
from training.config import TrainConfig
from training.crops import cache_shot, choose_frames
from training.networks import FaceNetwork, NetworkShape
from training.networks.convolutions import ConvolutionalEncoder, through_padded
from training.pca import mesh_basis
from training.uncertainty import foretelling_loss


@pytest.fixture(scope="module")
def choice(tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    data = write_tiny_data(folder / "tiny", 12)
    return choose_frames(tuple(cache_shot(shot, {FRONT: CROP}, *INPUT, folder) for shot in data.training), None)


def tiny_network(config=TINY):
    torch.manual_seed(0)
    return FaceNetwork(NetworkShape.of(config, TINY.num_latents, NUM_VERTICES)).eval()


def test_the_papers_network_has_its_size():
    shape = NetworkShape.of(TrainConfig(has_uncertainty=False), 160, 5043)
    with torch.device("meta"):
        network = FaceNetwork(shape)
    assert network.encoder.num_features == 9720
    assert sum(weights.numel() for weights in network.parameters()) == 10_297_929


def test_odd_picture_sizes_round_up_as_the_convolutions_do():
    config = replace(TINY, input_width_px=13, input_height_px=21, stages=((2, 2), (3, 3)))
    shape = NetworkShape.of(config, 4, 5)
    crops = torch.zeros((2, 1, 21, 13), dtype=torch.uint8)
    latents, vertices, _ = FaceNetwork(shape)(crops)
    assert latents.shape == (2, 4)
    assert vertices.shape == (2, 5, 3)


def test_whitening_is_inside_the_network():
    network = tiny_network()
    crops = torch.randint(0, 200, (2, 1, 32, 24), dtype=torch.uint8)
    expected = network(crops)[1]
    with torch.no_grad():
        network.pixel_mean += 30.0
    assert torch.allclose(network(crops + 30)[1], expected, atol=1e-4)


def test_vertices_are_the_latents_times_the_basis_plus_the_mean():
    network = tiny_network()
    latents, vertices, _ = network(torch.randint(0, 255, (2, 1, 32, 24), dtype=torch.uint8))
    rebuilt = latents @ network.to_vertices.weight.T + network.to_vertices.bias
    assert torch.allclose(rebuilt.view(2, NUM_VERTICES, 3), vertices, atol=1e-6)


def test_latents_and_the_last_layer_stay_float32_under_bfloat16():
    network = tiny_network()
    with torch.autocast("cpu", torch.bfloat16):
        latents, vertices, _ = network(torch.randint(0, 255, (2, 1, 32, 24), dtype=torch.uint8))
    assert latents.dtype == vertices.dtype == torch.float32
    assert not torch.equal(latents, latents.bfloat16().float()), "widened, but rounded before"
    rebuilt = latents @ network.to_vertices.weight.T + network.to_vertices.bias
    assert torch.allclose(rebuilt.view(2, NUM_VERTICES, 3), vertices, atol=1e-6)


def test_the_output_starts_with_components_that_rebuild_the_training_meshes(choice):
    start = mesh_basis(choice, 8, seed=1)
    meshes = np.stack([choice.vertices(index).ravel() for index in range(len(choice))])
    weights = (meshes - start.mean) @ np.linalg.pinv(start.basis)
    assert np.abs(weights @ start.basis + start.mean - meshes).max() < 1e-4
    assert start.variance_reached == pytest.approx(1.0, abs=1e-5)


def test_latents_of_the_training_meshes_have_unit_variance(choice):
    start = mesh_basis(choice, 2, seed=1)
    meshes = np.stack([choice.vertices(index).ravel() for index in range(len(choice))])
    weights = (meshes - start.mean) @ np.linalg.pinv(start.basis)
    assert weights.std(axis=0) == pytest.approx([1, 1], rel=1e-3)


def test_fewer_frames_than_latents_leave_empty_components(choice):
    few = choose_frames(choice.shots, 5)
    start = mesh_basis(few, 8, seed=1)
    assert start.basis.shape == (8, 3 * NUM_VERTICES)
    assert not start.basis[5:].any()


def test_a_primed_network_gives_the_mean_face_for_no_latents(choice):
    start = mesh_basis(choice, 8, seed=1)
    network = tiny_network()
    gray = torch.tensor([60.0]), torch.tensor([40.0])
    network.prime(torch.from_numpy(start.mean), torch.from_numpy(start.basis), *gray)
    with torch.no_grad():
        network.to_latents.weight.zero_()
    mean_face = network(torch.zeros((1, 1, 32, 24), dtype=torch.uint8))[1][0].detach().numpy()
    assert np.allclose(mean_face.ravel(), start.mean)


def two_views(**changes):
    return tiny_network(replace(TINY, views=("front", "side"), **changes))


def test_an_absent_view_changes_nothing_however_the_network_would_see_black():
    network = two_views()
    crops = torch.randint(1, 255, (3, 2, 32, 24), dtype=torch.uint8)
    crops[:, 1] = 0
    alone = network(crops).vertices
    with torch.no_grad():  # the side's tower never spoke
        for weights in network.encoder.towers[1].parameters():
            weights.fill_(7.0)
    assert torch.equal(network(crops).vertices, alone)
    crops[:, 1] = 200
    assert not torch.allclose(network(crops).vertices, alone)


def test_training_hides_views_at_times_but_never_all():
    network = two_views(view_dropout=0.5).train()
    crops = torch.randint(1, 255, (400, 2, 32, 24), dtype=torch.uint8)
    torch.manual_seed(3)
    there = network._presence(crops)
    assert there.sum(dim=1).min() == 1
    hidden = float((there == 0).float().mean())
    assert 0.3 < hidden < 0.45  # half of each at random, less the quarter of frames where both would go
    network.eval()
    assert network._presence(crops).all()


def test_foretelling_errors_teaches_the_solving_part_nothing():
    network = tiny_network()
    crops = torch.randint(0, 255, (4, 1, 32, 24), dtype=torch.uint8)
    solved = network(crops)
    assert solved.errors_mm.shape == (4, NUM_VERTICES)
    assert (solved.errors_mm > 0).all()
    foretelling_loss(solved.errors_mm, solved.vertices, torch.zeros_like(solved.vertices)).backward()
    assert network.to_errors.output.weight.grad.abs().sum() > 0
    assert network.to_vertices.weight.grad is None
    assert network.to_latents.weight.grad is None


def test_the_expected_error_that_costs_least_is_the_mean_distance():
    truth = torch.zeros((500, 2, 3))
    solved = torch.randn((500, 2, 3)) * torch.tensor([[[0.1]], [[0.4]]]).view(1, 2, 1)
    log_mm = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.LBFGS([log_mm], max_iter=200, line_search_fn="strong_wolfe")

    def cost():
        optimizer.zero_grad()
        loss = foretelling_loss(log_mm.exp().expand(500, 2), solved, truth)
        loss.backward()
        return loss

    optimizer.step(cost)
    assert torch.allclose(log_mm.exp(), 10.0 * solved.norm(dim=2).mean(dim=0), rtol=1e-3)


def test_a_basis_by_variance_is_as_small_as_it_may_be(choice):
    all_of_it = mesh_basis(choice, 8, seed=1)
    share = np.cumsum((all_of_it.basis.astype(np.float64) ** 2).sum(axis=1))
    share *= all_of_it.variance_reached / share[-1]
    start = mesh_basis(choice, 8, seed=1, variance=float(share[0]) * 0.999)
    assert len(start.basis) == 1
    more = mesh_basis(choice, 8, seed=1, variance=float(share[0]) * 0.5 + 0.5)
    assert len(more.basis) > 1
    assert more.variance_reached >= float(share[0]) * 0.5 + 0.5 - 1e-6


def test_padded_with_channels_of_zeros_it_solves_and_learns_the_same():
    torch.manual_seed(0)
    shape = NetworkShape.of(replace(TINY, stages=((6, 8), (9, 13))), 4, NUM_VERTICES)
    tower = ConvolutionalEncoder(shape).towers[0]
    picture = torch.randn(3, 1, 40, 30)
    plain, padded = tower(picture), through_padded(tower, picture)
    assert padded.shape == plain.shape
    torch.testing.assert_close(padded, plain)
    of_plain = torch.autograd.grad(plain.square().sum(), tower.parameters())
    for gradient, expected in zip(
        torch.autograd.grad(padded.square().sum(), tower.parameters()), of_plain, strict=True
    ):
        torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-4)
