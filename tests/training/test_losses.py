"""Every term of the objective against numpy, its gradient against finite differences, and what it refuses."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.errors import LiveDoubleError
from engine.mesh import Topology, VertexNormals
from tests.training.tiny_data import NUM_VERTICES, tiny_topology
from training.config import TrainConfig
from training.losses import Objective, Terms
from training.losses.geometry import SurfaceNormals, edge_lengths
from training.losses.terms import velocity_error

EVERYTHING = {
    "normal_weight": 3.0,
    "velocity_weight": 0.5,
    "contact_weight": 2.0,
    "region_weights": (("lips", 4.0),),
    "is_affine_invariant": True,
}


def topology() -> Topology:
    """The tiny mesh with two pairs that can touch: the first does at rest, the second is wide open."""
    tiny = tiny_topology()
    tiny.neutral[11] = tiny.neutral[10] + (0.02, 0.03, 0.01)
    return replace(tiny, sets={**tiny.sets, "contact_pairs": np.array([[10, 11], [14, 32]], np.int32)})


def meshes(num_frames: int = 4, seed: int = 0, spread_cm: float = 0.05) -> tuple[Tensor, Tensor]:
    """Solved and true meshes, float64."""
    rng = np.random.default_rng(seed)
    truth = topology().neutral + rng.normal(0, spread_cm, (num_frames, NUM_VERTICES, 3))
    return torch.from_numpy(truth + rng.normal(0, spread_cm, truth.shape)), torch.from_numpy(truth)


def normals_by_hand(vertices: np.ndarray, faces: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    """One mesh, face after face."""
    sums = []
    for mesh in (vertices, neutral):
        total = np.zeros((len(mesh), 3))
        for a, b, c in faces:
            area = np.cross(mesh[b] - mesh[a], mesh[c] - mesh[a])
            for corner in (a, b, c):
                total[corner] += area
        sums.append(total)
    floor = 0.1 * np.linalg.norm(sums[1], axis=1)
    return sums[0] / np.sqrt((sums[0] ** 2).sum(1) + floor**2)[:, None]


def edges_by_hand(faces: np.ndarray, neutral: np.ndarray) -> np.ndarray:
    squares: list[list[float]] = [[] for _ in neutral]
    for face in faces:
        for a, b in zip(face, np.roll(face, -1), strict=True):
            square = float(((neutral[a].astype(float) - neutral[b]) ** 2).sum())
            squares[a].append(square)
            squares[b].append(square)
    return np.array([np.sqrt(np.mean(of_vertex)) if of_vertex else 0.0 for of_vertex in squares])


def test_by_itself_the_objective_is_the_mean_square_error_to_the_last_bit() -> None:
    solved, truth = (mesh.float() for mesh in meshes())
    terms = Objective(topology()).terms(solved, truth)
    assert torch.equal(terms.total, torch.nn.functional.mse_loss(solved, truth))
    assert (terms.normal, terms.velocity, terms.contact) == (None, None, None)
    assert torch.equal(Objective.of(TrainConfig(), topology())(solved, truth), terms.total)


def test_region_weights_count_their_vertices_more_and_keep_the_total() -> None:
    solved, truth = meshes()
    weights = np.ones(NUM_VERTICES)
    weights[4:] = 0.5
    weights[10:20] = 4.0  # named later, so it counts where both do
    weights *= NUM_VERTICES / weights.sum()
    expected = (weights[:, None] * (solved - truth).numpy() ** 2).mean()
    objective = Objective(topology(), region_weights=(("animated", 0.5), ("lips", 4.0)))
    assert objective(solved, truth).item() == pytest.approx(expected, rel=1e-6)
    assert objective(truth + 0.3, truth).item() == pytest.approx(0.09, rel=1e-6)


def test_normals_and_velocity_count_by_region_too() -> None:
    solved, truth = meshes(2)
    elsewhere = truth.clone()
    elsewhere[:, 6:20] = solved[:, 6:20]  # the mesh is a strip: no face joins these to vertices 0 to 3
    only_first = Objective(topology(), normal_weight=1.0, velocity_weight=1.0, region_weights=(("animated", 0.0),))
    assert only_first(elsewhere, truth).item() == 0.0
    assert only_first(solved, truth).item() > 0.0


def test_normals_are_those_of_the_surface() -> None:
    mesh = topology()
    vertices = meshes(1, spread_cm=0.01)[1].float()
    solved = SurfaceNormals(mesh.faces, mesh.neutral)(vertices)[0].numpy()
    expected = VertexNormals(mesh.faces, NUM_VERTICES)(vertices[0].numpy())
    lengths = np.linalg.norm(solved, axis=1)
    np.testing.assert_allclose(solved / lengths[:, None], expected, atol=1e-5)
    assert lengths.min() > 0.97
    assert lengths.max() <= 1.0


def test_the_normal_term_is_the_tilt_times_the_length_of_the_edges() -> None:
    mesh = topology()
    solved, truth = meshes()
    tilt = np.stack(
        [
            normals_by_hand(one, mesh.faces, mesh.neutral) - normals_by_hand(other, mesh.faces, mesh.neutral)
            for one, other in zip(solved.numpy(), truth.numpy(), strict=True)
        ]
    )
    edges = edges_by_hand(mesh.faces, mesh.neutral)
    np.testing.assert_allclose(edge_lengths(mesh.faces, mesh.neutral), edges, rtol=1e-6)
    terms = Objective(mesh, normal_weight=3.0).terms(solved, truth)
    assert terms.normal is not None
    assert terms.normal.item() == pytest.approx(((tilt * edges[:, None]) ** 2).mean(), rel=1e-5)
    assert terms.total.item() == pytest.approx(terms.position.item() + 3.0 * terms.normal.item())


def test_a_mesh_that_moves_as_a_whole_has_no_normal_error() -> None:
    _, truth = meshes()
    terms = Objective(topology(), normal_weight=1.0).terms(truth + 2.0, truth)
    assert terms.normal is not None
    assert terms.normal.item() < 1e-20


def test_the_velocity_term_compares_the_motion_within_each_pair() -> None:
    solved, truth = meshes(6)
    expected = np.mean(
        [
            (((solved[later] - solved[later - 1]) - (truth[later] - truth[later - 1])).numpy() ** 2).mean() / 2
            for later in (1, 3, 5)
        ]
    )
    terms = Objective(topology(), velocity_weight=0.5).terms(solved, truth)
    assert terms.velocity is not None
    assert terms.velocity.item() == pytest.approx(expected)
    assert terms.total.item() == pytest.approx(terms.position.item() + 0.5 * expected)


def test_an_error_that_lasts_has_no_velocity_error() -> None:
    solved, truth = meshes(2)
    lasting = truth + (solved - truth)[:1]
    assert velocity_error(lasting, truth, None).item() < 1e-30


def test_steadiness_is_the_same_term_on_two_takes_of_one_frame() -> None:
    solved, truth = meshes(4)
    truth = truth[0::2].repeat_interleave(2, dim=0)
    config = replace(TrainConfig(), steadiness_weight=0.5)
    terms = Objective.of(config, topology()).terms(solved, truth)
    assert terms.velocity is not None
    assert torch.allclose(terms.velocity, 0.5 * (solved[1::2] - solved[0::2]).square().mean())
    assert torch.allclose(terms.total, terms.position + 0.5 * terms.velocity)
    with pytest.raises(LiveDoubleError, match="steadiness_weight"):
        replace(config, velocity_weight=1.0)


def test_frames_that_are_no_pairs_are_refused() -> None:
    solved, truth = meshes(3)
    with pytest.raises(ValueError, match="got 3 frames"):
        Objective(topology(), velocity_weight=1.0)(solved, truth)


def test_the_contact_term_compares_distances_and_stresses_what_is_closed() -> None:
    solved, truth = meshes()
    expected = []
    for one, other in zip(solved.numpy(), truth.numpy(), strict=True):
        for upper, lower in topology().sets["contact_pairs"]:
            distance = np.sqrt(((one[upper] - one[lower]) ** 2).sum() + 1e-4)
            true_distance = np.sqrt(((other[upper] - other[lower]) ** 2).sum() + 1e-4)
            stress = 0.1 + 0.9 * np.exp(-((true_distance / 0.1) ** 2))
            expected.append(stress * (distance - true_distance) ** 2 / 2)
    terms = Objective(topology(), contact_weight=2.0).terms(solved, truth)
    assert terms.contact is not None
    assert terms.contact.item() == pytest.approx(np.mean(expected))
    assert terms.total.item() == pytest.approx(terms.position.item() + 2.0 * np.mean(expected))


def test_a_closed_pair_held_open_costs_more_than_an_open_one_opened_further() -> None:
    truth = torch.from_numpy(topology().neutral.astype(np.float64))[None]
    objective = Objective(topology(), contact_weight=1.0)
    costs = []
    for upper, lower in topology().sets["contact_pairs"]:
        apart = truth.clone()
        apart[0, upper] += 0.2 * torch.nn.functional.normalize(truth[0, upper] - truth[0, lower], dim=0)
        contact = objective.terms(apart, truth).contact
        assert contact is not None
        costs.append(contact.item())
    assert costs[0] > 5 * costs[1] > 0


def test_unrelated_errors_of_the_vertices_give_terms_of_about_the_same_size() -> None:
    mesh = topology()
    rng = np.random.default_rng(1)
    truth = torch.from_numpy(np.broadcast_to(mesh.neutral, (400, NUM_VERTICES, 3)).astype(np.float64))
    solved = truth + torch.from_numpy(rng.normal(0, 0.02, truth.shape))
    terms = Objective(mesh, velocity_weight=1.0).terms(solved, truth)
    assert terms.velocity is not None
    assert terms.velocity.item() == pytest.approx(terms.position.item(), rel=0.05)
    # Of a closed pair, since an open one counts a tenth.
    shut = replace(mesh, sets={"contact_pairs": mesh.sets["contact_pairs"][:1]})
    contact = Objective(shut, contact_weight=1.0).terms(solved, truth).contact
    assert contact is not None
    assert 0.3 < contact.item() / terms.position.item() < 3.0


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"region_weights": (("lips", 4.0),)},
        {"normal_weight": 1.0},
        {"velocity_weight": 1.0},
        {"contact_weight": 1.0},
        EVERYTHING,
    ],
    ids=["positions", "regions", "normals", "velocity", "contact", "everything"],
)
def test_gradients_are_those_of_finite_differences(settings: dict) -> None:
    solved, truth = meshes(2)
    objective = Objective(topology(), **settings).double()
    assert torch.autograd.gradcheck(lambda mesh: objective(mesh, truth), solved.requires_grad_())


def test_a_mesh_fallen_into_one_point_still_has_a_finite_gradient() -> None:
    truth = meshes()[1].float()
    solved = torch.zeros_like(truth, requires_grad=True)
    Objective(topology(), normal_weight=1.0, velocity_weight=1.0, contact_weight=1.0)(solved, truth).backward()
    assert solved.grad is not None
    assert bool(torch.isfinite(solved.grad).all())


def test_half_precision_is_widened_and_autocast_has_no_say() -> None:
    solved, truth = (mesh.float() for mesh in meshes())
    objective = Objective(topology(), **EVERYTHING)
    expected = objective(solved, truth)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(objective(solved, truth), expected)
    assert objective(solved.bfloat16(), truth).dtype == torch.float32


def test_no_value_is_read_back_while_it_runs() -> None:
    objective = Objective(topology(), **EVERYTHING).to("meta")
    solved = torch.empty((4, NUM_VERTICES, 3), device="meta", requires_grad=True)
    terms = objective.terms(solved, torch.empty((4, NUM_VERTICES, 3), device="meta"))
    terms.total.backward()
    assert isinstance(terms, Terms)
    assert solved.grad is not None


def test_it_compiles_as_one_graph() -> None:
    solved, truth = (mesh.float() for mesh in meshes())
    objective = Objective(topology(), **EVERYTHING)
    whole = torch.compile(objective, fullgraph=True, backend="eager")
    assert torch.allclose(whole(solved, truth), objective(solved, truth))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_it_can_be_captured_in_a_cuda_graph() -> None:
    solved, truth = (mesh.float().cuda() for mesh in meshes())
    solved.requires_grad_()
    objective = Objective(topology(), **EVERYTHING).cuda()
    expected = objective(solved, truth).item()
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            torch.autograd.grad(objective(solved, truth), solved)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        loss = objective(solved, truth)
        (gradient,) = torch.autograd.grad(loss, solved)
    graph.replay()
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    assert bool(torch.isfinite(gradient).all())


def test_nothing_of_it_is_kept_with_a_networks_weights() -> None:
    assert not Objective(topology(), **EVERYTHING).state_dict()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"normal_weight": -1.0}, "normal_weight is -1.0"),
        ({"region_weights": (("lip", 2.0),)}, "no region 'lip'.*animated, lips"),
        ({"region_weights": (("contact_pairs", 2.0),)}, "no region 'contact_pairs'"),
        ({"region_weights": (("lips", float("nan")),)}, "region lips is nan"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict, words: str) -> None:
    with pytest.raises(LiveDoubleError, match=words):
        Objective(topology(), **settings)


def test_a_contact_term_without_pairs_is_refused() -> None:
    with pytest.raises(LiveDoubleError, match="names no contact_pairs"):
        Objective(tiny_topology(), contact_weight=1.0)


def test_weights_that_leave_nothing_are_refused() -> None:
    everywhere = replace(tiny_topology(), sets={"face": np.arange(NUM_VERTICES, dtype=np.int32)})
    with pytest.raises(LiveDoubleError, match="no vertex that counts"):
        Objective(everywhere, region_weights=(("face", 0.0),))
