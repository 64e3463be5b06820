from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from engine.backends.half import float16_network
from engine.bundle import BASIS_FILE, ERRORS_NAME, MEAN_FILE, NETWORK_FILE
from export.network.graph import write_graph
from tests.training.tiny_data import NUM_VERTICES, TINY
from training.networks import FaceNetwork, NetworkShape

CROPS = np.random.default_rng(2).integers(0, 256, (5, 1, 32, 24), dtype=np.uint8)
PLAIN = {"Cast", "Sub", "Div", "Conv", "Relu", "Flatten", "Gemm", "MatMul", "Add", "Reshape", "Softplus", "Mul"}


@pytest.fixture(params=[True, False], ids=["float16", "float32"])
def is_float16(request):
    return request.param


@pytest.fixture
def written(checkpoint, tmp_path, is_float16):
    write_graph(checkpoint.build_network(), tmp_path, is_float16=is_float16, facts={"actor": "tiny"})
    return tmp_path


def solve(folder, crops):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(folder / NETWORK_FILE, options, providers=["CPUExecutionProvider"])
    return session.run(["latents", "vertices"], {"crops": crops})


def test_the_graph_agrees_with_the_network(written, checkpoint):
    _, vertices = solve(written, CROPS)
    assert vertices.dtype == np.float32
    assert np.abs(vertices - checkpoint.solver()(CROPS)).max() < 0.005 / np.sqrt(3)


def test_any_batch_size_gives_the_same_meshes(written):
    _, together = solve(written, CROPS)
    one_by_one = np.concatenate([solve(written, crop[None])[1] for crop in CROPS])
    assert np.allclose(together, one_by_one, atol=1e-5)


def test_vertices_can_be_rebuilt_from_latents_without_the_network(written, is_float16):
    latents, vertices = solve(written, CROPS)
    stored = np.frombuffer((written / BASIS_FILE).read_bytes(), "<f2" if is_float16 else "<f4")
    mean = np.frombuffer((written / MEAN_FILE).read_bytes(), "<f4")
    rebuilt = latents @ stored.astype(np.float32).reshape(8, -1) + mean
    assert np.allclose(rebuilt.reshape(vertices.shape), vertices, atol=1e-5)


def test_only_plain_operators_are_used(written):
    model = onnx.load(written / NETWORK_FILE, load_external_data=False)
    assert {node.op_type for node in model.graph.node} <= PLAIN


def test_half_precision_halves_the_files(checkpoint, tmp_path):
    sizes = []
    for is_float16 in (True, False):
        folder = tmp_path / str(is_float16)
        folder.mkdir()
        write_graph(checkpoint.build_network(), folder, is_float16=is_float16, facts={})
        sizes.append((folder / BASIS_FILE).stat().st_size)
    assert sizes[1] == 2 * sizes[0]


def test_a_weight_too_large_for_float16_is_refused(checkpoint, tmp_path):
    network = checkpoint.build_network()
    network.to_latents.weight.data[0, 0] = 1e6
    with pytest.raises(ValueError, match="too large"):
        write_graph(network, tmp_path, is_float16=True, facts={})


def test_expected_errors_leave_with_the_network(written, checkpoint):
    session = onnxruntime.InferenceSession(written / NETWORK_FILE, providers=["CPUExecutionProvider"])
    (errors_mm,) = session.run([ERRORS_NAME], {"crops": CROPS})
    with torch.inference_mode():
        trained = checkpoint.build_network()(torch.from_numpy(CROPS)).errors_mm.numpy()
    assert errors_mm == pytest.approx(trained, rel=0.02)


def test_two_views_and_an_absent_one_are_solved_as_by_the_network(tmp_path):
    torch.manual_seed(0)
    config = replace(TINY, views=("front", "side"), has_uncertainty=False)
    network = FaceNetwork(NetworkShape.of(config, TINY.num_latents, NUM_VERTICES)).eval()
    write_graph(network, tmp_path, is_float16=False, facts={})
    crops = np.random.default_rng(4).integers(0, 256, (4, 2, 32, 24), dtype=np.uint8)
    crops[1, 0], crops[2, 1] = 0, 0
    with torch.inference_mode():
        expected = network(torch.from_numpy(crops)).vertices.numpy()
    assert np.allclose(solve(tmp_path, crops)[1], expected, atol=1e-4)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"views": ("front", "side")},
        {"network": "fully_connected", "hidden": (20, 12), "image_components": 30, "is_stabilised": False},
    ],
    ids=["one view", "two views", "fully connected"],
)
def test_every_kind_of_network_becomes_one_of_float16_for_gpus(tmp_path, changes):
    torch.manual_seed(0)
    config = replace(TINY, **changes)
    network = FaceNetwork(NetworkShape.of(config, TINY.num_latents, NUM_VERTICES)).eval()
    with torch.no_grad():  # what a new one starts with at zero
        network.to_latents.weight.normal_(0, 0.1)
        network.to_vertices.weight.normal_(0, 0.1)
        if config.network == "fully_connected":
            network.encoder.picture_basis.normal_(0, 0.03)
    write_graph(network, tmp_path, is_float16=True, facts={})
    crops = np.random.default_rng(4).integers(0, 256, (4, len(config.views), 32, 24), dtype=np.uint8)
    crops[1, -1] = 0
    bundle = SimpleNamespace(network_path=tmp_path / NETWORK_FILE, has_errors=True)
    session = onnxruntime.InferenceSession(float16_network(bundle, 4), providers=["CPUExecutionProvider"])
    latents, vertices, errors_mm = session.run(["latents", "vertices", ERRORS_NAME], {"crops": crops})
    with torch.inference_mode():
        solved = network(torch.from_numpy(crops))
    assert np.ptp(latents, axis=0).max() > 0.01, "the crops are not told apart"
    for values, expected in ((latents, solved.latents), (vertices, solved.vertices), (errors_mm, solved.errors_mm)):
        np.testing.assert_allclose(values, expected.numpy(), atol=0.01 * np.ptp(expected.numpy()))
