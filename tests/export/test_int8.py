from dataclasses import replace

import numpy as np
import onnx
import pytest

from engine.backends import backend_report, open_backend
from engine.bundle import BASIS_FILE, INT8_FILE, MEAN_FILE, ActorBundle
from engine.errors import LiveDoubleError
from export.network import int8
from export.network.actor import export_actor
from export.network.int8 import add_int8, read_movies, write_int8
from tests.fakes import tiny_topology
from training.crops import cache_shot, choose_frames, crops_of


@pytest.fixture
def actor(checkpoint, data, tmp_path):
    exported = export_actor(checkpoint, data, tmp_path / "actor", data.folder / ".crops", name="tiny")
    return ActorBundle.open(exported.folder)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_actor_gains_a_network_in_int8_with_its_cost_in_its_facts(actor, data, tmp_path):
    steps = []
    added = add_int8(actor, data, data.folder / ".crops", progress=steps.append)
    assert sum(steps) == added.int8.num_frames == 15
    assert 0 < added.int8.rms_mm < added.int8.worst_mm < 0.5
    assert added.int8.rmse_growth < 0.03
    assert added.network_in("int8") == actor.folder / INT8_FILE
    assert set(added.facts.files) == {*actor.facts.files, INT8_FILE}
    assert added.metrics == actor.metrics
    assert [path.name for path in tmp_path.iterdir()] == ["actor"]


def test_movies_are_read_once_before_and_frame_by_frame(actor, data, tmp_path):
    read = []
    read_movies(actor, data, tmp_path, lambda task, done, total: read.append((task, done, total)))
    assert len(read) == sum(shot.facts.num_frames for shot in data.shots)
    read_movies(actor, data, tmp_path, lambda *told: read.append(told))
    assert len(read) == sum(shot.facts.num_frames for shot in data.shots)


def test_it_can_be_made_again(actor, data):
    first = add_int8(actor, data, data.folder / ".crops")
    again = add_int8(first, data, data.folder / ".crops")
    assert again.int8 == first.int8


def test_every_backend_moves_a_vertex_by_no_more_than_the_facts_say(actor, data):
    added = add_int8(actor, data, data.folder / ".crops")
    shots = tuple(
        cache_shot(shot, crops_of(data, ("front",)), 24, 32, data.folder / ".crops") for shot in data.validation
    )
    choice = choose_frames(shots, None)
    crops = np.stack([choice.crop(index) for index in range(len(choice))])
    names = [status.name for status in backend_report(added) if "int8" in status.precisions]
    assert "onnxruntime" in names
    worst_mm = []
    for name, precision in (("onnxruntime", "float32"), *((name, "int8") for name in names)):
        backend = open_backend(added, name, precision, 1)
        solved = backend.run(crops)
        backend.close()
        if precision == "float32":
            reference = solved
        worst_mm.append(10 * np.linalg.norm(solved.vertices - reference.vertices, axis=-1).max())
    assert max(worst_mm) == pytest.approx(added.int8.worst_mm, rel=0.2)


def test_only_the_convolutions_behind_the_first_one_are_in_8_bits(actor, data):
    path = add_int8(actor, data, data.folder / ".crops").network_in("int8")
    graph = onnx.load(str(path), load_external_data=False).graph
    made_by = {output: node.op_type for node in graph.node for output in node.output}
    of_weights = {}
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm", "MatMul"):
            of_weights.setdefault(node.op_type, []).append(made_by.get(node.input[1], "constant"))
    assert of_weights["Conv"] == ["constant", *["DequantizeLinear"] * 3]
    assert "DequantizeLinear" not in [*of_weights["Gemm"], *of_weights["MatMul"]]
    assert {output.type.tensor_type.elem_type for output in graph.output} == {onnx.TensorProto.FLOAT}
    beside = {entry.value for one in graph.initializer for entry in one.external_data if entry.key == "location"}
    assert beside == {BASIS_FILE, MEAN_FILE}, "the last layer is kept twice"


@pytest.mark.parametrize(
    ("limit", "value", "says"),
    [("MAX_WORST_MM", 1e-9, r"worst vertex of tiny moves by 0\.\d+ mm"), ("MAX_RMSE_GROWTH", -1.0, "RMSE grows by")],
)
def test_one_that_costs_too_much_is_refused_with_the_figures_and_leaves_the_actor_as_it_was(
    actor, data, tmp_path, monkeypatch, limit, value, says
):
    monkeypatch.setattr(int8, limit, value)
    before = contents(actor.folder)
    with pytest.raises(LiveDoubleError, match=says):
        add_int8(actor, data, data.folder / ".crops")
    assert contents(actor.folder) == before
    assert [path.name for path in tmp_path.iterdir()] == ["actor"]


def test_data_of_another_mesh_are_refused(actor, data, tmp_path):
    with pytest.raises(LiveDoubleError, match="50 vertices, the actor tiny 40"):
        add_int8(actor, replace(data, topology=tiny_topology()), tmp_path / "crops")


def test_a_network_without_further_convolutions_is_refused(actor, tmp_path):
    model = onnx.load(str(actor.network_path), load_external_data=False)
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[0] != "whitened":
            node.op_type = "Mystery"
    actor.network_path.write_bytes(model.SerializeToString())
    with pytest.raises(LiveDoubleError, match="no convolutions that could be computed in int8"):
        write_int8(actor, np.zeros((1, *actor.input_shape), np.uint8), tmp_path / "int8.onnx")


def test_calibration_takes_the_rare_face_along(data):
    shots = tuple(
        cache_shot(shot, crops_of(data, ("front",)), 24, 32, data.folder / ".crops") for shot in data.training
    )
    choice = choose_frames(shots, None)
    meshes = np.stack([choice.vertices(index) for index in range(len(choice))])
    rarest = int(np.square(meshes - meshes.mean(axis=0)).sum(axis=(1, 2)).argmax())
    crops = int8._calibration_crops(choice)
    assert (crops == choice.crop(rarest)).all(axis=(1, 2, 3)).any()
